"""Neurons with the same activations are one: nothing is measured or solved for their copies."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.feature_space import FeatureSpace, holds_features, open_space
from featgraph.boxes.metric_space import MetricSpace, RawCover

__all__ = ["DistinctSpace", "open_distinct"]

Ints = NDArray[np.int64]


class DistinctSpace(NamedTuple):
    """A space in which no two nodes are the same, and what it stands for.

    ``first`` is the first neuron of each node of ``space`` and ``node`` the node of each neuron;
    both are None where all are distinct.
    """

    space: MetricSpace
    about: dict[str, Any]
    first: Ints | None = None
    node: Ints | None = None

    @property
    def n_nodes(self) -> int:
        """Number of neurons, copies included."""
        return self.space.n_nodes if self.node is None else self.node.size

    def spread(self, cover: RawCover) -> RawCover:
        """Return the cover with every neuron in the box of its node."""
        if self.first is None or self.node is None:
            return cover
        centers = None if cover.centers is None else self.first[cover.centers]
        return cover._replace(labels=cover.labels[self.node], centers=centers)


def open_distinct(data: Any, weight: str | None, as_undirected: bool) -> DistinctSpace:
    """Return the space of a graph, or of the distinct neurons of features.

    Distances that are given in place of features stay as they are.

    Examples
    --------
    >>> opened = open_distinct(np.array([[0.0], [2.0], [0.0], [0.0]]), None, False)
    >>> opened.space.n_nodes, opened.n_nodes, opened.node.tolist()
    (2, 4, [0, 1, 0, 0])
    """
    if not holds_features(data):
        return DistinctSpace(*open_space(data, weight, as_undirected))
    from featgraph.core.checks import naming
    from featgraph.features import as_feature_matrix

    with naming("graph"):  # features stand where covers take a graph
        matrix = as_feature_matrix(data)
    values = matrix.values.detach()
    numbers: dict[bytes, int] = {}
    rows = values.cpu().numpy() + 0.0  # no row has a zero of the other sign
    node = np.array([numbers.setdefault(row.tobytes(), len(numbers)) for row in rows])
    node[-1] += len(numbers) == 1  # features have two nodes at least
    first = np.unique(node, return_index=True)[1]
    if first.size == node.size:
        return DistinctSpace(*open_space(matrix, weight, as_undirected))
    space, _ = open_space(values[first.tolist()], None, False)
    if isinstance(space, FeatureSpace):
        space.shortest = 0.0  # between copies
    return DistinctSpace(space, {"layer": matrix.layer}, first, node)
