from . import (
    boxes as boxes,
    datasets as datasets,
    dimension as dimension,
    distances as distances,
    export as export,
    features as features,
    graph as graph,
    invariance as invariance,
    models as models,
    plot as plot,
    report as report,
    selfsimilarity as selfsimilarity,
    similarity as similarity,
)
from .boxes import (
    BoxCounts as BoxCounts,
    BoxCover as BoxCover,
    box_counts as box_counts,
    box_cover as box_cover,
)
from .dimension import (
    DimensionComparison as DimensionComparison,
    DimensionFit as DimensionFit,
    compare_dimensions as compare_dimensions,
    fit_dimension as fit_dimension,
)
from .distances import feature_distances as feature_distances
from .features import (
    FeatureMatrix as FeatureMatrix,
    extract_features as extract_features,
)
from .graph import (
    FeatureGraph as FeatureGraph,
    as_feature_graph as as_feature_graph,
    feature_graph as feature_graph,
)
from .selfsimilarity import (
    box_number as box_number,
    ss_rate as ss_rate,
)

__version__: str
