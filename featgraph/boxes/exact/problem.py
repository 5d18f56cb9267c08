"""A graph and a size as a problem in parts, and the answer put together from them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.centers import join_centers
from featgraph.boxes.exact.clique_cover import split_relation
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.parts import Part
from featgraph.boxes.exact.reductions import lift_labels, reduce_cliques
from featgraph.boxes.exact.relation import add_self_pairs, list_pairs
from featgraph.boxes.exact.set_cover import Covering, split_covering
from featgraph.boxes.metric_space import MetricSpace

__all__ = ["Answer", "BallProblem", "CliqueProblem", "Problem", "open_problem"]

Ints = NDArray[np.int64]


class Answer(NamedTuple):
    """Best cover found: labels from 0, a certified lower bound, centres of radius boxes."""

    labels: Ints
    lower_bound: int
    centers: Ints | None = None
    interrupted: bool = False


class Problem(Protocol):
    """Parts to be worked on, and their covers as one."""

    @property
    def parts(self) -> Sequence[Part]:
        """Parts that share no node and no box."""

    @property
    def lower_bound(self) -> int:
        """Certified number of boxes that are needed."""

    def answer(self, rng: np.random.Generator, *, interrupted: bool = False) -> Answer:
        """Return the cover of all nodes."""


class CliqueProblem:
    """Diameter boxes: cliques of a relation, given as CSR rows."""

    def __init__(self, indptr: Ints, indices: Ints, clock: Clock) -> None:
        self.n_nodes = indptr.size - 1
        self.kernel = reduce_cliques(indptr, indices, clock)
        self.parts = split_relation(indptr, indices, self.kernel.nodes)

    @property
    def lower_bound(self) -> int:
        """Certified number of boxes that are needed."""
        return sum(part.lower for part in self.parts)

    def answer(self, rng: np.random.Generator, *, interrupted: bool = False) -> Answer:
        """Return the cover of all nodes; those taken out join the boxes of their hosts."""
        del rng
        labels = np.empty(self.n_nodes, dtype=np.int64)
        n_boxes = 0
        for part in self.parts:
            labels[part.nodes] = part.labels + n_boxes
            n_boxes += part.upper
        lifted = lift_labels(self.kernel, labels[self.kernel.nodes], self.n_nodes)
        return Answer(lifted, self.lower_bound, None, interrupted)


class BallProblem:
    """Radius boxes: rows of a relation, each with its own node."""

    def __init__(self, space: MetricSpace, size: float, clock: Clock) -> None:
        self.space = space
        self.size = size
        balls = add_self_pairs(*list_pairs(space, size))
        self.parts = split_covering(Covering(*balls, *balls), clock)

    @property
    def lower_bound(self) -> int:
        """Certified number of boxes that are needed."""
        return sum(part.lower for part in self.parts)

    def answer(self, rng: np.random.Generator, *, interrupted: bool = False) -> Answer:
        """Return the cover of all nodes, each in the box of a nearest centre."""
        chosen = [part.columns[part.chosen] for part in self.parts]
        centers = np.sort(np.concatenate(chosen))
        rows = self.space.rows(self.size)
        labels = join_centers(self.space, rows, self.size, centers, rng)
        return Answer(labels, self.lower_bound, centers, interrupted)


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
