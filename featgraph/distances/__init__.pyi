from .pairwise import feature_distances as feature_distances
