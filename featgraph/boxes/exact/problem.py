"""A graph and a size as a problem in parts, worked on within one time limit."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.centers import join_centers
from featgraph.boxes.exact.clique_cover import CliquePart, split_relation
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.columns import Hints
from featgraph.boxes.exact.narrow_graphs import find_centers
from featgraph.boxes.exact.reductions import add_self_pairs, lift_labels, list_pairs, reduce_cliques
from featgraph.boxes.exact.set_cover import Covering, CoveringPart, split_covering
from featgraph.boxes.metric_space import HopSpace, MetricSpace, RawCover
from featgraph.boxes.threads import run_beside
from featgraph.core.progress import track_progress

__all__ = [
    "BallProblem",
    "CliqueProblem",
    "Part",
    "Problem",
    "open_problem",
    "run_parts",
    "solve_exact",
]

Ints = NDArray[np.int64]

LABELS = {"pack": "packings", "improve": "boxes and bounds", "solve_exact": "integer programmes"}


class Part(Protocol):
    """Anything with a best cover and a bound that can be worked on stage by stage.

    ``certified`` is the part of ``lower`` that was proven in whole numbers, without branch and
    bound in floating point.
    """

    lower: int
    certified: int

    @property
    def upper(self) -> int:
        """Number of boxes of the best cover."""

    @property
    def weight(self) -> int:
        """Share of the time that this part may take."""

    def is_open(self) -> bool:
        """Whether a smaller cover may exist."""

    def start(self) -> None:
        """Take the bounds that cost next to nothing."""

    def pack(self, clock: Clock, rng: np.random.Generator) -> None:
        """Take the best bound that a short search gives."""

    def improve(self, clock: Clock, rng: np.random.Generator) -> None:
        """Search, bound, and solve what is easy."""

    def solve_exact(self, clock: Clock, rng: np.random.Generator) -> None:
        """Spend the rest of the time on the gap."""


def run_parts(
    parts: Sequence[Part],
    clock: Clock,
    rng: np.random.Generator,
    *,
    stages: Sequence[str] = ("improve", "solve_exact"),
    progress: bool | None = False,
) -> bool:
    """Work on every part, small ones first; return whether Ctrl+C ended it early.

    Every part first gets its cheap bounds. Then every stage is run on all parts that are open,
    each with a share of the remaining time by its weight; time that a part leaves goes to those
    after it.
    """
    try:
        for part in parts:
            part.start()
        for stage in stages:
            waiting = sorted((part for part in parts if part.is_open()), key=lambda p: p.weight)
            left = sum(part.weight for part in waiting)
            for part in track_progress(waiting, progress=progress, label=LABELS[stage]):
                if clock.expired:
                    return False
                work = {
                    "pack": part.pack,
                    "improve": part.improve,
                    "solve_exact": part.solve_exact,
                }[stage]
                work(clock.share(part.weight / max(left, 1)), rng)
                left -= part.weight
    except KeyboardInterrupt:
        return True
    return False


class Problem(ABC):
    """Parts that share no node and no box, and their covers as one."""

    parts: Sequence[Part]

    @property
    def lower_bound(self) -> int:
        """Number of boxes that are needed."""
        return sum(part.lower for part in self.parts)

    @abstractmethod
    def join_covers(self, rng: np.random.Generator) -> RawCover:
        """Return the cover of all nodes."""

    def cover(self, rng: np.random.Generator, *, interrupted: bool = False) -> RawCover:
        """Return the cover of all nodes with its bounds."""
        return self.join_covers(rng)._replace(
            lower_bound=self.lower_bound,
            certified_bound=sum(part.certified for part in self.parts),
            interrupted=interrupted,
        )


class CliqueProblem(Problem):
    """Diameter boxes: cliques of a relation, given as CSR rows."""

    def __init__(self, indptr: Ints, indices: Ints, clock: Clock) -> None:
        self.n_nodes = indptr.size - 1
        self.kernel = reduce_cliques(indptr, indices, clock.share(0.5))
        self.parts: list[CliquePart] = split_relation(indptr, indices, self.kernel.nodes)

    def join_covers(self, rng: np.random.Generator) -> RawCover:
        """Return the cover of all nodes; those taken out join the boxes of their hosts."""
        del rng
        labels = np.empty(self.n_nodes, dtype=np.int64)
        n_boxes = 0
        for part in self.parts:
            labels[part.nodes] = part.labels + n_boxes
            n_boxes += part.upper
        lifted = lift_labels(self.kernel, labels[self.kernel.nodes], self.n_nodes)
        return RawCover(lifted)


class BallProblem(Problem):
    """Radius boxes: rows of a relation, each with its own node."""

    def __init__(self, space: MetricSpace, size: float, clock: Clock) -> None:
        self.space = space
        self.size = size
        balls = add_self_pairs(*list_pairs(space, size))
        self.parts: list[CoveringPart] = split_covering(Covering(*balls, *balls), clock)

    def join_covers(self, rng: np.random.Generator) -> RawCover:
        """Return the cover of all nodes, each in the box of a nearest centre."""
        chosen = [part.columns[part.chosen] for part in self.parts]
        centers = np.sort(np.concatenate(chosen))
        rows = self.space.rows(self.size)
        labels = join_centers(self.space, rows, self.size, centers, rng)
        return RawCover(labels, centers)


def open_problem(space: MetricSpace, size: float, kind: str, clock: Clock) -> Problem:
    """Return the problem of covering ``space`` by boxes of a kind and size, reduced and split.

    Raises
    ------
    MemoryError
        If the pairs within ``size`` would not fit into memory.
    """
    if kind == "radius":
        return BallProblem(space, size, clock)
    return CliqueProblem(*list_pairs(space, size), clock)


def solve_exact(
    space: MetricSpace,
    size: float,
    kind: str,
    clock: Clock,
    rng: np.random.Generator,
    progress: bool | None = False,
    hints: Hints | None = None,
) -> RawCover:
    """Return the smallest cover and the best bound that are found until the clock runs out.

    Work on diameter boxes starts from ``hints`` and leaves there what it found.
    """
    known = space.trivial_cover(size)
    if known is not None:
        return known._replace(lower_bound=known.n_boxes, certified_bound=known.n_boxes)
    if space.is_quick:
        problem = open_problem(space, size, kind, clock)
    else:  # Ctrl-C has an effect while pairs are listed and reduced
        problem = run_beside(lambda: open_problem(space, size, kind, clock))
    if isinstance(problem, BallProblem) and any(part.is_open() for part in problem.parts):
        try:
            narrow = _cover_narrow_graph(space, size, clock, rng)
        except KeyboardInterrupt:
            return problem.cover(rng, interrupted=True)
        if narrow is not None:
            return narrow
    if hints is not None and isinstance(problem, CliqueProblem):
        for part in problem.parts:
            part.take_hints(hints)
    interrupted = run_parts(problem.parts, clock, rng, progress=progress)
    if hints is not None and isinstance(problem, CliqueProblem):
        found = Hints(prices=np.zeros(space.n_nodes))
        for part in problem.parts:
            part.give_hints(found)
        if found.shares.size:
            hints.boxes, hints.shares, hints.prices = found.boxes, found.shares, found.prices
    return problem.cover(rng, interrupted=interrupted)


def _cover_narrow_graph(
    space: MetricSpace, size: float, clock: Clock, rng: np.random.Generator
) -> RawCover | None:
    """Return a smallest cover by balls of a graph of small treewidth, or None for others."""
    if not isinstance(space, HopSpace):
        return None
    centers = find_centers(space.graph, int(size), clock)
    if centers is None:
        return None
    labels = join_centers(space, space.rows(size), size, centers, rng)
    n_boxes = centers.size
    return RawCover(labels, centers, lower_bound=n_boxes, certified_bound=n_boxes)
