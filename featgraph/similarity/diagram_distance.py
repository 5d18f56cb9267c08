"""Distances of persistence diagrams by landscape, silhouette and heat."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from featgraph.similarity.diagram import PersistenceDiagrams

__all__ = ["DiagramKind", "landscape_curve", "persistence_distance", "persistence_distances"]

DiagramKind = Literal["landscape", "silhouette", "heat"]
KINDS = ("landscape", "silhouette", "heat")
Points = NDArray[np.float64]


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
) -> NDArray[np.float64]:
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


def landscape_curve(points: Points, grid: NDArray[np.float64]) -> NDArray[np.float64]:
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


def silhouette_curve(points: Points, grid: NDArray[np.float64]) -> NDArray[np.float64]:
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
    curve: NDArray[np.float64] = np.maximum(sums, 0.0) / weights.sum()
    return curve


def _heat(points: Points, low: float, step: float, bins: int, sigma: float) -> Points:
    from scipy.ndimage import gaussian_filter

    points = points[points[:, 0] != points[:, 1]]
    # The largest death lies on the last pixel exactly: a billionth of a pixel keeps rounding
    # from deciding on which side.
    pixels = np.clip(np.floor((points - low) / step + 1e-9).astype(np.int64), 0, bins - 1)
    counts = np.bincount(pixels[:, 0] * bins + pixels[:, 1], minlength=bins * bins)
    image = counts.reshape(bins, bins).astype(np.float64)
    smooth = gaussian_filter(image, sigma / step, mode="constant")
    heat: Points = (smooth - smooth.T) / step**2
    return heat
