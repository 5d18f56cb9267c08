"""Persistence diagrams: when holes of each dimension appear and when they are filled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.result import Result

__all__ = ["PersistenceDiagrams"]


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

    points: Mapping[int, NDArray[np.float64]]
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

    def of_dimension(self, dimension: int) -> NDArray[np.float64]:
        """Return birth and death of every class of one dimension, shape (n_points, 2)."""
        if dimension not in self.points:
            raise ValueError(f"dimension must be one of {list(self.points)}, got {dimension!r}")
        return self.points[dimension]

    def lifetimes(self, dimension: int) -> NDArray[np.float64]:
        """Death minus birth of every class of one dimension, shape (n_points,)."""
        points = self.of_dimension(dimension)
        lifetimes: NDArray[np.float64] = points[:, 1] - points[:, 0]
        return lifetimes

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

    def _columns(self) -> Mapping[str, Any]:
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


def _in_order(points: NDArray[np.float64]) -> NDArray[np.float64]:
    # Millions of points come sorted by birth already; sorting them again takes seconds.
    births, deaths = points.T
    rising = (births[1:] > births[:-1]) | (
        (births[1:] == births[:-1]) & (deaths[1:] >= deaths[:-1])
    )
    return points if rising.all() else points[np.lexsort(points.T[::-1])]
