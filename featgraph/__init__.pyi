from . import (
    boxes as boxes,
)
from . import (
    datasets as datasets,
)
from . import (
    dimension as dimension,
)
from . import (
    distances as distances,
)
from . import (
    export as export,
)
from . import (
    features as features,
)
from . import (
    graph as graph,
)
from . import (
    invariance as invariance,
)
from . import (
    models as models,
)
from . import (
    plot as plot,
)
from . import (
    report as report,
)
from . import (
    selfsimilarity as selfsimilarity,
)
from . import (
    similarity as similarity,
)
from . import (
    tracking as tracking,
)
from . import (
    training as training,
)
from .boxes import (
    METHODS as METHODS,
)
from .boxes import (
    BoxCounts as BoxCounts,
)
from .boxes import (
    BoxCover as BoxCover,
)
from .boxes import (
    analyze_boxes as analyze_boxes,
)
from .boxes import (
    box_counts as box_counts,
)
from .boxes import (
    box_cover as box_cover,
)
from .boxes import (
    lower_bound as lower_bound,
)
from .boxes import (
    lower_bounds as lower_bounds,
)
from .boxes import (
    minimum_box_counts as minimum_box_counts,
)
from .boxes import (
    minimum_box_cover as minimum_box_cover,
)
from .boxes import (
    renormalization_flow as renormalization_flow,
)
from .boxes import (
    renormalize as renormalize,
)
from .dimension import (
    DimensionComparison as DimensionComparison,
)
from .dimension import (
    DimensionFit as DimensionFit,
)
from .dimension import (
    FlowAnalysis as FlowAnalysis,
)
from .dimension import (
    Fractality as Fractality,
)
from .dimension import (
    MultifractalSpectrum as MultifractalSpectrum,
)
from .dimension import (
    analyze_flow as analyze_flow,
)
from .dimension import (
    compare_dimensions as compare_dimensions,
)
from .dimension import (
    epsilon_sweep as epsilon_sweep,
)
from .dimension import (
    fit_dimension as fit_dimension,
)
from .dimension import (
    fractality as fractality,
)
from .dimension import (
    multifractal_boxes as multifractal_boxes,
)
from .dimension import (
    multifractal_sandbox as multifractal_sandbox,
)
from .distances import (
    feature_distances as feature_distances,
)
from .distances import (
    stream_distances as stream_distances,
)
from .export import (
    read_dynamic_gexf as read_dynamic_gexf,
)
from .export import (
    read_gexf as read_gexf,
)
from .export import (
    read_graphml as read_graphml,
)
from .export import (
    write_dynamic_gexf as write_dynamic_gexf,
)
from .export import (
    write_gexf as write_gexf,
)
from .export import (
    write_graphml as write_graphml,
)
from .features import (
    FeatureMatrix as FeatureMatrix,
)
from .features import (
    extract_features as extract_features,
)
from .features import (
    list_layers as list_layers,
)
from .features import (
    load_features as load_features,
)
from .features import (
    select_layers as select_layers,
)
from .graph import (
    FeatureGraph as FeatureGraph,
)
from .graph import (
    as_feature_graph as as_feature_graph,
)
from .graph import (
    choose_epsilon as choose_epsilon,
)
from .graph import (
    connect_layers as connect_layers,
)
from .graph import (
    degree_statistics as degree_statistics,
)
from .graph import (
    feature_graph as feature_graph,
)
from .graph import (
    network_summary as network_summary,
)
from .graph import (
    read_graph as read_graph,
)
from .graph import (
    rich_club as rich_club,
)
from .graph import (
    small_world as small_world,
)
from .pipeline import analyze as analyze
from .report import Report as Report
from .selfsimilarity import (
    ESTIMATORS as ESTIMATORS,
)
from .selfsimilarity import (
    SelfSimilarityRegularizer as SelfSimilarityRegularizer,
)
from .selfsimilarity import (
    bootstrap_ss_rate as bootstrap_ss_rate,
)
from .selfsimilarity import (
    box_number as box_number,
)
from .selfsimilarity import (
    compare_with_null as compare_with_null,
)
from .selfsimilarity import (
    ss_rate as ss_rate,
)
from .selfsimilarity import (
    theta_grid as theta_grid,
)
from .tracking import (
    Tracker as Tracker,
)
from .tracking import (
    track as track,
)
from .training import (
    train as train,
)

__version__: str
