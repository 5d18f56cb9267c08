from .convert import as_feature_graph as as_feature_graph
from .feature_graph import FeatureGraph as FeatureGraph
