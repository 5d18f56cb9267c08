from .communities import find_communities as find_communities
from .construct import feature_graph as feature_graph
from .convert import as_feature_graph as as_feature_graph
from .cores import find_cores as find_cores
from .csr_graph import FeatureGraph as FeatureGraph
from .epsilon import choose_epsilon as choose_epsilon
from .files import read_graph as read_graph
from .spanning_tree import minimum_spanning_tree as minimum_spanning_tree
