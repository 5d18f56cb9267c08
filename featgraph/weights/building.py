"""The network of a model's weights as a FeatureGraph, lengths 1/|w|, and its null models."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray

from featgraph.core.checks import choice, integer, positive
from featgraph.core.resources import check_memory
from featgraph.core.values import RandomState, as_rng
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.weights.network import Attending, WeightNetwork, open_network
from featgraph.weights.units import Ids

__all__ = ["NULLS", "RowNull", "build_graph", "draw_null_graph", "draw_rows", "weight_graph"]

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
RowNull: TypeAlias = Literal["rows", "gaussian"]
NULLS = ("rows", "gaussian", "untrained")


def weight_graph(
    model: torch.nn.Module | Sequence[ArrayLike],
    *,
    layers: str | Sequence[str] = "all",
    sample: int | None = None,
    max_length: float | None = None,
    n_strongest: int | None = None,
    attention: Attending = "published",
    fold_batchnorm: bool = True,
    sums: bool = False,
    biases: bool | Sequence[ArrayLike | None] = False,
    directed: bool = False,
    rng: RandomState = None,
) -> FeatureGraph:
    """Build the network of neurons that a model's weights make.

    Neurons of consecutive layers are nodes. A weight w ≠ 0 between two is an edge of length
    1/|w|; a channel of a convolution is a neuron, and its weight the Frobenius norm of the kernel.

    * In a transformer block the stream is joined to queries, keys and values; a query to what its
      head makes of it one to one, keys and values all to all, with length 1; then follow output
      projection, perceptron, and the stream of the next block. A gate and what it gates are joined
      one to one to their product, with length 1.
    * A map over the places of tokens (Mixer, ResMLP) joins places, which are nodes of their own. A
      neuron of an LSTM is a unit of its state; its weight is the norm over its gates, and the
      state before is a layer of its own.
    * A map of a flattened image joins channels, its weight the norm over the places of each. Two
      maps that are summed share their neurons.
    * Biases and layer norms are left out; a batch norm is folded into the weights before it, as
      its scale alone says nothing. Weights that several modules share stand once; of several
      between the same two neurons the strongest stays.
    * A transformer that cannot be followed operation by operation (those of the package
      transformers) is read block by block, without embeddings, poolers and heads.

    Parameters
    ----------
    model : Module, or sequence of array-like of shape (n_out, n_in)
        Network of linear and convolutional layers, attention, recurrent layers and sums; or the
        weights of a stack of dense layers, first layer first.
    layers : str or sequence of str, default="all"
        Linear maps to take, by their names, those of modules that hold them, or patterns.
    sample : int or None, default=None
        Neurons per layer, drawn without replacement, as published; hidden layers of a
        transformer's perceptron keep twice as many, queries, keys and values the same ones. None
        takes all.
    max_length : float or None, default=None
        Leave out longer edges.
    n_strongest : int or None, default=None
        Of the edges from a neuron into one layer keep so many of the shortest.
    attention : {"published", "heads"}, default="published"
        Join keys and values to all of what attention makes, or to their own heads alone.
    fold_batchnorm : bool, default=True
        Multiply weights by the batch norm that follows.
    sums : bool, default=False
        Join the two sides of residual sums by edges of length 1; the published networks do not.
    biases : bool, or sequence of array-like of shape (n_out,) or None, default=False
        Make each bias a node of its own, joined to its neuron; of matrices, the biases.
    directed : bool, default=False
        Keep the direction of each edge as edge attributes ``from`` and ``to``, node numbers.
    rng : Generator, int or None, default=None
        Source of the sample.

    Returns
    -------
    FeatureGraph
        Its weights are the lengths 1/|w|; edge attributes are ``strength``, |w|, and ``fixed``,
        true of edges of attention and gates that hold no weight. Labels are "layer:neuron", node
        attributes ``layer``, ``depth`` (edges run from smaller to larger depth), ``neuron`` (the
        index in the layer), and ``position``, which lets Gephi show layer beside layer.

    Raises
    ------
    ValueError
        If the model cannot be read (the message names the place), is quantised or without
        numbers, holds NaN, all its weights are 0, or ``layers`` names nothing.

    Notes
    -----
    41 bytes per edge, and 100 while it is built: an encoder of 6 blocks of width 384 has 12.4
    million edges and takes 1.3 GB beside the model. Larger models need ``sample``,
    ``max_length`` or ``n_strongest``.

    References
    ----------
    .. [1] X. Xiao et al., "Neuron-based multifractal analysis of neuron interaction dynamics in
       large models", ICLR 2025, arXiv:2402.09099 (transformers; the other rules are this
       package's).

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
    >>> graph = weight_graph(net)
    >>> graph
    FeatureGraph(n_nodes=9, n_edges=18, weighted=True)
    >>> graph.node_attributes["depth"].tolist()
    [0, 0, 0, 0, 1, 1, 1, 2, 2]
    """
    if not isinstance(model, torch.nn.Module):
        model, biases = _stack(model, biases)
    elif not isinstance(biases, bool):
        raise TypeError(f"biases must be True or False for a model, got {type(biases).__name__}")
    network = open_network(
        model,
        layers=layers,
        fold=fold_batchnorm,
        attending=choice(attention, ("published", "heads"), "attention"),  # type: ignore[arg-type]
        sums=sums,
        biases=biases,
    )
    if sample is not None:
        network = network.sample(integer(sample, "sample", least=1), as_rng(rng))
    return build_graph(network, max_length=max_length, n_strongest=n_strongest, directed=directed)


def _stack(matrices: Sequence[ArrayLike], biases: Any) -> tuple[torch.nn.Module, bool]:
    """Return dense layers with these weights, and whether they have biases."""
    arrays = [np.array(m, dtype=np.float64) for m in matrices]
    if not arrays or any(a.ndim != 2 or not a.size for a in arrays):
        raise ValueError("model, or matrices, must be at least one array of shape (n_out, n_in)")
    for before, after in pairwise(arrays):
        if after.shape[1] != before.shape[0]:
            raise ValueError(
                f"matrices must chain: {after.shape[1]} inputs follow {before.shape[0]} outputs"
            )
    given = [None] * len(arrays) if isinstance(biases, bool) else list(biases)
    if len(given) != len(arrays):
        raise ValueError(f"biases must hold {len(arrays)} items, got {len(given)}")
    layers = []
    for array, bias in zip(arrays, given, strict=True):
        layer = torch.nn.Linear(array.shape[1], array.shape[0], bias=False, device="meta")
        layer.weight = torch.nn.Parameter(torch.from_numpy(array))
        if bias is not None:
            offsets = np.array(bias, dtype=np.float64)
            if offsets.shape != array.shape[:1]:
                raise ValueError(
                    f"biases must hold one number per output, shape {array.shape[:1]}, got shape "
                    f"{offsets.shape}"
                )
            layer.bias = torch.nn.Parameter(torch.from_numpy(offsets))
        layers.append(layer)
    return torch.nn.Sequential(*layers), any(bias is not None for bias in given)


def build_graph(
    network: WeightNetwork,
    *,
    max_length: float | None = None,
    n_strongest: int | None = None,
    directed: bool = False,
) -> FeatureGraph:
    """Return a network of weights as a graph."""
    longest = np.inf if max_length is None else positive(max_length, "max_length")
    few = None if n_strongest is None else integer(n_strongest, "n_strongest", least=1)
    key, lengths, fixed, turned = _collect(network, longest, few)
    order = np.argsort(key, kind="stable")
    key = key[order]
    if (key[1:] == key[:-1]).any():  # two maps between the same neurons: the stronger stays
        order = order[np.lexsort((lengths[order], key))]
        first = np.concatenate([[True], key[1:] != key[:-1]])
        order, key = order[first], key[first]
    lengths, fixed, turned = lengths[order], fixed[order], turned[order]
    del order
    low, high = ((part.astype(np.int32)) for part in np.divmod(key, network.n_nodes))
    del key
    attributes = {"fixed": fixed}
    if directed:
        attributes |= {"from": np.where(turned, high, low), "to": np.where(turned, low, high)}
    indptr, indices, entry = _mirror(low, high, network.n_nodes)
    del low, high  # of large networks every array counts
    weights = lengths[entry]
    del entry
    attributes["strength"] = np.reciprocal(lengths, out=lengths)
    sizes = network.sizes
    names = [layer.name for layer in network.layers]
    pairs = zip(names, network.chosen, strict=True)
    labels = tuple(f"{name}:{k}" for name, chosen in pairs for k in chosen.tolist())
    return FeatureGraph(
        indptr,
        indices,
        weights,
        labels,
        {
            "layer": np.repeat(np.array(names), sizes),
            "depth": network.node_depths,
            "neuron": np.concatenate(network.chosen),
            "position": _place(network),
        },
        edge_attributes=attributes,
        source=network.source,
    )


def _collect(
    network: WeightNetwork, longest: float, n_strongest: int | None
) -> tuple[Ids, Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """Return both ends as one number, lengths, which edges are fixed, and which run backwards."""
    parts, n_nodes, n_edges = [], network.n_nodes, 0
    for starts, ends, lengths, is_fixed in _edges(network, longest, n_strongest):
        turned = starts > ends  # between layers of one depth
        low, high = np.where(turned, ends, starts), np.where(turned, starts, ends)
        parts.append((low * n_nodes + high, lengths, np.full(len(low), is_fixed), turned))
        n_edges += len(low)
        check_memory(
            100 * n_edges,
            f"a network of {n_edges:,} edges or more",
            remedy="take a sample of its neurons, max_length or n_strongest",
        )
    if not n_edges:
        raise ValueError(
            "the model must have weights other than 0 between its layers"
            + (
                ""
                if np.isinf(longest)
                else f", none has a length of at most max_length={longest:g}"
            )
        )
    key, lengths, fixed, turned = (np.concatenate(column) for column in zip(*parts, strict=True))
    return key, lengths, fixed, turned


def _edges(
    network: WeightNetwork, longest: float, n_strongest: int | None
) -> Iterator[tuple[Ids, Ids, Floats, bool]]:
    for part in network.connections():
        strengths = part.strengths
        kept = (strengths > 0) & (strengths >= 1 / longest)
        if n_strongest is not None and not part.is_fixed and n_strongest < strengths.shape[1]:
            least = np.partition(strengths, -n_strongest, axis=1)[:, -n_strongest]
            kept &= strengths >= least[:, None]  # equal ones stay together
        rows, columns = np.nonzero(kept)
        lengths = 1 / strengths[rows, columns]
        yield part.sources[rows], part.targets[columns], lengths, part.is_fixed
    for one, two, strengths, is_fixed in network.ties():
        near = (strengths > 0) & (strengths >= 1 / longest)
        yield one[near], two[near], 1 / strengths[near], is_fixed


def _mirror(
    low: NDArray[np.int32], high: NDArray[np.int32], n_nodes: int
) -> tuple[Ids, Ids, NDArray[np.int32]]:
    """Return the rows of the symmetric matrix, and the edge of each entry.

    Edges come sorted by their smaller end: a row holds first the smaller ends of edges that end
    there, in order, then the larger ends of those that start there.
    """
    places = np.arange(len(low), dtype=np.int32)
    order = np.argsort(high, kind="stable").astype(np.int32)
    below, above = (np.bincount(ends, minlength=n_nodes) for ends in (high, low))
    indptr = np.concatenate([[0], np.cumsum(below + above)])
    entry = np.empty(2 * len(low), dtype=np.int32)
    entry[(indptr[:-1] - np.cumsum(below) + below)[high[order]] + places] = order
    first = (indptr[:-1] + below - np.cumsum(above) + above)[low] + places
    entry[first] = places
    indices = low[entry].astype(np.int64)
    indices[first] = high
    return indptr, indices, entry


def _place(network: WeightNetwork) -> Floats:
    """Return a place per node: depth to the right, the neurons of one depth below each other."""
    depths = network.node_depths
    counts = np.bincount(depths)
    rank = np.arange(len(depths)) - np.concatenate([[0], np.cumsum(counts)])[depths]
    height = 1000.0
    y = (rank + 0.5) / counts[depths] * height
    return np.column_stack([depths * height / 4, y])


def draw_rows(lengths: Floats, rows: Ints, kind: RowNull, rng: np.random.Generator) -> Floats:
    """Return lengths permuted within their rows, or those of Gaussian weights of equal norms."""
    if kind == "rows":
        fresh = np.empty_like(lengths)
        order = np.lexsort((rng.random(lengths.size), rows))
        fresh[np.argsort(rows, kind="stable")] = lengths[order]
        return fresh
    drawn = np.maximum(np.abs(rng.standard_normal(lengths.size)), 1e-300)
    wanted, got = np.bincount(rows, weights=lengths**-2.0), np.bincount(rows, weights=drawn**2)
    scale = np.sqrt(wanted / np.where(got > 0, got, 1))
    return np.asarray(1 / (drawn * scale[rows]), dtype=np.float64)


def draw_null_graph(graph: FeatureGraph, kind: RowNull, rng: np.random.Generator) -> FeatureGraph:
    """Return the graph with other weights on the same edges.

    A row holds the edges from one neuron into one layer; without layers, those to later nodes.
    Edges of attention and gates, which hold no weight, stay.
    """
    edges, weights = graph.edges, graph.edge_weights
    if weights is None:
        raise ValueError("graph must have weights, the lengths 1/|w| of its edges")
    lengths = weights.copy()
    starts, ends = edges.T
    depth = graph.node_attributes.get("depth")
    if depth is not None:
        turned = depth[starts] > depth[ends]
        starts, ends = np.where(turned, ends, starts), np.where(turned, starts, ends)
    layer = graph.node_attributes.get("layer")
    into = np.zeros(graph.n_nodes, dtype=np.int64)
    if layer is not None:
        into = np.unique(layer, return_inverse=True)[1].astype(np.int64)
    rows = np.unique(starts * (int(into.max()) + 1) + into[ends], return_inverse=True)[1]
    free = ~np.asarray(graph.edge_attributes.get("fixed", np.zeros(len(edges), dtype=bool)))
    lengths[free] = draw_rows(lengths[free], rows[free], kind, rng)
    return FeatureGraph.from_edges(
        edges, weights=lengths, n_nodes=graph.n_nodes, node_attributes=dict(graph.node_attributes)
    )
