"""Certified lower bounds beside counts."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes._near import count_near
from featgraph.boxes._world import World

__all__ = ["bound_world"]


def bound_world(world: World, sizes: list[float], kind: str) -> NDArray[np.int64]:
    """Return a lower bound of the number of boxes of every size, by Caro and Wei.

    Some nodes are pairwise farther apart than ℓ and need a box each; there are at least
    Σ_v 1 / |ball(v, ℓ)| of them. Radius boxes of radius r are diameter boxes of size 2r.
    """
    if kind == "none":
        raise ValueError("bounds=True needs a method that makes boxes, not a fuzzy count")
    factor = 2 if kind == "radius" and world.name != "metric" else 1
    bounds = np.ones(len(sizes), dtype=np.int64)
    n_components = int(world.components.max()) + 1
    for s, size in enumerate(sizes):
        rows = world.walk(factor * size)
        masses, numbers = np.unique(1 + count_near(*rows), return_counts=True)
        exact = sum(
            (Fraction(int(n), int(m)) for m, n in zip(masses, numbers, strict=True)), Fraction(0)
        )
        bounds[s] = max(n_components, math.ceil(exact))
    return bounds
