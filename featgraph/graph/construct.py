"""From features to G_M."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph._blocks import DistanceBlocks, StoredBlocks, StreamedBlocks
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.epsilon import EpsilonRule, describe_rule, find_epsilon, split_rule
from featgraph.graph.spanning_tree import span_tree

__all__ = ["feature_graph"]

# Up to this size the distance matrix is held as a whole (11 585 nodes in float32).
_WHOLE_BYTES = 1 << 29


def feature_graph(
    features: Any, *, epsilon: EpsilonRule = "percolation", scaled: bool = True
) -> FeatureGraph:
    """Return G_M: neurons are nodes, an edge joins two at a distance below ε (Eq. 1, strict).

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples)
        F: one row per neuron or channel, one column per sample.
    epsilon : float, str or pair, default="percolation"
        ε in the unit of the distances, or the rule that chooses it: "percolation" (connected),
        "mst" (the minimum spanning tree instead of a threshold), ("density", p), ("degree", k),
        ("quantile", q), ("giant", f); see ``choose_epsilon``.
    scaled : bool, default=True
        Distances C_ij = ‖F_i − F_j‖₂ / √n_samples (Eq. 8). False takes ‖F_i − F_j‖₂, the unit
        in which Eq. 1 states ε.

    Returns
    -------
    FeatureGraph
        ``weights`` are the distances; node attributes ``neuron`` (row number in F),
        ``mean_activation`` and ``std_activation`` (population) over the samples. Keeps layer,
        source, ε and its rule.

    Raises
    ------
    TypeError
        If ``features`` is not a FeatureMatrix or array of numbers.
    ValueError
        If features are not finite of shape (≥ 2, ≥ 1), all distances are 0, or the rule is
        unknown or out of range.

    Notes
    -----
    Distances are computed a block of rows at a time. Up to 512 MiB they are kept, beyond that
    computed again for every pass (one for a number, two to four for density, degree and
    quantile, about log₂ n_nodes for the others), so memory stays at
    O(n_nodes · n_samples + n_edges). Time is O(n_nodes² · n_samples) per pass.

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
    from featgraph.features.feature_matrix import as_feature_matrix

    name, parameter = split_rule(epsilon)
    matrix = as_feature_matrix(features)
    values = matrix.values.detach()
    source = _distance_source(values, scaled)
    try:
        threshold = find_epsilon(source, name, parameter)
    except ValueError as error:
        where = f"layer {matrix.layer!r}: " if matrix.layer else ""
        raise ValueError(f"{where}{error}") from None
    edges, lengths = span_tree(source) if name == "mst" else _edges_below(source, threshold)
    wide = values.double()
    attributes = {
        "neuron": np.arange(source.n_nodes),
        "mean_activation": wide.mean(dim=1).cpu().numpy(),
        "std_activation": wide.std(dim=1, correction=0).cpu().numpy(),
    }
    return FeatureGraph.from_edges(
        edges,
        n_nodes=source.n_nodes,
        weights=lengths,
        node_attributes=attributes,
        epsilon=threshold,
        epsilon_rule=describe_rule(epsilon),
        layer=matrix.layer,
        source=matrix.source,
    )


def _distance_source(values: Any, scaled: bool) -> DistanceBlocks:
    if values.shape[0] ** 2 * values.element_size() > _WHOLE_BYTES:
        return StreamedBlocks(values, scaled)
    from featgraph.distances.pairwise import feature_distances

    return StoredBlocks(feature_distances(values, scaled=scaled).cpu().numpy())


def _edges_below(
    source: DistanceBlocks, epsilon: float
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return pairs i < j with C_ij < ε, sorted, and their distances."""
    # A float32 distance is below ε exactly if it is below the first float32 that is ≥ ε.
    limit = source.dtype.type(epsilon)
    if float(limit) < epsilon:  # compared in float64: numpy would round ε to the limit itself
        limit = np.nextafter(limit, source.dtype.type(np.inf))
    pairs: list[NDArray[np.int64]] = []
    lengths: list[NDArray[np.float64]] = []
    for start, _, block in source.blocks():
        below = block < limit
        square = below[:, : len(below)]
        square &= np.triu(np.ones_like(square), 1)
        pairs.append(np.argwhere(below) + start)
        lengths.append(block[below].astype(np.float64))
    return np.concatenate(pairs), np.concatenate(lengths)
