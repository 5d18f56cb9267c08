"""What is recorded of the network of a model's weights at one time of its training."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from featgraph.core.checks import choice
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.weights.building import weight_graph
from featgraph.weights.emergence import degree_of_emergence
from featgraph.weights.multifractal import Variant, multifractal_weights
from featgraph.weights.network import Attending

__all__ = ["WeightRecord"]

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
