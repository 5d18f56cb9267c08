from .capture import extract_features as extract_features, iterate_features as iterate_features
from .feature_matrix import FeatureMatrix as FeatureMatrix, as_feature_matrix as as_feature_matrix
from .files import load_features as load_features, save_features as save_features
from .layer_table import (
    LayerRow as LayerRow,
    list_layers as list_layers,
    measure_layers as measure_layers,
)
from .layers import select_layers as select_layers
from .null import (
    draw_null as draw_null,
    draw_nulls as draw_nulls,
    gaussian_null as gaussian_null,
    norms_null as norms_null,
    shuffled_null as shuffled_null,
)
from .reduce import reduce_mean as reduce_mean
