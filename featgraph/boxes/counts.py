"""BoxCounts: how many boxes each size needs, over repeated runs."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["BoxCounts"]

SPACES = ("hop", "weighted", "metric")
KINDS = ("diameter", "none", "radius")


@dataclass(frozen=True, repr=False, eq=False)
class BoxCounts:
    """Number of boxes N_B over sizes: what a dimension is fitted to.

    Parameters
    ----------
    sizes : ndarray, shape (n_sizes,)
        Sizes, rising. Hop space: int64, ℓ of diameter boxes or r of radius boxes, inclusive.
        Weighted space: the same as float64. Metric space: θ, for every method the largest
        *diameter* of a box (radius methods cover {C ≤ θ/2} with radius 1).
    counts_per_repeat : ndarray of int64, shape (n_repeats, n_sizes)
        Number of boxes of each run. Method "fuzzy" has no boxes; its counts are float64.
    method : str
        Algorithm, a key of METHODS.
    kind : {"diameter", "radius", "none"}
        What the sizes bound; "none" for fuzzy counts.
    n_nodes : int
        Number of nodes covered.
    space : {"hop", "weighted", "metric"}, default="hop"
        Hops, weighted shortest paths, or distances of features without any graph.
    lower_bounds : ndarray of int64, shape (n_sizes,), optional
        Certified lower bounds of the smallest possible count.
    seed : int, optional
        Seed that repeats the runs, where one was given.
    layer : str, optional
        Layer that the graph or the features come from.
    epsilon : float, optional
        Threshold of the graph, where it came from features.
    options : mapping
        Options of the method that were used.

    Raises
    ------
    ValueError
        If sizes do not rise, shapes disagree, or a name is unknown.

    Examples
    --------
    >>> counts = BoxCounts(np.array([1, 2]), np.array([[5, 3], [4, 3]]), "cbb", "diameter", 9)
    >>> counts
    BoxCounts(n_sizes=2, n_repeats=2, n_nodes=9, method='cbb', kind='diameter', space='hop')
    >>> counts.counts
    array([4, 3])
    """

    sizes: NDArray[Any]
    counts_per_repeat: NDArray[Any]
    method: str
    kind: str
    n_nodes: int
    space: str = "hop"
    lower_bounds: NDArray[np.int64] | None = None
    seed: int | None = None
    layer: str | None = None
    epsilon: float | None = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {sorted(KINDS)}, got {self.kind!r}")
        if self.space not in SPACES:
            raise ValueError(f"space must be one of {sorted(SPACES)}, got {self.space!r}")
        sizes = np.asarray(self.sizes)
        counts = np.atleast_2d(np.asarray(self.counts_per_repeat))
        if sizes.ndim != 1 or sizes.size == 0 or np.any(np.diff(sizes) <= 0):
            raise ValueError(f"sizes must be at least one number, rising; got {self.sizes!r}")
        if counts.ndim != 2 or counts.shape[1] != sizes.size or counts.shape[0] == 0:
            raise ValueError(
                "counts_per_repeat must have shape (n_repeats, n_sizes) with "
                f"n_sizes={sizes.size}, got {counts.shape}"
            )
        if self.lower_bounds is not None and np.shape(self.lower_bounds) != sizes.shape:
            raise ValueError(
                f"lower_bounds must have one number per size ({sizes.size}), "
                f"got shape {np.shape(self.lower_bounds)}"
            )
        object.__setattr__(self, "sizes", sizes)
        object.__setattr__(self, "counts_per_repeat", counts)

    def __repr__(self) -> str:
        return (
            f"BoxCounts(n_sizes={self.sizes.size}, n_repeats={self.n_repeats}, "
            f"n_nodes={self.n_nodes}, method={self.method!r}, kind={self.kind!r}, "
            f"space={self.space!r})"
        )

    @property
    def n_repeats(self) -> int:
        """Number of runs per size."""
        return len(self.counts_per_repeat)

    @property
    def counts(self) -> NDArray[Any]:
        """Smallest count of each size over the runs: N_B is defined as a minimum."""
        return np.asarray(self.counts_per_repeat.min(axis=0))

    @property
    def mean(self) -> NDArray[np.float64]:
        """Mean count of each size over the runs."""
        return np.asarray(self.counts_per_repeat.mean(axis=0), dtype=np.float64)

    @property
    def std(self) -> NDArray[np.float64]:
        """Standard deviation over the runs (divisor n_repeats, 0 for a single run)."""
        return np.asarray(self.counts_per_repeat.std(axis=0), dtype=np.float64)

    @property
    def proven(self) -> NDArray[np.bool_]:
        """Sizes at which the count meets its lower bound: no cover has fewer boxes."""
        if self.lower_bounds is None:
            return np.zeros(self.sizes.shape, dtype=np.bool_)
        return np.asarray(self.counts == self.lower_bounds)

    @property
    def diameter_sizes(self) -> NDArray[Any]:
        """Where the counts of different kinds stand beside one another: ℓ, or 2r, or θ."""
        return 2 * self.sizes if self.kind == "radius" and self.space != "metric" else self.sizes

    def to_rows(self) -> list[dict[str, Any]]:
        """Return one plain dictionary per size, for tables.

        Examples
        --------
        >>> BoxCounts(np.array([1]), np.array([[4], [6]]), "memb", "radius", 9).to_rows()
        [{'size': 1, 'diameter_size': 2, 'n_boxes': 4, 'mean': 5.0, 'std': 1.0}]
        """
        columns = {
            "size": self.sizes,
            "diameter_size": self.diameter_sizes,
            "n_boxes": self.counts,
            "mean": self.mean,
            "std": self.std,
        }
        if self.lower_bounds is not None:
            columns["lower_bound"] = self.lower_bounds
        lists = {name: column.tolist() for name, column in columns.items()}
        return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write to a ``.npz`` or ``.json`` file, whole or not at all, and return its path."""
        from featgraph.boxes._storage import save_counts

        return save_counts(self, path)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> BoxCounts:
        """Read counts written by ``save``; nothing in the file is executed.

        Examples
        --------
        >>> import tempfile, pathlib
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "counts.json"
        >>> _ = BoxCounts(np.array([1]), np.array([[4]]), "memb", "radius", 9).save(path)
        >>> BoxCounts.load(path).counts
        array([4])
        """
        from featgraph.boxes._storage import load_counts

        return load_counts(path)
