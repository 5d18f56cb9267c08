"""The graph of a network's weights: units are vertices, connections are edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.weights.units import link_matrix

if TYPE_CHECKING:
    from torch import nn

    from featgraph.weights.units import Link

__all__ = ["WeightGraph"]

#: Filtration value of the strongest edge, above 0 as in the published code.
SMALLEST = 1e-6


@dataclass(frozen=True, repr=False, eq=False)
class WeightGraph(Result):
    """Undirected graph of the weights of a network.

    Attributes
    ----------
    edges : ndarray of int, shape (n_edges, 2)
        Unit and unit of each connection; no pair stands twice.
    weights : ndarray of float, shape (n_edges,)
        Strength |w| ≥ 0 of each connection.
    n_nodes : int
        Number of units: inputs, neurons or channels, and one per bias.
    layered : bool
        Whether the graph is known to have no odd cycles (a plain stack of layers), hence no
        triangles; False leaves the question open.
    source : str or None
        The model.

    Examples
    --------
    >>> WeightGraph.from_matrices([np.ones((3, 2)), np.ones((1, 3))])
    WeightGraph(n_nodes=6, n_edges=9, layered=True)
    """

    _shown: ClassVar = ("n_nodes", "n_edges", "layered", "source")
    _rules: ClassVar = {
        "edges": Rule("n_edges *", least=0),
        "weights": Rule("n_edges", least=0, finite=True),
    }

    edges: NDArray[np.int64]
    weights: NDArray[np.float64]
    n_nodes: int
    layered: bool = False
    source: str | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.edges.shape != (len(self.weights), 2) or not len(self.weights):
            raise ValueError(
                "edges must have shape (n_edges, 2) with one weight each and at least one edge, "
                f"got {self.edges.shape} and {self.weights.shape}"
            )
        if self.edges.min() < 0 or self.edges.max() >= self.n_nodes:
            raise ValueError(f"edges must name nodes from 0 to n_nodes - 1 = {self.n_nodes - 1}")

    @property
    def filtration(self) -> NDArray[np.float64]:
        """Value at which each edge enters: max(1 − |w|/M, 10⁻⁶), M the largest |w|.

        Strong connections enter first; all values lie in (0, 1]. Raises if all weights are 0.
        """
        largest = float(self.weights.max())
        if not largest > 0:
            raise ValueError("weights must not all be 0: there is no strongest one to scale by")
        return np.maximum(1 - self.weights / largest, SMALLEST)

    @classmethod
    def from_matrices(
        cls,
        matrices: Sequence[ArrayLike],
        *,
        biases: Sequence[ArrayLike | None] | None = None,
        source: str | None = None,
    ) -> WeightGraph:
        """Build the graph of a stack of dense layers.

        Parameters
        ----------
        matrices : sequence of array-like, shapes (n_out, n_in)
            Weights, first layer first; n_in of each is n_out of the one before.
        biases : sequence of array-like of shape (n_out,) or None, optional
            Biases of each layer; each becomes a unit of its own.
        source : str, optional
            Name kept in the result.

        Returns
        -------
        WeightGraph
            Layered.

        Raises
        ------
        ValueError
            If shapes do not fit together or a value is not finite.
        """
        arrays = [np.asarray(m, dtype=np.float64) for m in matrices]
        if not arrays or any(a.ndim != 2 for a in arrays):
            raise ValueError("matrices must be at least one array of shape (n_out, n_in)")
        for before, after in pairwise(arrays):
            if after.shape[1] != before.shape[0]:
                raise ValueError(
                    f"matrices must chain: {after.shape[1]} inputs follow {before.shape[0]} outputs"
                )
        given = [None] * len(arrays) if biases is None else list(biases)
        if len(given) != len(arrays):
            raise ValueError(f"biases must hold {len(arrays)} items, got {len(given)}")
        builder = _Builder(arrays[0].shape[1] + sum(a.shape[0] for a in arrays))
        sources, start = np.arange(arrays[0].shape[1]), arrays[0].shape[1]
        for array, bias in zip(arrays, given, strict=True):
            targets = np.arange(start, start + array.shape[0])
            builder.add_matrix(np.abs(array), sources, targets)
            if bias is not None:
                offsets = np.asarray(bias, dtype=np.float64)
                if offsets.shape != targets.shape:
                    raise ValueError(
                        f"biases must hold one number per output, shape {targets.shape}, got shape "
                        f"{offsets.shape}"
                    )
                builder.add_bias(offsets, targets)
            sources, start = targets, start + array.shape[0]
        return builder.build(layered=True, source=source)

    @classmethod
    def from_model(
        cls, model: nn.Module, *, bias: bool = True, fold_batchnorm: bool = True
    ) -> WeightGraph:
        """Read the graph of its weights off a network.

        The rule, stated once for all networks:

        * a unit is an input, a neuron of a dense layer, or a channel of a convolution; each bias
          is a unit of its own, joined to its neuron;
        * a dense connection has strength |w|; a connection of two channels has the Frobenius norm
          of its kernel, and a dense layer on a flattened image the norm over the positions of each
          channel (it is a convolution with a kernel of the size of the image);
        * queries, keys and values are units; so is what a head makes of them, joined with weight 1
          to its query and to all keys and values of its head; a product of two (a gate) is a unit
          joined with weight 1 to both; a map over the places of tokens joins units of its own; a
          neuron of an LSTM is a unit of its state, the norm over its gates its strength;
        * a sum (residual block) is made by the units of the linear map before it; the other
          operand is one more input with weight 1, and two linear maps summed share their units;
        * a batch norm after a linear map is folded into its weights and biases, because on their
          own their scale means nothing; activations, pooling, flattening and other normalisations
          keep the units;
        * of several connections between the same two units the strongest stays.

        Parameters
        ----------
        model : Module
            Network of linear and convolutional layers, attention, recurrent layers and sums, or a
            transformer, read by its blocks; also any part of one (its head).
        bias : bool, default=True
            Whether biases are units.
        fold_batchnorm : bool, default=True
            Whether batch norms (with running statistics) are folded in.

        Returns
        -------
        WeightGraph
            Undirected, without signs.

        Raises
        ------
        ValueError
            If the units cannot be followed, the network holds no linear map, or a weight is not
            finite; the message names the place.

        Notes
        -----
        The network is traced symbolically; no data are needed. O(n_edges).

        References
        ----------
        .. [1] D. Pérez-Fernández et al., arXiv:2101.07752 (dense layers; the rule for
           channels, sums and batch norms is this package's).

        Examples
        --------
        >>> from torch import nn
        >>> net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2))
        >>> WeightGraph.from_model(net)
        WeightGraph(n_nodes=14, n_edges=23, layered=True, source='Sequential')
        """
        from featgraph.weights.reading import read_units

        trace = read_units(model)
        builder = _Builder(trace.n_units)
        for link in trace.links:
            matrix = link_matrix(link, fold=fold_batchnorm)
            builder.add_matrix(matrix, link.sources, link.targets)
            value = link.bias if fold_batchnorm or link.module is None else _own_bias(link.module)
            if bias and value is not None:
                builder.add_bias(value, link.targets)
        for skip in trace.skips:
            builder.add_skip(skip.sources, skip.targets)
        for fan in trace.fans:
            own = np.where(fan.source_heads == fan.target_heads[:, None], 1.0, np.nan)
            builder.add_matrix(own, fan.sources, fan.targets)
        tied = len({link.kernel.data_ptr() for link in trace.links}) < len(trace.links)
        layered = not (trace.skips or trace.fans or tied)
        plain = layered and _is_chain(trace.links)
        return builder.build(layered=plain, source=type(model).__name__)


def _own_bias(module: Any) -> NDArray[np.float64] | None:
    if module.bias is None:
        return None
    bias: NDArray[np.float64] = module.bias.detach().double().cpu().numpy()
    return bias


def _is_chain(links: Sequence[Link]) -> bool:
    # Every link starts where the one before it ended: a stack, whose graph has two sides.
    return all(np.array_equal(after.sources, before.targets) for before, after in pairwise(links))


class _Builder:
    """Collects edges; biases are numbered after all units."""

    def __init__(self, n_units: int) -> None:
        self.n_nodes = n_units
        self.starts: list[NDArray[np.int64]] = []
        self.ends: list[NDArray[np.int64]] = []
        self.weights: list[NDArray[np.float64]] = []

    def add_matrix(
        self,
        matrix: NDArray[np.float64],
        sources: NDArray[np.int64],
        targets: NDArray[np.int64],
    ) -> None:
        starts = np.tile(sources, len(targets))
        ends = np.repeat(targets, len(sources))
        values = matrix.ravel()
        kept = (starts >= 0) & ~np.isnan(values)  # padded zeros and other groups: no connection
        if not kept.all():
            starts, ends, values = starts[kept], ends[kept], values[kept]
        self._add(starts, ends, values)

    def add_bias(self, bias: NDArray[np.float64], targets: NDArray[np.int64]) -> None:
        own = np.arange(self.n_nodes, self.n_nodes + len(bias))
        self.n_nodes += len(bias)
        self._add(own, targets, np.abs(bias))

    def add_skip(self, sources: NDArray[np.int64], targets: NDArray[np.int64]) -> None:
        kept = sources >= 0
        self._add(sources[kept], targets[kept], np.ones(int(kept.sum())))

    def _add(
        self, starts: NDArray[np.int64], ends: NDArray[np.int64], values: NDArray[np.float64]
    ) -> None:
        self.starts.append(starts)
        self.ends.append(ends)
        self.weights.append(values)

    def build(self, *, layered: bool, source: str | None) -> WeightGraph:
        edges = np.column_stack([np.concatenate(self.starts), np.concatenate(self.ends)])
        weights = np.concatenate(self.weights)
        if not layered:
            edges, weights, n_nodes = _simplify(edges, weights)
        else:
            n_nodes = self.n_nodes
        return WeightGraph(edges, weights, n_nodes, layered, source)


def _simplify(
    edges: NDArray[np.int64], weights: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64], int]:
    """Number the units anew without gaps; the strongest of doubled edges stays, loops go."""
    names, codes = np.unique(edges, return_inverse=True)
    pairs = np.sort(codes.reshape(-1, 2), axis=1)
    apart = pairs[:, 0] != pairs[:, 1]
    pairs, weights = pairs[apart], weights[apart]
    order = np.lexsort((-weights, pairs[:, 1], pairs[:, 0]))
    pairs, weights = pairs[order], weights[order]
    first = np.ones(len(pairs), dtype=np.bool_)
    first[1:] = (np.diff(pairs, axis=0) != 0).any(axis=1)
    return pairs[first], weights[first], len(names)
