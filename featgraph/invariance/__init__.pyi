from .correlation_dimension import (
    CorrelationDimension as CorrelationDimension,
    fit_correlation_dimension as fit_correlation_dimension,
    measure_correlation_dimension as measure_correlation_dimension,
)
from .correlation_sum import (
    CorrelationSum as CorrelationSum,
    compute_correlation_sum as compute_correlation_sum,
)
from .geometric import (
    GEOMETRIC_VARIANTS as GEOMETRIC_VARIANTS,
    GeometricInvariance as GeometricInvariance,
    LayerDimension as LayerDimension,
    measure_geometric_invariance as measure_geometric_invariance,
)
from .near_copies import NearCopiesWarning as NearCopiesWarning
from .nearest import (
    IntrinsicDimension as IntrinsicDimension,
    estimate_likelihood_dimension as estimate_likelihood_dimension,
    estimate_two_nn as estimate_two_nn,
)
from .neurons import (
    ClusterLevels as ClusterLevels,
    LayerChange as LayerChange,
    Linearity as Linearity,
    TrainingChange as TrainingChange,
    cluster_nodes as cluster_nodes,
    compare_training as compare_training,
    measure_linearity as measure_linearity,
)
from .power_law import PowerLawFit as PowerLawFit, fit_power_law as fit_power_law
from .released_dimension import (
    ReleasedDimension as ReleasedDimension,
    embed_points as embed_points,
    measure_released_dimension as measure_released_dimension,
)
from .scale import (
    LayerExponent as LayerExponent,
    ScaleInvariance as ScaleInvariance,
    measure_scale_invariance as measure_scale_invariance,
)
from .spectra import (
    Sparsity as Sparsity,
    Spectrum as Spectrum,
    compute_spectrum as compute_spectrum,
    measure_sparsity as measure_sparsity,
)
