"""Points of sets that are self-similar by construction."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import fraction, integer, positive

__all__ = [
    "Points",
    "draw_aggregate",
    "draw_cantor_dust",
    "draw_cascade",
    "draw_levy_dust",
    "draw_sierpinski_carpet",
    "draw_sierpinski_gasket",
    "draw_tree",
]

Points: TypeAlias = NDArray[np.float64]

#: Levels of a construction; a ratio of 1/2 to this power is far below any noise.
DEPTH = 24


def draw_cantor_dust(
    n_points: int, n_samples: int, rng: np.random.Generator, n_axes: int, ratio: float
) -> Points:
    """Draw from the product of n_axes Cantor sets whose pieces have the given ratio, below 1/2."""
    if not 0 < ratio < 0.5:
        raise ValueError(f"ratio must be in (0, 0.5), got {ratio}")
    n_axes = integer(n_axes, "n_axes", least=1)
    digits = rng.integers(2, size=(DEPTH, n_points, n_axes))
    return np.tensordot(ratio ** np.arange(DEPTH), digits, axes=1) * (1 - ratio)


def draw_sierpinski_gasket(n_points: int, n_samples: int, rng: np.random.Generator) -> Points:
    """Draw from the gasket: always half-way to one of three corners."""
    corners = np.array([[0.0, 0.0], [1.0, 0.0], [0.5, np.sqrt(0.75)]])
    return _follow_maps(corners / 2, 0.5, n_points, rng)


def draw_sierpinski_carpet(n_points: int, n_samples: int, rng: np.random.Generator) -> Points:
    """Draw from the carpet: a square in nine, the middle one missing."""
    places = [(i, j) for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    return _follow_maps(np.array(places) / 3, 1 / 3, n_points, rng)


def _follow_maps(shifts: Points, ratio: float, n_points: int, rng: np.random.Generator) -> Points:
    """Draw from the set that is the union of its images under x → ratio · x + shift."""
    drawn = shifts[rng.integers(len(shifts), size=(DEPTH, n_points))]
    return np.tensordot(ratio ** np.arange(DEPTH), drawn, axes=1)


def draw_cascade(
    n_points: int, n_samples: int, rng: np.random.Generator, n_axes: int, weight: float
) -> Points:
    """Draw from a random cascade: along each axis half of every cell has ``weight`` of its mass.

    Which half that is, is drawn anew for every cell and axis.
    """
    n_axes, weight = integer(n_axes, "n_axes", least=1), fraction(weight, "weight")
    points = np.zeros((n_points, n_axes))
    cells = np.zeros(n_points, dtype=np.int64)
    for level in range(1, DEPTH + 1):
        _, cells = np.unique(cells, return_inverse=True)
        heavy = rng.integers(2, size=(cells.max() + 1, n_axes))[cells]
        digits = np.where(rng.uniform(size=(n_points, n_axes)) < weight, heavy, 1 - heavy)
        points += digits * 0.5**level
        cells = cells * 2**n_axes + digits @ (1 << np.arange(n_axes))
    return points


def draw_aggregate(n_points: int, n_samples: int, rng: np.random.Generator) -> Points:
    """Grow a cluster of discs: each walks at random until it touches one that sticks."""
    places = np.zeros((n_points, 2))
    reach = 0.0
    for count in range(1, n_points):
        grown = places[:count]
        walker = _around(reach + 5.0, rng)
        while True:
            gaps = np.hypot(*(grown - walker).T)
            nearest = int(gaps.argmin())
            if gaps[nearest] < 1.1:  # touched; discs have diameter 1
                step = (walker - grown[nearest]) / gaps[nearest]
                places[count] = grown[nearest] + step
                break
            # A walker leaves a disc around it that holds no one at a uniform angle.
            walker = walker + _around(gaps[nearest] - 1.0, rng)
            if np.hypot(*walker) > 4 * reach + 50.0:
                walker = _around(reach + 5.0, rng)
        reach = max(reach, float(np.hypot(*places[count])))
    return places


def _around(radius: float, rng: np.random.Generator) -> Points:
    angle = rng.uniform(0, 2 * np.pi)
    return radius * np.array([np.cos(angle), np.sin(angle)])


def draw_levy_dust(
    n_points: int, n_samples: int, rng: np.random.Generator, n_axes: int, tail: float
) -> Points:
    """Follow a flight whose steps are longer than s with probability s to the power of −tail."""
    n_axes, tail = integer(n_axes, "n_axes", least=1), positive(tail, "tail")
    directions = rng.standard_normal((n_points, n_axes))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    lengths = rng.uniform(size=(n_points, 1)) ** (-1 / tail)
    return np.cumsum(directions * lengths, axis=0)


def draw_tree(
    n_points: int, n_samples: int, rng: np.random.Generator, n_branches: int, ratio: float
) -> Points:
    """Draw leaves of a tree: every edge has its own Gaussian direction, of length ratio^level.

    In many dimensions directions are nearly orthogonal, so that distances are nearly ultrametric.
    """
    n_branches, ratio = integer(n_branches, "n_branches", least=2), fraction(ratio, "ratio")
    points = np.zeros((n_points, n_samples))
    cells = np.zeros(n_points, dtype=np.int64)
    for level in range(DEPTH):
        _, cells = np.unique(
            cells * n_branches + rng.integers(n_branches, size=n_points), return_inverse=True
        )
        edges = rng.standard_normal((cells.max() + 1, n_samples)) / np.sqrt(n_samples)
        points += ratio**level * edges[cells]
    return points
