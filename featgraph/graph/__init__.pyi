from .clustering import (
    MOTIFS as MOTIFS,
    HopCounts as HopCounts,
    average_clustering as average_clustering,
    count_hop_distances as count_hop_distances,
    count_motifs as count_motifs,
    local_clustering as local_clustering,
    local_efficiency as local_efficiency,
)
from .construct import feature_graph as feature_graph
from .convert import as_feature_graph as as_feature_graph
from .csr_graph import FeatureGraph as FeatureGraph
from .degrees import (
    DegreeStatistics as DegreeStatistics,
    degree_assortativity as degree_assortativity,
    degree_statistics as degree_statistics,
    edge_strengths as edge_strengths,
    node_strengths as node_strengths,
    with_edge_weight as with_edge_weight,
)
from .epsilon import (
    choose_epsilon as choose_epsilon,
    minimum_spanning_tree as minimum_spanning_tree,
)
from .feature_network import FeatureNetwork as FeatureNetwork
from .layered import (
    LayerConnectivity as LayerConnectivity,
    connect_layers as connect_layers,
    spread_over_layers as spread_over_layers,
)
from .mesoscale import (
    RichClub as RichClub,
    find_communities as find_communities,
    find_cores as find_cores,
    measure_modularity as measure_modularity,
    rich_club as rich_club,
)
from .nulls import References as References, rewire_graph as rewire_graph
from .power_laws import RivalTest as RivalTest, compare_rivals as compare_rivals
from .smallworld import SmallWorld as SmallWorld, small_world as small_world
from .spectrum import SpectralGap as SpectralGap, spectral_gap as spectral_gap
from .summary import network_summary as network_summary
from .tails import TailFit as TailFit, fit_tail as fit_tail
