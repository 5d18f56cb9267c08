from .estimators import ESTIMATORS as ESTIMATORS, Estimator as Estimator
from .grid import theta_grid as theta_grid
from .null_scores import (
    NullComparison as NullComparison,
    compare_with_null as compare_with_null,
    compare_with_nulls as compare_with_nulls,
)
from .numbers import (
    box_number as box_number,
    count_boxes as count_boxes,
    critical_distances as critical_distances,
    critical_pairs as critical_pairs,
)
from .rate import ss_rate as ss_rate, ss_rate_of_distances as ss_rate_of_distances
from .regularizer import (
    RegularizerRecord as RegularizerRecord,
    SelfSimilarityRegularizer as SelfSimilarityRegularizer,
)
from .scaling import (
    SelfSimilarityTest as SelfSimilarityTest,
    self_similarity_test as self_similarity_test,
)
from .schedules import (
    ConstantTarget as ConstantTarget,
    CosineTarget as CosineTarget,
    LinearTarget as LinearTarget,
    ReleasedGate as ReleasedGate,
    TargetSchedule as TargetSchedule,
    TrackingTarget as TrackingTarget,
)
from .sensitivity import (
    Leverage as Leverage,
    bootstrap_ss_rate as bootstrap_ss_rate,
    measure_leverage as measure_leverage,
)
from .soft import soft_caro_wei as soft_caro_wei
