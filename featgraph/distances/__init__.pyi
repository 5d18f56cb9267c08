from .pairwise import feature_distances as feature_distances
from .streaming import SquaredDistanceSum as SquaredDistanceSum
from .streaming import stream_distances as stream_distances
