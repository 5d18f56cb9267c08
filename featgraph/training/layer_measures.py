"""What is measured of the feature network of one layer at one time of training."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.random import as_rng
from featgraph.features.feature_matrix import FeatureMatrix
from featgraph.graph.communities import find_communities, measure_modularity
from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["compare_partitions", "measure_layer"]


def measure_layer(
    features: FeatureMatrix, graph: FeatureGraph, *, seed: int, n_references: int
) -> tuple[dict[str, Any], NDArray[np.int64]]:
    """Return the measures of one layer as a flat row, and its communities.

    Parameters
    ----------
    features : FeatureMatrix
        F of the layer.
    graph : FeatureGraph
        Its G_M.
    seed : int
        Seed of everything random.
    n_references : int
        Random graphs behind σ; 0 leaves σ out.

    Returns
    -------
    tuple
        The row and the community of each node.
    """
    from featgraph.graph.clustering import average_clustering

    communities = find_communities(graph, rng=seed)
    n_nodes = graph.n_nodes
    row: dict[str, Any] = {
        "n_nodes": n_nodes,
        "epsilon": graph.epsilon,
        "n_edges": graph.n_edges,
        "mean_degree": 2 * graph.n_edges / n_nodes,
        "n_components": graph.n_components,
        "clustering": average_clustering(graph),
        "n_communities": int(communities.max()) + 1,
        "modularity": measure_modularity(graph, communities),
    }
    row.update(_rates(features))
    row.update(_dimension(graph, seed))
    row["sigma"] = _sigma(graph, seed, n_references)
    return row, communities


def _rates(features: FeatureMatrix) -> dict[str, float]:
    """SS_rate as published and of true boxes; nan where all distances are equal."""
    from featgraph.selfsimilarity.rate import ss_rate

    found = {}
    for estimator in ("released", "linkage"):
        try:
            value = float(ss_rate(features, estimator=estimator))
        except ValueError:  # a layer that died: no two neurons differ, and there is no curve
            value = math.nan
        found[f"ss_rate_{estimator}"] = value
    return found


def _dimension(graph: FeatureGraph, seed: int) -> dict[str, Any]:
    """d_B in hop space with its verdict; small layers seldom have enough sizes."""
    from featgraph.dimension.evidence import fractality

    try:
        found = fractality(graph, method="greedy", rng=seed, n_resamples=50, jobs=1, progress=False)
    except ValueError:
        return {"dimension": math.nan, "verdict": "undecided"}
    return {"dimension": found.dimension, "verdict": found.verdict}


def _sigma(graph: FeatureGraph, seed: int, n_references: int) -> float:
    """Small-world σ of the largest component; nan where references cannot be made."""
    if n_references == 0:
        return math.nan
    from featgraph.graph.smallworld import small_world

    try:
        return small_world(graph, n_references=n_references, rng=as_rng(seed), progress=False).sigma
    except ValueError:
        return math.nan


def compare_partitions(first: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    """Return the adjusted Rand index of two partitions: 1 is the same, 0 what chance gives.

    Examples
    --------
    >>> compare_partitions(np.array([0, 0, 1, 1]), np.array([5, 5, 2, 2]))
    1.0
    """
    n_nodes = first.size
    table = np.unique(np.column_stack([first, other]), axis=0, return_counts=True)[1]

    def pairs(counts: NDArray[np.int64]) -> float:
        return float((counts * (counts - 1)).sum()) / 2

    both = pairs(table)
    one = pairs(np.unique(first, return_counts=True)[1])
    two = pairs(np.unique(other, return_counts=True)[1])
    expected = one * two / (n_nodes * (n_nodes - 1) / 2) if n_nodes > 1 else 0.0
    largest = (one + two) / 2
    return 1.0 if largest == expected else (both - expected) / (largest - expected)
