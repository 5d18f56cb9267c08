"""The smallest number of boxes over many sizes, proven or bracketed within one time limit.

A cover by boxes of one size is a cover for every larger size, and a lower bound holds for every
smaller one, so sizes between two that agree need no work.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.columns import Hints
from featgraph.boxes.exact.problem import solve_exact
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.core.package import caller_level

__all__ = ["bracket_counts"]

Ints = NDArray[np.int64]

FIRST_LOOK = 32  # sizes spread over all of them that are looked at first
LEAST_SECONDS = 1e-3  # that a visit takes
AGAIN = 1.0  # part of its excess that work on a size takes away, less at every visit
MOST_VISITS = 20  # at one size; what it has not closed by then it never will
MOST_HINTS = 64  # sizes whose covers and prices are kept


class Brackets:
    """Certified bounds of the smallest count at rising sizes, and what work on them has found."""

    def __init__(self, space: MetricSpace, n_sizes: int) -> None:
        self.n_components = int(space.components.max()) + 1
        self.lower = np.full(n_sizes, self.n_components, dtype=np.int64)
        self.certified = self.lower.copy()  # without branch and bound in floating point
        self.upper = np.full(n_sizes, space.n_nodes, dtype=np.int64)
        self.visits = np.zeros(n_sizes, dtype=np.int64)
        self.seconds = np.zeros(n_sizes)  # that the last visit took
        self.labels: dict[int, Ints] = {}
        self.hints: dict[int, Hints] = {}
        self.interrupted = False

    @property
    def open(self) -> Ints:
        """Sizes at which the bounds do not meet."""
        return np.flatnonzero(self.lower < self.upper)

    def enter(self, s: int, cover: RawCover, hints: Hints) -> None:
        """Take a cover with its bound: it covers at larger sizes, the bound holds at smaller."""
        self.visits[s] += 1
        if cover.n_boxes <= self.upper[s]:
            self.labels[s] = cover.labels
        self.upper[s:] = np.minimum(self.upper[s:], cover.n_boxes)
        self.lower[: s + 1] = np.maximum(self.lower[: s + 1], cover.lower_bound or 1)
        certified = self.certified[: s + 1]
        np.maximum(certified, cover.certified_bound or 1, out=certified)
        if hints.shares.size:
            self.hints[s] = hints
        for other in [key for key in self.labels if self.lower[key] == self.upper[key]]:
            if len(self.labels) > MOST_HINTS:
                del self.labels[other]
        if len(self.hints) > MOST_HINTS:
            del self.hints[next(iter(self.hints))]

    def near(self, s: int) -> Hints:
        """Return what is known for size ``s``: the best cover below it, prices next to it."""
        below = [key for key in self.labels if key <= s]
        best = min(below, key=lambda key: (self.labels[key].max(), -key), default=None)
        nearest = min(self.hints, key=lambda key: abs(key - s), default=None)
        hints = Hints() if nearest is None else replace(self.hints[nearest])
        hints.labels = None if best is None else self.labels[best]
        return hints

    def most_rewarding(self) -> int:
        """Return the size at which work is expected to lower found / certified most per second.

        What is found and certified at a size is expected to lie between what was at the nearest
        sizes worked on, and carries up to them; its own bracket closes less at every visit. The
        work takes as long as theirs did.
        """
        visited = np.flatnonzero(self.visits)
        places = np.arange(self.visits.size)
        after = np.searchsorted(visited, places)
        sides = np.stack([np.maximum(after - 1, 0), np.minimum(after, visited.size - 1)])
        sides[0, visited] = sides[1, visited]
        near = visited[sides]
        seconds = np.maximum(self.seconds[near].mean(axis=0), LEAST_SECONDS)
        below, above = places - near[0], near[1] - places
        part = below / np.maximum(below + above, 1)
        ends = np.log([self.upper[near], np.maximum(self.lower[near], 1)])
        found, certified = np.exp(ends[:, 0] * (1.0 - part) + ends[:, 1] * part)
        carried = self.upper[near[0]] / np.maximum(self.lower[near[1]], 1)
        gain = carried * (above * (1.0 - found / self.upper[near[0]]))
        gain += carried * (below * (1.0 - np.maximum(self.lower[near[1]], 1) / certified))
        helped = 1 + np.minimum(below, above)
        gain += AGAIN * helped * (found / certified - 1.0) / (1.0 + self.visits) ** 2
        gain[(self.visits >= MOST_VISITS) | (self.lower >= self.upper)] = -1.0
        return int(np.argmax(gain / seconds))

    def describe(self) -> str:
        """Return the mean of found over certified counts, in words."""
        return f"found / certified {np.mean(self.upper / np.maximum(self.lower, 1)):.3f}"


def bracket_counts(
    space: MetricSpace,
    sizes: list[float],
    kind: str,
    clock: Clock,
    rng: np.random.Generator,
    bar: Any,
) -> tuple[Brackets, NDArray[np.bool_]]:
    """Return certified bounds of the smallest count from below and above for rising sizes.

    The second result tells which sizes a curve needs: those worked on, or proven by their
    neighbours, up to the first that leaves one box per component. What is carried to the others
    from afar is true but no point of a curve. After Ctrl+C the bounds so far come back.
    """
    brackets = Brackets(space, len(sizes))
    limited, shown = clock.start < clock.end, 0
    too_large: dict[int, MemoryError] = {}
    try:
        for s, own in _visits(brackets, clock, limited):
            hints, left = brackets.near(s), clock.left()
            try:
                cover = solve_exact(space, sizes[s], kind, own, rng, hints=hints)
            except MemoryError as error:
                too_large[s] = error
                brackets.visits[s] = MOST_VISITS
                continue
            brackets.enter(s, cover, hints)
            brackets.seconds[s] = left - clock.left() if math.isfinite(left) else 0.0
            if cover.interrupted:
                brackets.interrupted = True
                break
            now = len(sizes) - brackets.open.size
            bar.update(now - shown)
            bar.set_postfix_str(brackets.describe())
            shown = now
            if limited and clock.expired:
                break
    except KeyboardInterrupt:
        if not brackets.visits.any():
            raise
        brackets.interrupted = True
    reached = (brackets.visits > 0) | (brackets.lower == brackets.upper)
    for s in too_large:
        reached[s] = brackets.lower[s] == brackets.upper[s]
    if too_large:
        first = next(iter(too_large.values()))
        if not reached.any():
            raise first
        warnings.warn(f"some sizes were not worked on: {first}", stacklevel=caller_level())
    reached[1:] &= brackets.upper[:-1] > brackets.n_components
    return brackets, reached


def _visits(brackets: Brackets, clock: Clock, limited: bool) -> Iterator[tuple[int, Clock]]:
    """Yield open sizes to work on with their time: all, or some and then where it pays most."""
    for s in itertools.islice(_spread(brackets.lower.size), FIRST_LOOK if limited else None):
        if brackets.lower[s] < brackets.upper[s]:
            yield s, clock.share(1.0 / brackets.open.size)
    # Even shares: of every third size from 120 to 215 of 2048 Gaussian nodes 12 CPU seconds leave
    # a mean of 1.59, 1.5 times as long ones 1.64, 3 times as long ones 1.78, 0.6 times as long ones
    # 1.62; of every fourth from 96 to 223 of 512 nodes 8 seconds leave 1.111, twice as long 1.159.
    even = clock.left() / max(1, brackets.open.size)
    while limited and np.any(brackets.visits[brackets.open] < MOST_VISITS):
        s, left = brackets.most_rewarding(), clock.left()
        seconds = even * (1 + brackets.visits[s])
        yield s, clock.share(seconds / left if seconds < left else 1.0)


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
