"""From features to G_M."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.resources import check_memory, memory_at_hand
from featgraph.graph._blocks import DistanceBlocks, StoredBlocks, StreamedBlocks, nearest_pairs
from featgraph.graph._near_pairs import round_up
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.epsilon import (
    EpsilonRule,
    describe_rule,
    find_epsilon,
    just_above,
    refuse_constant,
    span_tree,
    split_rule,
)
from featgraph.graph.layered import Normalization, describe_features

__all__ = ["feature_graph"]

# Up to this size the distance matrix is held as a whole (11 585 nodes in float32).
_WHOLE_BYTES = 1 << 29
_EDGE_BYTES = 84  # while a graph is built, measured at 4 and 18 million edges


def feature_graph(
    features: Any,
    *,
    epsilon: EpsilonRule = "percolation",
    scaled: bool = True,
    normalize: Normalization = "none",
) -> FeatureGraph:
    """Return G_M: neurons are nodes, an edge joins two at a distance below ε (Eq. 1, strict).

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples), or mapping of them
        F: one row per neuron or channel, one column per sample. A mapping from layers to
        features of the same samples gives the monolithic graph over all layers. A
        DistanceMatrix is taken as it is.
    epsilon : float, str or pair, default="percolation"
        ε in the unit of the distances, or the rule that chooses it: "percolation" (connected),
        "mst" (the minimum spanning tree instead of a threshold), ("density", p), ("degree", k),
        ("quantile", q), ("giant", f), ("neighbors", k) (each node and its k nearest, instead of
        a threshold); see ``choose_epsilon``.
    scaled : bool, default=True
        Distances C_ij = ‖F_i − F_j‖₂ / √n_samples (Eq. 8). False takes ‖F_i − F_j‖₂, the unit
        in which Eq. 1 states ε.
    normalize : {"none", "layer", "node"}, default="none"
        "layer": divide the features of each layer by the root mean square over its neurons of
        their standard deviations, so that no layer is far from the others for its scale alone.
        "node": centre each neuron and give it unit deviation (constant ones stay 0).

    Returns
    -------
    FeatureGraph
        ``weights`` are the distances; node attributes ``neuron`` (row number in F of its layer),
        ``mean_activation`` and ``std_activation`` (population, as given) over the samples, and
        over several layers ``layer`` and ``depth`` (its place), with labels "layer:neuron".
        Keeps layer, source, ε and its rule.

    Raises
    ------
    TypeError
        If ``features`` is not a FeatureMatrix, DistanceMatrix or array of numbers.
    ValueError
        If features are not finite of shape (≥ 2, ≥ 1), layers have different samples, all
        distances are 0, or the rule is unknown or out of range.
    MemoryError
        If ε joins more pairs than memory holds, at 84 bytes each while the graph is built; said
        before they are listed.

    Notes
    -----
    Distances are computed a block of rows at a time. Up to 512 MiB they are kept. Beyond that,
    single precision finds the pairs that may be near and double precision measures them: one
    pass for a number, "degree", "density" and ("neighbors", k), two for the rules of
    connection, up to four where more than a tenth of all pairs are edges; ε of a rule is then
    above its distance by what rounding may add, 2e-11 of it (single precision: 2e-7). Memory stays
    at O(n_nodes · n_samples + n_edges), and time is O(n_nodes² · n_samples) per pass.

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Eq. 1 and 8.

    Examples
    --------
    >>> import numpy as np
    >>> F = np.array([[0.0, 0.0], [1.0, 1.0], [3.0, 3.0]])
    >>> feature_graph(F, epsilon=1.5)
    FeatureGraph(n_nodes=3, n_edges=1, weighted=True, epsilon=1.5, epsilon_rule='given')
    >>> feature_graph(F).n_components
    1
    """
    name, parameter = split_rule(epsilon)
    nodes = describe_features(features, normalize=normalize)
    source = _distance_source(nodes.values, scaled)
    try:
        threshold, edges, lengths = _find_edges(source, name, parameter)
    except ValueError as error:
        where = f"layer {nodes.layer!r}: " if nodes.layer else ""
        raise ValueError(f"{where}{error}") from None
    return FeatureGraph.from_edges(
        edges,
        n_nodes=source.n_nodes,
        weights=lengths,
        labels=nodes.labels,
        node_attributes=nodes.attributes,
        epsilon=threshold,
        epsilon_rule=describe_rule(epsilon),
        layer=nodes.layer,
        source=nodes.source,
    )


def _find_edges(
    source: DistanceBlocks, name: str, parameter: float
) -> tuple[float, NDArray[np.int64], NDArray[np.float64]]:
    """Return ε, pairs i < j and their distances."""
    if name in ("mst", "neighbors"):  # the edges come first, and ε is just above the longest
        refuse_constant(source)
        if name == "mst":
            edges, lengths = span_tree(source)
        else:
            left, right, lengths = nearest_pairs(source, int(parameter))
            edges = np.column_stack([left, right])
        return just_above(float(lengths.max()), source), edges, lengths
    planned = _planned_edges(name, parameter, source.n_nodes)
    _refuse_edges(planned, source.n_nodes, f"({name!r}, {parameter:g})")
    threshold = find_epsilon(source, name, parameter)
    _refuse_edges(_estimate_edges(source, threshold), source.n_nodes, f"{threshold:.6g}")
    return threshold, *_edges_below(source, threshold)


def _estimate_edges(source: DistanceBlocks, epsilon: float) -> float:
    """Return about how many pairs are closer than ε; exactly where distances are there."""
    if source.near is not None:
        return source.near.share_below(epsilon) * source.near.n_pairs
    limit = round_up(epsilon, source.dtype)
    below = [
        2 * np.count_nonzero(block < limit) - np.count_nonzero(block[:, : len(block)] < limit)
        for _, _, block in source.blocks()
    ]
    return float(sum(below) - source.n_nodes) / 2


def _planned_edges(name: str, parameter: float, n_nodes: int) -> float:
    """Return how many edges a rule makes, as far as it says so beforehand, else 0."""
    n_pairs = n_nodes * (n_nodes - 1) / 2
    return {
        "density": parameter * n_pairs,
        "quantile": parameter * n_pairs,
        "degree": parameter * n_nodes / 2,
    }.get(name, 0.0)


def _refuse_edges(n_edges: float, n_nodes: int, what: str) -> None:
    check_memory(
        int(_EDGE_BYTES * n_edges),
        f"epsilon={what} joins about {n_edges:.2g} pairs of {n_nodes} nodes, which",
        remedy=f"at most {memory_at_hand() / _EDGE_BYTES:.2g} edges fit: choose a smaller ε, "
        '("degree", k) or ("neighbors", k)',
    )


def _distance_source(values: Any, scaled: bool) -> DistanceBlocks:
    from featgraph.distances.distance_matrix import DistanceMatrix

    if isinstance(values, DistanceMatrix):
        distances = values.values.cpu().numpy()
        return StoredBlocks(distances if scaled else distances * math.sqrt(values.n_samples))
    if values.shape[0] ** 2 * values.element_size() > _WHOLE_BYTES:
        return StreamedBlocks(values, scaled)
    from featgraph.distances.distance_matrix import feature_distances

    return StoredBlocks(feature_distances(values, scaled=scaled).cpu().numpy())


def _edges_below(
    source: DistanceBlocks, epsilon: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return pairs i < j with C_ij < ε, sorted, and their distances."""
    limit = round_up(epsilon, source.dtype)
    found = None if source.near is None else source.near.below(epsilon)
    if found is not None:
        return np.column_stack(found[:2]), found[2].astype(np.float64)
    pairs: list[NDArray[np.int64]] = []
    lengths: list[NDArray[np.float64]] = []
    for start, _, block in source.blocks():
        below = block < limit
        square = below[:, : len(below)]
        square &= np.triu(np.ones_like(square), 1)
        pairs.append(np.argwhere(below) + start)
        lengths.append(block[below].astype(np.float64))
    return np.concatenate(pairs), np.concatenate(lengths)
