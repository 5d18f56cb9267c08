"""Maximum excluded mass burning (MEMB): hubs first, and boxes that are connected inside.

The excluded mass of a node is the number of uncovered nodes within ``size`` of it. The next
centre is the node, covered or not, of largest excluded mass, until all is covered. Then every
node joins a centre: in order of distance to the nearest centre, it takes the box of a random
neighbour that is closer. Along that chain central distance falls, so every box is connected
inside and reaches at most ``size`` from its centre. Boxes come in order of the choice of their
centres. On weighted graphs nodes join the centre that is nearest along weighted shortest paths.

The centres are those of the definition, node by node, given the same tie-break; excluded mass
only falls, so a heap of old masses finds them without counting all anew in each step. Of equal
masses the smallest ball first makes about half a per cent fewer boxes than a random choice on
large networks.
"""

from __future__ import annotations

import numpy as np

from featgraph.boxes.centers import break_ties, join_centers, select_centers
from featgraph.boxes.metric_space import MetricSpace, RawCover

__all__ = ["solve"]


def solve(space: MetricSpace, size: float, rng: np.random.Generator, *, ties: str) -> RawCover:
    """Return the boxes around centres of maximum excluded mass."""
    rows = space.rows(size)
    order, small_first = break_ties(space.n_nodes, ties, rng)
    centers, _ = select_centers(space, size, order, small_first=small_first)
    return RawCover(join_centers(space, rows, size, centers, rng), centers)
