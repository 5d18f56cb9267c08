"""The smallest number of boxes over many sizes, proven or bracketed within one time limit.

A cover by boxes of one size is a cover for every larger size, and a lower bound holds for every
smaller one, so sizes between two that agree need no work.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.problem import solve_exact
from featgraph.boxes.metric_space import MetricSpace
from featgraph.core.caller import caller_level

__all__ = ["bracket_counts"]

Ints = NDArray[np.int64]

#: Of the time that is left: half for a first look at all sizes, then all of it, again and again,
#: for those that are still open.
SHARES = (0.5, 1.0, 1.0, 1.0)


def bracket_counts(
    space: MetricSpace,
    sizes: list[float],
    kind: str,
    clock: Clock,
    rng: np.random.Generator,
    bar: Any,
) -> tuple[Ints, Ints, NDArray[np.bool_]]:
    """Return certified bounds of the smallest count from below and above for rising sizes.

    The third array tells which sizes a curve needs: those worked on, or proven by their
    neighbours, up to the first that leaves one box per component. What is carried to the others
    from afar is true but no point of a curve.
    """
    n_sizes, n_components = len(sizes), int(space.components.max()) + 1
    lower = np.full(n_sizes, n_components, dtype=np.int64)
    upper = np.full(n_sizes, space.n_nodes, dtype=np.int64)
    reached = np.zeros(n_sizes, dtype=np.bool_)
    too_large: MemoryError | None = None
    limited, shown = clock.start < clock.end, 0
    for share in SHARES if limited else (1.0,):
        own = clock.share(share)
        waiting = [s for s in _spread(n_sizes) if lower[s] < upper[s]]
        for left, s in zip(range(len(waiting), 0, -1), waiting, strict=True):
            if lower[s] == upper[s]:
                continue
            try:
                cover = solve_exact(space, sizes[s], kind, own.share(1.0 / left), rng)
            except MemoryError as error:
                too_large = error
                continue
            if cover.interrupted:
                raise KeyboardInterrupt  # whoever asks for many sizes wants to stop them all
            reached[s] = True
            upper[s:] = np.minimum(upper[s:], cover.n_boxes)
            lower[: s + 1] = np.maximum(lower[: s + 1], cover.lower_bound or 1)
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
    reached[1:] &= upper[:-1] > n_components
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
