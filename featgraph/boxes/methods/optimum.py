"""The smallest number of boxes, proven: optimum of both kinds of covering, with a bound.

Diameter boxes are cliques of the relation "at most ``size`` apart", radius boxes are rows of it.
Reductions first: nodes that can always join the box of another go, balls inside other balls go.
What is left falls into parts; each gets a cover by local search, a certified lower bound by
packing and the linear programme's dual, and, where they do not meet, an integer programme. Radius
boxes on graphs of small treewidth are solved by dynamic programming instead.
``minimum_box_cover`` is the same with more words.
"""

from __future__ import annotations

import numpy as np

from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.problem import solve_exact
from featgraph.boxes.metric_space import MetricSpace, RawCover

__all__ = ["solve"]


def solve(
    space: MetricSpace,
    size: float,
    rng: np.random.Generator,
    *,
    kind: str,
    time_limit: float | None,
) -> RawCover:
    """Return the best cover found within the time limit, and the best bound."""
    found = solve_exact(space, size, kind, Clock(time_limit), rng)
    if found.interrupted:
        raise KeyboardInterrupt  # whoever asks for many sizes wants to stop them all
    return found
