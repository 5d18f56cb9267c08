from . import (
    boxes as boxes,
    datasets as datasets,
    dimension as dimension,
    distances as distances,
    features as features,
    graph as graph,
    invariance as invariance,
    io as io,
    models as models,
    plot as plot,
    report as report,
    selfsimilarity as selfsimilarity,
    similarity as similarity,
    training as training,
    weights as weights,
)
from .boxes import (
    METHODS as METHODS,
    BoxCounts as BoxCounts,
    BoxCover as BoxCover,
    analyze_boxes as analyze_boxes,
    box_counts as box_counts,
    box_cover as box_cover,
    box_lower_bound as box_lower_bound,
    box_lower_bounds as box_lower_bounds,
    describe_method as describe_method,
    minimum_box_counts as minimum_box_counts,
    minimum_box_cover as minimum_box_cover,
    renormalization_flow as renormalization_flow,
    renormalize as renormalize,
)
from .core.files import DamagedFileError as DamagedFileError
from .dimension import (
    DimensionComparison as DimensionComparison,
    DimensionFit as DimensionFit,
    FlowAnalysis as FlowAnalysis,
    Fractality as Fractality,
    MultifractalSpectrum as MultifractalSpectrum,
    analyze_flow as analyze_flow,
    compare_dimensions as compare_dimensions,
    compare_network as compare_network,
    epsilon_sweep as epsilon_sweep,
    fit_dimension as fit_dimension,
    fractality as fractality,
    multifractal_boxes as multifractal_boxes,
    multifractal_sandbox as multifractal_sandbox,
)
from .distances import (
    feature_distances as feature_distances,
    stream_distances as stream_distances,
)
from .features import (
    FeatureMatrix as FeatureMatrix,
    extract_features as extract_features,
    list_layers as list_layers,
    load_features as load_features,
    save_features as save_features,
    select_layers as select_layers,
)
from .graph import (
    FeatureGraph as FeatureGraph,
    as_feature_graph as as_feature_graph,
    choose_epsilon as choose_epsilon,
    connect_layers as connect_layers,
    degree_statistics as degree_statistics,
    feature_graph as feature_graph,
    network_summary as network_summary,
    rich_club as rich_club,
    small_world as small_world,
)
from .io import (
    read_dynamic_gexf as read_dynamic_gexf,
    read_gexf as read_gexf,
    read_graph as read_graph,
    read_graphml as read_graphml,
    write_dynamic_gexf as write_dynamic_gexf,
    write_gexf as write_gexf,
    write_graph as write_graph,
    write_graphml as write_graphml,
)
from .pipeline import analyze as analyze
from .report import Report as Report
from .selfsimilarity import (
    ESTIMATORS as ESTIMATORS,
    SelfSimilarityRegularizer as SelfSimilarityRegularizer,
    bootstrap_ss_rate as bootstrap_ss_rate,
    box_number as box_number,
    compare_with_null as compare_with_null,
    self_similarity_test as self_similarity_test,
    ss_rate as ss_rate,
    theta_grid as theta_grid,
)
from .training import (
    Tracker as Tracker,
    track as track,
    train as train,
)
from .weights import (
    WeightSpectrum as WeightSpectrum,
    multifractal_weights as multifractal_weights,
    weight_graph as weight_graph,
)

__version__: str
