from .distance_matrix import (
    DistanceMatrix as DistanceMatrix,
    as_distance_matrix as as_distance_matrix,
    feature_distances as feature_distances,
)
from .streaming import (
    SquaredDistanceSum as SquaredDistanceSum,
    stream_distances as stream_distances,
)
