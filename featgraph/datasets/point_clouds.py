"""Point clouds whose construction says whether they are self-similar, and of what dimension."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import choice, fraction, integer, positive
from featgraph.core.values import RandomState, as_rng

__all__ = [
    "POINT_CLOUDS",
    "PointCloud",
    "Points",
    "draw_aggregate",
    "draw_cantor_dust",
    "draw_cascade",
    "draw_levy_dust",
    "draw_sierpinski_carpet",
    "draw_sierpinski_gasket",
    "draw_tree",
    "make_point_cloud",
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


@dataclass(frozen=True)
class PointCloud:
    """One family of point clouds.

    Attributes
    ----------
    name : str
        Key in ``POINT_CLOUDS``.
    kind : {"fractal", "smooth", "null"}
        Self-similar by construction; a smooth piece of a line or surface, which is self-similar
        with a whole dimension; or neither, because the cloud has one scale or a dimension that
        changes with the scale.
    draw : callable
        ``(n_points, n_samples, rng, **options)`` to points.
    dimension : callable
        The options to the dimension of the set drawn from, None where there is no single one. Of
        a cascade, whose mass has many dimensions, the correlation dimension D₂.
    options : mapping
        Options with their defaults.
    summary : str
        One line on what it is.
    """

    name: str
    kind: Literal["fractal", "smooth", "null"]
    draw: Callable[..., Points]
    dimension: Callable[..., float | None]
    options: Mapping[str, Any]
    summary: str


def make_point_cloud(
    name: str,
    n_points: int = 256,
    *,
    n_samples: int = 64,
    noise: float = 0.01,
    rng: RandomState = None,
    **options: Any,
) -> NDArray[np.float64]:
    """Draw a point cloud, turned at random into many dimensions, with noise.

    Parameters
    ----------
    name : str
        A key of ``POINT_CLOUDS``.
    n_points : int, default=256
        Number of points, at least 2.
    n_samples : int, default=64
        Dimension of the space around them: as features, the samples B.
    noise : float, default=0.01
        Root mean square length of the Gaussian noise added to each point, as a share of the root
        mean square distance of the points from their mean; at least 0.
    rng : Generator, int or None, default=None
        Source of points, directions and noise.
    **options
        Of the family, such as ``ratio`` of "cantor_dust"; see ``POINT_CLOUDS[name].options``.

    Returns
    -------
    ndarray of float, shape (n_points, n_samples)
        Points as rows, so that it is F of a layer whose neurons are the points. Without noise the
        distances are those of the construction, up to one common factor that makes the root mean
        square distance from the mean 1.

    Raises
    ------
    ValueError
        If the name or an option is unknown, a number is out of range, or n_samples is smaller than
        the dimension in which the set is drawn.

    References
    ----------
    Mandelbrot 1982, The Fractal Geometry of Nature; Falconer 2014, Fractal Geometry (dimensions).
    Witten & Sander 1981, doi:10.1103/PhysRevLett.47.1400 (aggregation).

    Examples
    --------
    >>> points = make_point_cloud("cantor_dust", 100, n_axes=3, ratio=0.2, noise=0.0, rng=0)
    >>> points.shape, int(np.linalg.matrix_rank(points))
    ((100, 64), 3)
    >>> round(POINT_CLOUDS["cantor_dust"].dimension(n_axes=3, ratio=0.2), 3)
    1.292
    """
    family = POINT_CLOUDS[choice(name, POINT_CLOUDS, "name")]
    for option in options:
        choice(option, family.options, f"option of {name!r}")
    generator = as_rng(rng)
    points = family.draw(n_points, n_samples, generator, **{**family.options, **options})
    points = points - points.mean(axis=0)
    points /= math.sqrt(np.square(points).sum(axis=1).mean())
    n_axes = points.shape[1]
    if n_axes > n_samples:
        raise ValueError(f"n_samples must be at least {n_axes} for {name!r}, got {n_samples}")
    if n_axes < n_samples:
        turn, _ = np.linalg.qr(generator.standard_normal((n_samples, n_axes)))
        points = points @ turn.T
    spread = noise / math.sqrt(n_samples)
    noisy: Points = points + spread * generator.standard_normal((n_points, n_samples))
    return noisy


def _draw_cube(n_axes: int) -> Callable[[int, int, np.random.Generator], Points]:
    return lambda n_points, n_samples, rng: rng.uniform(size=(n_points, n_axes))


def _draw_torus(n_points: int, n_samples: int, rng: np.random.Generator) -> Points:
    angles = rng.uniform(0, 2 * np.pi, size=(n_points, 2))
    return np.hstack([np.cos(angles), np.sin(angles)])


def _draw_gaussian(
    n_points: int, n_samples: int, rng: np.random.Generator, spectrum: str, rate: float
) -> Points:
    choice(spectrum, ("flat", "exponential", "power"), "spectrum")
    rate = positive(rate, "rate")
    place = np.arange(1.0, n_samples + 1)
    powers = {
        "flat": np.ones(n_samples),
        "exponential": np.exp(-place / rate),
        "power": place**-rate,
    }[spectrum]
    points: Points = rng.standard_normal((n_points, n_samples)) * np.sqrt(powers)
    return points


def _draw_heavy_tailed(
    n_points: int, n_samples: int, rng: np.random.Generator, tail: float
) -> Points:
    tail = positive(tail, "tail")
    loudness = np.sqrt(tail / rng.chisquare(tail, size=(n_points, 1)))
    points: Points = rng.standard_normal((n_points, n_samples)) * loudness
    return points


def _draw_ball(n_points: int, n_samples: int, rng: np.random.Generator) -> Points:
    return _draw_sphere(n_points, n_samples, rng) * rng.uniform(size=(n_points, 1)) ** (
        1 / n_samples
    )


def _draw_sphere(n_points: int, n_samples: int, rng: np.random.Generator) -> Points:
    points = rng.standard_normal((n_points, n_samples))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    return points


def _draw_relu(n_points: int, n_samples: int, rng: np.random.Generator) -> Points:
    return np.maximum(rng.standard_normal((n_points, n_samples)), 0.0)


def _draw_clusters(
    n_points: int, n_samples: int, rng: np.random.Generator, n_clusters: int, distance: float
) -> Points:
    """Gaussian clusters; ``distance``: of their centres, in widths of a cluster."""
    n_clusters = integer(n_clusters, "n_clusters", least=1)
    distance = positive(distance, "distance", zero=True)
    centers = rng.standard_normal((n_clusters, n_samples)) * distance
    return centers[rng.integers(n_clusters, size=n_points)] + rng.standard_normal(
        (n_points, n_samples)
    )


def _constant(value: float | None) -> Callable[..., float | None]:
    return lambda **options: value


def _cascade_dimension(*, n_axes: int, weight: float) -> float:
    return -n_axes * math.log2(weight**2 + (1 - weight) ** 2)


_ROWS = (
    PointCloud(
        "cantor_dust", "fractal", draw_cantor_dust,
        lambda *, n_axes, ratio: n_axes * math.log(2) / math.log(1 / ratio),
        {"n_axes": 3, "ratio": 1 / 3}, "product of Cantor sets of one ratio",
    ),
    PointCloud(
        "sierpinski_gasket", "fractal", draw_sierpinski_gasket, _constant(math.log2(3)), {},
        "three copies of half the size",
    ),
    PointCloud(
        "sierpinski_carpet", "fractal", draw_sierpinski_carpet, _constant(math.log(8, 3)), {},
        "eight copies of a third of the size",
    ),
    PointCloud(
        "cascade", "fractal", draw_cascade, _cascade_dimension, {"n_axes": 3, "weight": 0.85},
        "points of a random cascade: each half gets a share of the mass, which at random",
    ),
    PointCloud(
        "aggregate", "fractal", draw_aggregate, _constant(1.71), {},
        "diffusion-limited aggregation in the plane",
    ),
    PointCloud(
        "levy_dust", "fractal", draw_levy_dust, lambda *, n_axes, tail: min(tail, n_axes),
        {"n_axes": 3, "tail": 1.2}, "places of a Lévy flight, whose steps have a power-law tail",
    ),
    PointCloud(
        "tree", "fractal", draw_tree,
        lambda *, n_branches, ratio: math.log(n_branches) / math.log(1 / ratio),
        {"n_branches": 2, "ratio": 0.6},
        "leaves of a tree whose edges shrink by a ratio, each in a direction of its own",
    ),
    PointCloud("line", "smooth", _draw_cube(1), _constant(1.0), {}, "piece of a line"),
    PointCloud("plane", "smooth", _draw_cube(2), _constant(2.0), {}, "square"),
    PointCloud("cube", "smooth", _draw_cube(3), _constant(3.0), {}, "cube of three dimensions"),
    PointCloud("torus", "smooth", _draw_torus, _constant(2.0), {}, "flat torus in 4 dimensions"),
    PointCloud(
        "gaussian", "null", _draw_gaussian, _constant(None), {"spectrum": "flat", "rate": 8.0},
        "Gaussian cloud; variances flat, exp(−k / rate), or k to the power of −rate",
    ),
    PointCloud(
        "heavy_tailed", "null", _draw_heavy_tailed, _constant(None), {"tail": 3.0},
        "Gaussian cloud whose norms have a power-law tail of this exponent: a few loud points",
    ),
    PointCloud("ball", "null", _draw_ball, _constant(None), {}, "uniform in a ball"),
    PointCloud("sphere", "null", _draw_sphere, _constant(None), {}, "uniform on a sphere"),
    PointCloud("relu", "null", _draw_relu, _constant(None), {}, "rectified Gaussian cloud"),
    PointCloud(
        "clusters", "null", _draw_clusters, _constant(None), {"n_clusters": 2, "distance": 3.0},
        "Gaussian clusters of one size at one distance",
    ),
)  # fmt: skip

POINT_CLOUDS: dict[str, PointCloud] = {row.name: row for row in _ROWS}
