"""REMCC: large excluded mass, far from everything: ratio of excluded mass to closeness.

The next centre is the *uncovered* node with the largest product of excluded mass and mean
distance to all nodes of its component (excluded mass over closeness centrality). Members join as
in ``memb``, so boxes are connected; the publication counts centres only.

Mean distances take one search over the whole component per node, 504 at once as bits. Distances
are those of the component, so that a node alone in its component has mean distance 0; it is taken
last.
"""

from __future__ import annotations

import numpy as np

from featgraph.boxes.centers import join_centers, select_centers
from featgraph.boxes.metric_space import MetricSpace, RawCover

__all__ = ["solve"]


def solve(space: MetricSpace, size: float, rng: np.random.Generator) -> RawCover:
    """Return the boxes around uncovered centres of largest mass times mean distance."""
    rows = space.rows(size)
    ties = rng.permutation(space.n_nodes)
    # a lone node (mean distance 0) still needs a positive weight to be chosen at all
    weights = np.maximum(space.mean_distances, np.finfo(np.float64).tiny)
    centers, _ = select_centers(space, size, ties, weights=weights, only_uncovered=True)
    return RawCover(join_centers(space, rows, size, centers, rng), centers)
