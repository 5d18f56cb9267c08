"""Cluster growing: boxes grow around random uncovered nodes.

The cluster of a seed is all that is not yet covered within ``size`` of it. This is random
sequential covering with uncovered seeds, under the name it has in the source paper
(Kim, Goh, Kahng & Kim 2007, doi:10.1088/1367-2630/9/6/177).
"""

from __future__ import annotations

import numpy as np

from featgraph.boxes.methods.random_sequential import solve as solve_sequential
from featgraph.boxes.metric_space import MetricSpace, RawCover

__all__ = ["solve"]


def solve(space: MetricSpace, size: float, rng: np.random.Generator) -> RawCover:
    """Return the clusters around a random permutation of seeds."""
    return solve_sequential(space, size, rng, seeds="uncovered")
