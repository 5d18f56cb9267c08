"""Persistence diagrams, and their distances by landscape, silhouette and heat."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.result import Result

__all__ = [
    "DiagramKind",
    "PersistenceDiagrams",
    "landscape_curve",
    "persistence_distance",
    "persistence_distances",
]

Floats: TypeAlias = NDArray[np.float64]
DiagramKind = Literal["landscape", "silhouette", "heat"]
KINDS = ("landscape", "silhouette", "heat")
Points = Floats


@dataclass(frozen=True, repr=False, eq=False)
class PersistenceDiagrams(Result):
    """Persistence diagrams of one filtered complex, one per homology dimension.

    Attributes
    ----------
    points : mapping of int to ndarray of float, shape (n_points, 2)
        Birth and death of every class of each dimension, sorted; ``inf`` where it never dies.
        Birth is at most death.
    kind : str
        What was filtered: ``"weights"`` or ``"distances"``.
    reduced : bool
        Whether the one component that never dies is left out of dimension 0.
    source : str or None
        Model, layer or file.

    Examples
    --------
    >>> d = PersistenceDiagrams({0: np.array([[0.0, 0.4]]), 1: np.array([[0.5, np.inf]])})
    >>> d
    PersistenceDiagrams(n_classes={0: 1, 1: 1}, kind='weights')
    >>> d.clean().points[1]
    array([[0.5, 1. ]])
    """

    _picture: ClassVar = "plot_persistence"
    _shown: ClassVar = ("n_classes", "kind", "source")

    points: Mapping[int, Floats]
    kind: str = "weights"
    reduced: bool = True
    source: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        checked = {}
        for dimension, given in sorted(self.points.items()):
            array = np.asarray(given, dtype=np.float64)
            array = array.reshape(-1, 2) if array.size == 0 else array
            if array.ndim != 2 or array.shape[1] != 2 or not (array[:, 0] <= array[:, 1]).all():
                raise ValueError(
                    f"points of dimension {dimension} must have shape (n_points, 2), birth ≤ death "
                    "and no NaN"
                )
            checked[int(dimension)] = _in_order(array)
        object.__setattr__(self, "points", checked)

    @property
    def dimensions(self) -> tuple[int, ...]:
        """Homology dimensions, rising."""
        return tuple(self.points)

    def of_dimension(self, dimension: int) -> Floats:
        """Return birth and death of every class of one dimension, shape (n_points, 2)."""
        if dimension not in self.points:
            raise ValueError(f"dimension must be one of {list(self.points)}, got {dimension!r}")
        return self.points[dimension]

    def lifetimes(self, dimension: int) -> Floats:
        """Death minus birth of every class of one dimension, shape (n_points,)."""
        points = self.of_dimension(dimension)
        return points[:, 1] - points[:, 0]

    def clean(
        self, *, min_lifetime: float = 0.01, infinity: float | None = 1.0
    ) -> PersistenceDiagrams:
        """Drop short lives, then give classes that never die a finite death.

        Parameters
        ----------
        min_lifetime : float, default=0.01
            Classes that live at most this long are dropped; 0 drops those of no lifetime.
        infinity : float or None, default=1.0
            Death that replaces ``inf``; None takes the largest finite value in the diagrams.

        Returns
        -------
        PersistenceDiagrams
            Finite diagrams.

        Raises
        ------
        ValueError
            If a class is born after ``infinity``.

        Notes
        -----
        The order matters and follows arXiv:2101.07752: a loop born at 0.995 that never dies
        is kept, as (0.995, 1).
        """
        if infinity is None:
            values = np.concatenate([points.ravel() for points in self.points.values()])
            finite = values[np.isfinite(values)]
            infinity = float(finite.max()) if finite.size else 1.0
        cleaned = {}
        for dimension, points in self.points.items():
            kept = points[points[:, 1] - points[:, 0] > min_lifetime].copy()
            kept[np.isinf(kept[:, 1]), 1] = infinity
            if (kept[:, 0] > kept[:, 1]).any():
                raise ValueError(
                    f"infinity must be at least every birth, got {infinity} and a birth at "
                    f"{kept[:, 0].max():.6g}; give infinity=None for the largest value"
                )
            cleaned[dimension] = kept
        return PersistenceDiagrams(cleaned, self.kind, self.reduced, self.source, self.options)

    def betti(self, thresholds: ArrayLike, *, dimension: int = 0) -> NDArray[np.int64]:
        """Betti numbers of the complex of everything *strictly* below each threshold.

        Parameters
        ----------
        thresholds : array-like of float, shape (n_thresholds,)
            Values of the filtration (ε for distances).
        dimension : int, default=0
            0 counts components, 1 loops, 2 voids.

        Returns
        -------
        ndarray of int, shape (n_thresholds,)
            Classes with birth < threshold ≤ death, the strict rule of G_M; β₀ includes the
            component that never dies.

        Examples
        --------
        >>> d = PersistenceDiagrams({0: np.array([[0.0, 0.4], [0.0, 0.9]])})
        >>> d.betti([0.4, 0.5, 2.0])
        array([3, 2, 1])
        """
        levels = np.asarray(thresholds, dtype=np.float64)
        births, deaths = np.sort(self.of_dimension(dimension), axis=0).T
        born = np.searchsorted(births, levels, side="left")
        dead = np.searchsorted(deaths, levels, side="left")
        extra = 1 if dimension == 0 and self.reduced else 0
        return np.asarray(born - dead + extra, dtype=np.int64)

    def _columns(self) -> Mapping[str, object]:
        dimensions = np.repeat(list(self.points), [len(points) for points in self.points.values()])
        births, deaths = np.concatenate([*self.points.values(), np.empty((0, 2))]).T
        return {"dimension": dimensions, "birth": births, "death": deaths}

    @property
    def n_classes(self) -> Mapping[int, int]:
        """Number of classes of each dimension."""
        return {dimension: len(points) for dimension, points in self.points.items()}

    @classmethod
    def _from_old(cls, about: dict[str, Any], arrays: dict[str, Any]) -> dict[str, Any]:
        points = {name.removeprefix("H"): array for name, array in arrays.items()}
        return {**about, "source": about.get("source") or None, "points": points}


def _in_order(points: Floats) -> Floats:
    # Millions of points come sorted by birth already; sorting them again takes seconds.
    births, deaths = points.T
    rising = (births[1:] > births[:-1]) | (
        (births[1:] == births[:-1]) & (deaths[1:] >= deaths[:-1])
    )
    return points if rising.all() else points[np.lexsort(points.T[::-1])]


def persistence_distance(
    d1: PersistenceDiagrams,
    d2: PersistenceDiagrams,
    *,
    kind: DiagramKind = "landscape",
    min_lifetime: float = 0.01,
    infinity: float = 1.0,
    n_bins: int = 200,
    sigma: float = 0.1,
) -> float:
    """Distance of two sets of persistence diagrams.

    Both are cleaned (``PersistenceDiagrams.clean``). Per homology dimension a function of each
    diagram is sampled on a grid of ``n_bins`` points from the smallest birth to the largest
    death of both, with step h; the distance is the L² norm of the difference, and the total
    the 2-norm over the dimensions.

    Parameters
    ----------
    d1, d2 : PersistenceDiagrams
        Diagrams of the same dimensions.
    kind : {"landscape", "silhouette", "heat"}, default="landscape"
        ``"landscape"``: λ(t) = max over points of max(0, min(t − b, d − t)), the first layer
        of the persistence landscape. ``"silhouette"``: the mean of the same tents weighted by
        lifetime. ``"heat"``: counts of the points (b, d) on the square grid, smoothed by a
        Gaussian, minus its mirror image.
    min_lifetime : float, default=0.01
        Classes that live at most this long are dropped.
    infinity : float, default=1.0
        Death of classes that never die.
    n_bins : int, default=200
        Grid points, at least 2.
    sigma : float, default=0.1
        Width of the Gaussian of ``"heat"``, in the unit of the filtration.

    Returns
    -------
    float
        0 for equal diagrams; symmetric.

    Raises
    ------
    ValueError
        Different homology dimensions, unknown ``kind``, or an option out of range.

    Notes
    -----
    O(n log n + n_bins) for curves, O(n + n_bins²) for heat, with n points. The grid depends
    on both diagrams, so the triangle inequality holds only up to the grid.

    References
    ----------
    .. [1] D. Pérez-Fernández, A. Gutiérrez-Fandiño, J. Armengol-Estapé, M. Villegas,
       "Characterizing and measuring the similarity of neural networks with persistent
       homology", arXiv:2101.07752.
    .. [2] P. Bubenik, "Statistical topological data analysis using persistence landscapes",
       JMLR 16 (2015); J. Reininghaus et al., "A stable multi-scale kernel for topological
       machine learning", CVPR 2015.

    Examples
    --------
    >>> d1 = PersistenceDiagrams({0: np.array([[0.0, 0.5]])})
    >>> d2 = PersistenceDiagrams({0: np.array([[0.0, 1.0]])})
    >>> persistence_distance(d1, d1), round(persistence_distance(d1, d2), 3)
    (0.0, 0.25)
    """
    if d1.dimensions != d2.dimensions:
        raise ValueError(
            f"d1 and d2 must have the same homology dimensions, got {d1.dimensions} and "
            f"{d2.dimensions}"
        )
    first, second = (d.clean(min_lifetime=min_lifetime, infinity=infinity).points for d in (d1, d2))
    squares = [
        _distance(first[dimension], second[dimension], kind, n_bins, sigma) ** 2
        for dimension in d1.dimensions
    ]
    return math.sqrt(sum(squares))


def persistence_distances(
    diagrams: Sequence[PersistenceDiagrams], *, kind: DiagramKind = "landscape"
) -> Floats:
    """All pairwise distances of several sets of diagrams.

    Parameters
    ----------
    diagrams : sequence of PersistenceDiagrams
        At least one.
    kind : {"landscape", "silhouette", "heat"}, default="landscape"
        As in ``persistence_distance``.

    Returns
    -------
    ndarray of float, shape (n, n)
        Symmetric, zero diagonal.

    Examples
    --------
    >>> d = [PersistenceDiagrams({0: np.array([[0.0, x]])}) for x in (0.5, 1.0)]
    >>> persistence_distances(d).round(3).tolist()
    [[0.0, 0.25], [0.25, 0.0]]
    """
    diagrams = list(diagrams)
    n = len(diagrams)
    table = np.zeros((n, n))
    for i in range(n):
        for j in range(i):
            value = persistence_distance(diagrams[i], diagrams[j], kind=kind)
            table[i, j] = table[j, i] = value
    return table


def landscape_curve(points: Points, grid: Floats) -> Floats:
    """First layer of the persistence landscape of finite points on a rising grid.

    λ(t) = max(0, max over points of min(t − birth, death − t)).

    Parameters
    ----------
    points : ndarray of float, shape (n_points, 2)
        Finite births and deaths.
    grid : ndarray of float, shape (n_grid,)
        Where to evaluate.

    Returns
    -------
    ndarray of float, shape (n_grid,)
        λ on the grid.

    Notes
    -----
    A tent inside another never counts, so only points that no other interval contains are
    kept: O(n log n + kept · n_grid).

    Examples
    --------
    >>> landscape_curve(np.array([[0.0, 1.0], [0.5, 2.0]]), np.array([0.5, 1.25, 3.0]))
    array([0.5 , 0.75, 0.  ])
    """
    if not len(points):
        return np.zeros(len(grid))
    births, deaths = points[np.lexsort((-points[:, 1], points[:, 0]))].T
    outer = np.concatenate([[True], deaths[1:] > np.maximum.accumulate(deaths)[:-1]])
    births, deaths = births[outer], deaths[outer]
    curve = np.zeros(len(grid))
    for start in range(0, len(births), 4096):  # bounds the memory of the table
        part = slice(start, start + 4096)
        tents = np.minimum(grid[:, None] - births[part], deaths[part] - grid[:, None])
        np.maximum(curve, tents.max(axis=1), out=curve)
    return curve


def _distance(first: Points, second: Points, kind: str, bins: int, sigma: float) -> float:
    both = np.concatenate([first, second])
    if not len(both):
        return 0.0
    low, high = float(both[:, 0].min()), float(both[:, 1].max())
    if not high > low:
        return 0.0
    grid = np.linspace(low, high, bins)
    step = (high - low) / (bins - 1)
    if kind == "heat":
        images = [_heat(points, low, step, bins, sigma) for points in (first, second)]
        return float(np.linalg.norm(images[0] - images[1])) * step
    curve = landscape_curve if kind == "landscape" else silhouette_curve
    return float(np.linalg.norm(curve(first, grid) - curve(second, grid))) * math.sqrt(step)


def silhouette_curve(points: Points, grid: Floats) -> Floats:
    """Mean of the tents of all points weighted by lifetime, on a rising grid.

    Each tent is linear between birth, middle and death, so the sum over points is a prefix sum
    of slopes and offsets at those three places: O(n log n_grid + n_grid).
    """
    if not len(points):
        return np.zeros(len(grid))
    births, deaths = points.T
    weights = deaths - births
    slopes, offsets = np.zeros(len(grid) + 1), np.zeros(len(grid) + 1)
    middles = (births + deaths) / 2
    # rising part +w·t − w·b from b on; from the middle −2w·t + 2w·m; from d on +w·t − w·d
    for places, slope in ((births, weights), (middles, -2 * weights), (deaths, weights)):
        at = np.searchsorted(grid, places, side="left")
        slopes += np.bincount(at, weights=slope, minlength=len(grid) + 1)
        offsets -= np.bincount(at, weights=slope * places, minlength=len(grid) + 1)
    sums = np.cumsum(slopes[:-1]) * grid + np.cumsum(offsets[:-1])
    return np.asarray(np.maximum(sums, 0.0) / weights.sum())


def _heat(points: Points, low: float, step: float, bins: int, sigma: float) -> Points:
    from scipy.ndimage import gaussian_filter

    points = points[points[:, 0] != points[:, 1]]
    # The largest death lies on the last pixel exactly: a billionth of a pixel keeps rounding
    # from deciding on which side.
    pixels = np.clip(np.floor((points - low) / step + 1e-9).astype(np.int64), 0, bins - 1)
    counts = np.bincount(pixels[:, 0] * bins + pixels[:, 1], minlength=bins * bins)
    image = counts.reshape(bins, bins).astype(np.float64)
    smooth = gaussian_filter(image, sigma / step, mode="constant")
    return np.asarray((smooth - smooth.T) / step**2)
