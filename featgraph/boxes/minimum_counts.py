"""The smallest number of boxes over many sizes, proven or bracketed within one time limit."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes._opening import open_data
from featgraph.boxes._sizes import check_sizes, default_sizes, kind_sizes
from featgraph.boxes.counts import BoxCounts
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.methods.optimum import KINDS, answer_size
from featgraph.boxes.metric_space import MetricSpace
from featgraph.core.caller import caller_level
from featgraph.core.checks import choice, positive
from featgraph.core.progress import progress_bar
from featgraph.core.random import RandomState, as_rng

__all__ = ["minimum_box_counts"]

Ints = NDArray[np.int64]

#: Of the time that is left: half for a first look at all sizes, then all of it, again and again,
#: for those that are still open.
SHARES = (0.5, 1.0, 1.0, 1.0)


def minimum_box_counts(
    graph: Any,
    *,
    sizes: Iterable[float] | None = None,
    kind: str = "diameter",
    time_limit: float | None = 30.0,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
    progress: bool | None = None,
) -> BoxCounts:
    """Count the boxes that each size needs at least, and prove it.

    The same as ``minimum_box_cover`` at every size, for less: a cover by boxes of one size is
    a cover for every larger size, and a lower bound holds for every smaller one, so sizes
    between two that agree need no work; and the sizes share one time limit, of which easy
    ones leave most to the others.

    Parameters
    ----------
    graph : graph, FeatureMatrix, or tensor or array of shape (D, B)
        As in ``minimum_box_cover``.
    sizes : iterable of numbers, optional
        Sizes, made rising and distinct; default: as in ``box_counts``, less those that the
        time does not reach.
    kind : {"diameter", "radius"}, default="diameter"
        What ``sizes`` bound. On features sizes are diameters θ for both kinds, as in
        ``box_counts``.
    time_limit : float or None, default=30.0
        Seconds for all sizes together, at least 0; None: until all are proven. With 0 every
        size gets a quick cover and a quick bound, however long these take. Named sizes that get
        no time, or whose pairs would not fit into memory, have the bounds of their neighbours.
    weight : str, optional
        Name of the edge weights that are distances; default: hops.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of randomness of the searches. Counts that are proven do not depend on it.
    progress : bool or None, default=None
        Show a progress bar; None: if stderr is a terminal.

    Returns
    -------
    BoxCounts
        The smallest counts found, never rising with size, and ``lower_bounds``; ``proven``
        tells where they meet.

    Raises
    ------
    ValueError
        If ``kind`` is unknown, or a size or ``time_limit`` is negative.
    MemoryError
        If there is no size whose pairs fit into memory.

    References
    ----------
    See ``minimum_box_cover``.

    Examples
    --------
    >>> import networkx
    >>> counts = minimum_box_counts(networkx.path_graph(10), sizes=range(5))
    >>> counts.counts, bool(counts.proven.all())
    (array([10,  5,  4,  3,  2]), True)
    """
    choice(kind, KINDS, "kind")
    limit = None if time_limit is None else positive(time_limit, "time_limit", zero=True)
    generator = as_rng(rng)
    space, about = open_data(graph, weight, as_undirected)
    chosen = default_sizes(space) if sizes is None else check_sizes(space, sizes)
    scaled = kind_sizes(space, chosen, kind)
    with progress_bar(total=len(chosen), progress=progress, label="sizes proven") as bar:
        lower, upper, reached = _bracket(space, scaled, kind, Clock(limit), generator, bar)
    n_components = int(space.components.max()) + 1
    kept = np.ones(len(chosen), dtype=np.bool_)
    if sizes is None:
        # What is carried from afar is true but no point of a curve; one end of it is enough.
        kept = reached.copy()
        kept[1:] &= upper[:-1] > n_components
        lower, upper = lower[kept], upper[kept]
    return BoxCounts(
        sizes=np.asarray(chosen, dtype=np.int64 if space.name == "hop" else np.float64)[kept],
        counts_per_repeat=upper[None],
        method="optimum",
        kind=kind,
        n_nodes=space.n_nodes,
        space=space.name,
        lower_bounds=lower,
        seed=int(rng) if isinstance(rng, int | np.integer) else None,
        options={"kind": kind, "time_limit": limit},
        **about,
    )


def _bracket(
    space: MetricSpace,
    sizes: list[float],
    kind: str,
    clock: Clock,
    rng: np.random.Generator,
    bar: Any,
) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Return certified bounds of the smallest count from below and above for rising sizes.

    The third array tells which sizes were worked on, or proven by their neighbours.
    """
    n_sizes = len(sizes)
    lower = np.full(n_sizes, int(space.components.max()) + 1, dtype=np.int64)
    upper = np.full(n_sizes, space.n_nodes, dtype=np.int64)
    reached = np.zeros(n_sizes, dtype=np.bool_)
    too_large: MemoryError | None = None
    limited, shown = clock.start < clock.end, 0
    for share in SHARES if limited else (1.0,):
        own = clock.share(share)
        waiting = [s for s in _spread(n_sizes) if lower[s] < upper[s]]
        for left, s in zip(range(len(waiting), 0, -1), waiting, strict=True):
            if lower[s] < upper[s]:
                try:
                    answer = answer_size(space, sizes[s], kind, own.share(1.0 / left), rng)
                except MemoryError as error:
                    too_large = error
                    continue
                reached[s] = True
                upper[s:] = np.minimum(upper[s:], int(answer.labels.max()) + 1)
                lower[: s + 1] = np.maximum(lower[: s + 1], answer.lower_bound)
            now = int(np.count_nonzero(lower == upper))
            bar.update(now - shown)
            shown = now
            if limited and clock.expired:
                break
        if limited and clock.expired:
            break
    reached |= lower == upper
    if too_large is not None:
        if not reached.any():
            raise too_large
        warnings.warn(f"some sizes were not worked on: {too_large}", stacklevel=caller_level())
    return lower, upper, reached


def _spread(n_sizes: int) -> Iterator[int]:
    """Yield each index once, both ends first, then always the middle of what lies between.

    Examples
    --------
    >>> list(_spread(6))
    [0, 5, 2, 1, 3, 4]
    """
    yield from dict.fromkeys((0, n_sizes - 1))
    gaps = [(0, n_sizes - 1)]
    while gaps:
        for low, high in gaps:
            if high - low > 1:
                yield (low + high) // 2
        gaps = [
            pair
            for low, high in gaps
            if high - low > 1
            for pair in itertools.pairwise((low, (low + high) // 2, high))
        ]
