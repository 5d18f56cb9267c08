from .capture import extract_features as extract_features
from .capture import iterate_features as iterate_features
from .feature_matrix import FeatureMatrix as FeatureMatrix
from .feature_matrix import as_feature_matrix as as_feature_matrix
from .layers import list_layers as list_layers
from .layers import select_layers as select_layers
from .reduce import reduce_mean as reduce_mean
