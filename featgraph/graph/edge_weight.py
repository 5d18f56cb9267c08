"""Weights of edges as they are, as strengths, or none."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import choice

__all__ = ["EDGE_WEIGHTS", "EdgeWeight", "choose_weights", "strengths_of"]

EdgeWeight = Literal["given", "similarity", "none"]
EDGE_WEIGHTS: dict[str, str] = {
    "given": "the weights of the graph: distances, if it comes from features",
    "similarity": "1 − distance/ε in (0, 1]: near neurons are strongly joined",
    "none": "no weights",
}


def choose_weights(
    weights: NDArray[Any] | None, epsilon: float | None, weight: str
) -> NDArray[Any] | None:
    """Return weights as they are, as similarities, or None."""
    choice(weight, EDGE_WEIGHTS, "weight")
    if weight == "given" or weights is None:
        return weights
    return None if weight == "none" else strengths_of(weights, epsilon)


def strengths_of(weights: NDArray[Any], epsilon: float | None) -> NDArray[np.float64]:
    """Return 1 − distance/ε of each distance; ε is at least the longest of them."""
    if weights.size == 0:
        return np.ones(0)
    if weights.min() < 0:
        raise ValueError(
            f"weights must be distances of at least 0, got {weights.min():g}; "
            'a weight that is a strength already needs no conversion: "given"'
        )
    longest = float(weights.max())
    scale = longest if epsilon is None else max(epsilon, longest)
    return 1.0 - weights / scale if scale > 0 else np.ones(weights.size)
