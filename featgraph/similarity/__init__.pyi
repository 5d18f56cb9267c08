from .cross_views import (
    CrossViews as CrossViews,
    ViewCorrelation as ViewCorrelation,
    correlate_views as correlate_views,
    cross_view_correlations as cross_view_correlations,
)
from .diagrams import (
    PersistenceDiagrams as PersistenceDiagrams,
    persistence_distance as persistence_distance,
    persistence_distances as persistence_distances,
)
from .dissimilarity import rsa as rsa
from .feature_networks import (
    box_count_distance as box_count_distance,
    network_portrait as network_portrait,
    portrait_divergence as portrait_divergence,
    spectrum_distance as spectrum_distance,
)
from .homology import (
    distance_persistence as distance_persistence,
    weight_persistence as weight_persistence,
)
from .interpolation import (
    LinearPath as LinearPath,
    interpolate_linear as interpolate_linear,
    mix_networks as mix_networks,
)
from .kernel_alignment import cka as cka
from .layer_matching import LayerMatching as LayerMatching, match_layers as match_layers
from .layer_matrix import (
    SimilarityMatrix as SimilarityMatrix,
    compare_layers as compare_layers,
    compare_measures as compare_measures,
    similarity_matrix as similarity_matrix,
)
from .linear_alignment import cca as cca, procrustes as procrustes, pwcca as pwcca, svcca as svcca
from .measures import MEASURES as MEASURES, Measure as Measure, measure_pair as measure_pair
from .neighbors import lsim as lsim, mutual_knn as mutual_knn
from .predictions import predictive_divergence as predictive_divergence
from .pruning import (
    PruningSweep as PruningSweep,
    prune_globally as prune_globally,
    sweep_pruning as sweep_pruning,
)
from .sample_graphs import (
    LabelMotifs as LabelMotifs,
    class_modularity as class_modularity,
    count_label_motifs as count_label_motifs,
    sample_adjacency as sample_adjacency,
    sample_graph as sample_graph,
)
from .triangle_views import (
    FunctionalView as FunctionalView,
    StaticView as StaticView,
    Triangle as Triangle,
    triangle as triangle,
)
from .weight_matching import NeuronAlignment as NeuronAlignment, align_neurons as align_neurons
