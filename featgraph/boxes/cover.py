"""BoxCover: one covering of a graph by boxes, and all that is needed to check it."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.core.values import RandomState
from featgraph.graph.convert import GraphLike

if TYPE_CHECKING:
    from featgraph.boxes.metric_space import MetricSpace, RawCover

__all__ = ["BoxCover", "as_box_cover"]

KINDS = ("diameter", "radius")


@dataclass(frozen=True, repr=False, eq=False)
class BoxCover(Result):
    """A covering of the nodes of a graph by boxes of one size.

    A *diameter* box holds nodes at most ``size`` apart, a *radius* box nodes at most ``size``
    from its centre; both bounds are inclusive and distances are those in the whole graph.
    Nodes of different components never share a box.

    Parameters
    ----------
    labels : ndarray of int64, shape (n_nodes,)
        Number of the box of each node, 0 … n_boxes − 1, each number in use.
    size : float
        Largest distance inside a diameter box, or radius of a radius box: whole hops, or a
        real number where distances are weights or features' distances.
    kind : {"diameter", "radius"}
        Which of the two ``size`` bounds.
    method : str
        Algorithm that made the boxes, a key of METHODS.
    centers : ndarray of int64, shape (n_boxes,), optional
        Centre node of each radius box. With some methods a centre lies in an older box.
    node_labels : tuple of hashables, length n_nodes, optional
        The user's names of the nodes; None stands for 0 … n_nodes − 1.
    seed : int, optional
        Seed that repeats the run, where one was given.
    lower_bound : int, optional
        Certified lower bound of the smallest possible number of boxes of this size and kind.
    options : mapping
        Options of the method that were used.
    overlaps : pair of ndarray of int64, optional
        Boxes before overlaps were resolved: (indptr of shape (n_boxes + 1,), members); box b
        holds ``members[indptr[b]:indptr[b + 1]]``. None if the boxes never overlapped.

    Raises
    ------
    ValueError
        If labels are not dense from 0, ``kind`` is unknown, or shapes disagree.

    Examples
    --------
    >>> cover = BoxCover(np.array([0, 0, 1]), size=1, kind="diameter", method="greedy")
    >>> cover
    BoxCover(n_boxes=2, n_nodes=3, size=1, kind='diameter', method='greedy')
    >>> cover.masses
    array([2, 1])
    """

    _shown: ClassVar = ("n_boxes", "n_nodes", "size", "kind", "method", "lower_bound")
    _rules: ClassVar = {
        "labels": Rule("n_nodes", shortest=1),
        "centers": Rule("n_boxes"),
        "size": Rule(least=0, finite=True),
        "lower_bound": Rule(least=0),
    }

    labels: NDArray[np.int64]
    size: float
    kind: str
    method: str
    centers: NDArray[np.int64] | None = None
    node_labels: tuple[Hashable, ...] | None = None
    seed: int | None = None
    lower_bound: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    overlaps: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.kind not in KINDS:
            raise ValueError(f"kind must be one of {sorted(KINDS)}, got {self.kind!r}")
        labels = self.labels.astype(np.int64, copy=False)
        # The largest first: counting to a label of 10^12 would ask for its memory.
        if labels.min() < 0 or labels.max() >= labels.size or np.bincount(labels).min() == 0:
            raise ValueError("labels must be the box numbers 0 … n_boxes - 1, each in use")
        object.__setattr__(self, "labels", labels)
        if self.lower_bound is not None and self.lower_bound > self.n_boxes:
            raise ValueError(
                f"lower_bound must be at most n_boxes = {self.n_boxes}, got {self.lower_bound}"
            )
        for name, expected in (("centers", self.n_boxes), ("node_labels", labels.size)):
            given = getattr(self, name)
            if given is not None and len(given) != expected:
                kind = "box" if name == "centers" else "node"
                raise ValueError(
                    f"{name} must be one per {kind} of labels, got {len(given)} for {expected}"
                )
        if self.centers is not None:
            self._check_nodes("centers", self.centers)
        if self.overlaps is not None:
            starts, members = map(np.atleast_1d, self.overlaps)
            ends = (starts[0], starts[-1]) if len(starts) == self.n_boxes + 1 else None
            if ends != (0, len(members)) or (np.diff(starts) < 0).any():
                raise ValueError("overlaps must hold one box for each label, one after another")
            self._check_nodes("overlaps", members)

    def _check_nodes(self, name: str, nodes: object) -> None:
        given = np.asarray(nodes)
        if given.ndim != 1 or (given.size and not 0 <= given.min() <= given.max() < self.n_nodes):
            raise ValueError(f"{name} must be nodes from 0 to {self.n_nodes - 1}, those of labels")

    @classmethod
    def _from_old(cls, about: dict[str, Any], arrays: dict[str, Any]) -> dict[str, Any]:
        values = super()._from_old(about, arrays)
        if "overlap_indptr" in values:
            values["overlaps"] = [values.pop("overlap_indptr"), values.pop("overlap_members", None)]
        return values

    @property
    def n_nodes(self) -> int:
        """Number of nodes covered."""
        return self.labels.size

    @property
    def n_boxes(self) -> int:
        """Number of boxes, N_B."""
        return int(self.labels.max()) + 1

    @property
    def masses(self) -> NDArray[np.int64]:
        """Number of nodes in each box, shape (n_boxes,)."""
        return np.bincount(self.labels)

    @property
    def diameter_size(self) -> float:
        """Size as a diameter: ℓ of diameter boxes, 2r of radius boxes."""
        return self.size if self.kind == "diameter" else 2 * self.size

    @property
    def is_optimal(self) -> bool:
        """True if the lower bound is known and met."""
        return self.lower_bound is not None and self.lower_bound >= self.n_boxes

    def boxes(self) -> list[list[Hashable]]:
        """Return the members of each box by the user's names, in node order.

        Examples
        --------
        >>> labels = np.array([0, 1, 0])
        >>> BoxCover(labels, 2, "diameter", "greedy", node_labels=("a", "b", "c")).boxes()
        [['a', 'c'], ['b']]
        """
        found: list[list[Hashable]] = [[] for _ in range(self.n_boxes)]
        names = range(self.n_nodes) if self.node_labels is None else self.node_labels
        for name, box in zip(names, self.labels.tolist(), strict=True):
            found[box].append(name)
        return found

    def validate(
        self, graph: GraphLike, *, weight: str | None = None, as_undirected: bool = False
    ) -> None:
        """Check every promise against ``graph``; return if all hold.

        Parameters
        ----------
        graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
            The graph that was covered.
        weight : str, optional
            Name of the edge weights that are distances, or "ignore"; default: hops.
        as_undirected : bool, default=False
            Read a directed graph by forgetting directions.

        Raises
        ------
        ValueError
            Naming the first violation: another number of nodes, two members of a diameter box
            farther apart than ``size``, or a member of a radius box farther from the centre.

        Notes
        -----
        One search cut off at ``size`` per node (diameter boxes) or per box (radius boxes):
        no distance table, O(n_nodes + n_edges) memory.

        Examples
        --------
        >>> import networkx
        >>> path = networkx.path_graph(3)
        >>> BoxCover(np.array([0, 0, 0]), 2, "diameter", "greedy").validate(path)
        >>> BoxCover(np.array([0, 0, 0]), 1, "diameter", "greedy").validate(path)
        Traceback (most recent call last):
        ValueError: box 0 holds nodes 0 and 2, which are farther apart than size 1
        """
        from featgraph.boxes.metric_space import RawCover, open_graph_space
        from featgraph.boxes.validation import check_boxes

        space = open_graph_space(graph, weight=weight, as_undirected=as_undirected)
        found = RawCover(self.labels, self.centers, self.overlaps)
        check_boxes(found, space, self.size, self.kind, self.node_labels)


def as_box_cover(
    cover: RawCover,
    space: MetricSpace,
    size: float,
    method: str,
    kind: str,
    rng: RandomState,
    options: dict[str, Any],
) -> BoxCover:
    """Return what an algorithm found in ``space``, with all that made it."""
    graph = getattr(space, "graph", None)  # features have none
    options = {**options, **({"interrupted": True} if cover.interrupted else {})}
    if cover.certified_bound != cover.lower_bound:
        options["certified_bound"] = cover.certified_bound
    return BoxCover(
        labels=cover.labels,
        size=size,
        kind=kind,
        method=method,
        centers=cover.centers if kind == "radius" else None,
        node_labels=None if graph is None else graph.labels,
        seed=int(rng) if isinstance(rng, int | np.integer) else None,
        lower_bound=cover.lower_bound,
        options=options,
        overlaps=cover.overlaps,
    )
