"""Greedy set cover by balls: always the ball with most uncovered nodes.

Each box is a ball without what older balls cover. A centre may lie in an older box, and a box
need not be connected inside; ``memb`` takes the same centres and makes connected boxes. At most
1 + ln(largest ball) times the smallest number of balls (Chvátal 1979,
doi:10.1287/moor.4.3.233).
"""

from __future__ import annotations

import numpy as np

from featgraph.boxes.centers import break_ties, select_centers
from featgraph.boxes.metric_space import MetricSpace, RawCover

__all__ = ["solve"]


def solve(space: MetricSpace, size: float, rng: np.random.Generator, *, ties: str) -> RawCover:
    """Return the balls of largest gain, each without what is covered before."""
    order, small_first = break_ties(space.n_nodes, ties, rng)
    centers, labels = select_centers(space, size, order, small_first=small_first)
    return RawCover(labels, centers)
