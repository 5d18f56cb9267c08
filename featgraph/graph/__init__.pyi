from .census import MOTIFS as MOTIFS, count_motifs as count_motifs
from .clubs import RichClub as RichClub, rich_club as rich_club
from .clustering import (
    HopCounts as HopCounts,
    average_clustering as average_clustering,
    count_hop_distances as count_hop_distances,
    local_clustering as local_clustering,
    local_efficiency as local_efficiency,
)
from .communities import (
    find_communities as find_communities,
    measure_modularity as measure_modularity,
)
from .construct import feature_graph as feature_graph
from .convert import as_feature_graph as as_feature_graph
from .cores import find_cores as find_cores
from .csr_graph import FeatureGraph as FeatureGraph
from .degrees import (
    DegreeStatistics as DegreeStatistics,
    degree_assortativity as degree_assortativity,
    degree_statistics as degree_statistics,
)
from .epsilon import choose_epsilon as choose_epsilon
from .feature_network import FeatureNetwork as FeatureNetwork
from .layered import (
    LayerConnectivity as LayerConnectivity,
    connect_layers as connect_layers,
    spread_over_layers as spread_over_layers,
)
from .nulls import rewire_graph as rewire_graph
from .references import References as References
from .rivals import RivalTest as RivalTest, compare_rivals as compare_rivals
from .smallworld import SmallWorld as SmallWorld, small_world as small_world
from .spanning_tree import minimum_spanning_tree as minimum_spanning_tree
from .spectrum import SpectralGap as SpectralGap, spectral_gap as spectral_gap
from .strengths import (
    edge_strengths as edge_strengths,
    node_strengths as node_strengths,
    with_edge_weight as with_edge_weight,
)
from .summary import network_summary as network_summary
from .tails import TailFit as TailFit, fit_tail as fit_tail
