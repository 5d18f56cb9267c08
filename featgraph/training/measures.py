"""What is measured of the network of a layer, or of all weights, at one time of training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from featgraph.core.checks import choice
from featgraph.core.values import as_rng
from featgraph.features.feature_matrix import FeatureMatrix
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.mesoscale import find_communities, measure_modularity
from featgraph.weights.building import weight_graph
from featgraph.weights.emergence import degree_of_emergence
from featgraph.weights.multifractal import Variant, multifractal_weights
from featgraph.weights.network import Attending

__all__ = ["WeightRecord", "compare_partitions", "measure_layer"]


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


def _dimension(graph: FeatureGraph, seed: int) -> dict[str, object]:
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
    from sklearn.metrics import adjusted_rand_score

    return float(adjusted_rand_score(first, other))


#: Edges from a neuron into a layer that are kept for the timeline: all would hide each other.
STRONGEST = 4


class WeightRecord:
    """Spectra of one sample of neurons after another, the same neurons at all times."""

    def __init__(
        self,
        *,
        seed: int,
        sample: int = 32,
        n_samples: int = 3,
        variants: Sequence[Variant] = ("released", "paths"),
        n_strongest: int = STRONGEST,
        layers: str | Sequence[str] = "all",
        attention: Attending = "published",
    ) -> None:
        self.seed = seed
        self.sample = sample
        self.n_samples = n_samples
        self.variants = tuple(variants)
        for name in self.variants:
            choice(name, ("released", "paths"), "variants")
        self.n_strongest = n_strongest
        self.options: dict[str, Any] = {"layers": layers, "attention": attention}
        self._first: dict[str, tuple[float, float]] = {}

    def measure(self, model: nn.Module) -> tuple[dict[str, Any], FeatureGraph]:
        """Return α₀, width and degree of emergence of each analysis, and the graph of a sample."""
        graph = weight_graph(
            model, sample=self.sample, n_strongest=self.n_strongest, rng=self.seed, **self.options
        )
        row: dict[str, Any] = {"n_nodes": graph.n_nodes, "n_edges": graph.n_edges}
        notes = []
        for variant in self.variants:
            try:
                found = multifractal_weights(
                    model, variant=variant, sample=self.sample, n_samples=self.n_samples,
                    rng=self.seed, n_resamples=2, **self.options,
                )  # fmt: skip
            except ValueError as error:  # weights without spread must not end the training
                notes.append(f"{variant}: {error}")
                alpha0 = width = math.nan
            else:
                alpha0, width = found.alpha0, found.width
            if not math.isnan(width):  # the first checkpoint that could be measured counts as 0
                self._first.setdefault(variant, (alpha0, width))
            before = self._first.get(variant, (alpha0, width))
            emergence = degree_of_emergence(*np.array([before, (alpha0, width)]).T)[-1]
            row |= {f"alpha0_{variant}": alpha0, f"width_{variant}": width}
            row[f"emergence_{variant}"] = float(emergence)
        return {**row, "note": "; ".join(notes)}, graph
