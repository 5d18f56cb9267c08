"""BoxCounts: how many boxes each size needs, over repeated runs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.core.values import RandomState

if TYPE_CHECKING:
    from featgraph.boxes.metric_space import MetricSpace

__all__ = ["BoxCounts", "as_box_counts"]

SPACES = ("hop", "weighted", "metric")
KINDS = ("diameter", "none", "radius")


@dataclass(frozen=True, repr=False, eq=False)
class BoxCounts(Result):
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
    >>> counts.to_rows()[1]
    {'size': 2, 'diameter_size': 2, 'n_boxes': 3, 'mean': 3.0, 'std': 0.0}
    >>> import tempfile, pathlib
    >>> BoxCounts.load(counts.save(pathlib.Path(tempfile.mkdtemp()) / "counts.json"))
    BoxCounts(n_sizes=2, n_repeats=2, n_nodes=9, method='cbb', kind='diameter', space='hop')
    """

    _picture: ClassVar = "plot_box_counts"
    _shown: ClassVar = ("n_sizes", "n_repeats", "n_nodes", "method", "kind", "space")
    _rules: ClassVar = {
        "sizes": Rule("n_sizes", least=0, rising=True, finite=True),
        "counts_per_repeat": Rule("n_repeats n_sizes", least=0, finite=True),
        "lower_bounds": Rule("n_sizes", least=0),
        "n_nodes": Rule(least=1),
        "epsilon": Rule(least=0),
    }

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
        object.__setattr__(self, "sizes", np.asarray(self.sizes))
        counts = np.atleast_2d(np.asarray(self.counts_per_repeat))
        object.__setattr__(self, "counts_per_repeat", counts)
        super().__post_init__()
        if counts.size == 0:
            raise ValueError("sizes must hold at least one number, and every size one count")
        # Fuzzy counts are no boxes: with hardly any overlap they exceed the nodes by a little.
        least, most = (0, math.inf) if self.kind == "none" else (1, self.n_nodes)
        if not least <= counts.min() <= counts.max() <= most:
            raise ValueError(
                f"counts_per_repeat must lie in {least} … {most} (n_nodes), "
                f"got {counts.min()} … {counts.max()}"
            )
        if self.lower_bounds is not None and (self.lower_bounds > self.counts).any():
            raise ValueError("lower_bounds must be at most the counts of their sizes")

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

    def _columns(self) -> Mapping[str, object]:
        columns = {
            "size": self.sizes,
            "diameter_size": self.diameter_sizes,
            "n_boxes": self.counts,
            "mean": self.mean,
            "std": self.std,
        }
        if self.lower_bounds is not None:
            columns["lower_bound"] = self.lower_bounds
        return columns

    def _curve(self) -> tuple[object, object]:
        return self.diameter_sizes, self.counts


def as_box_counts(
    space: MetricSpace,
    sizes: Iterable[float],
    counts: NDArray[Any],
    method: str,
    kind: str,
    rng: RandomState,
    options: dict[str, object],
    **about: Any,
) -> BoxCounts:
    """Return counts of many sizes in ``space``, with all that made them."""
    return BoxCounts(
        sizes=np.asarray(sizes, dtype=np.int64 if space.name == "hop" else np.float64),
        counts_per_repeat=counts,
        method=method,
        kind=kind,
        n_nodes=space.n_nodes,
        space=space.name,
        seed=int(rng) if isinstance(rng, int | np.integer) else None,
        options=options,
        **about,
    )
