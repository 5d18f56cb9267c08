"""A network with every kind of column, place, colour and size."""

from __future__ import annotations

import numpy as np

from featgraph.graph import FeatureGraph, feature_graph


def network() -> FeatureGraph:
    features = np.random.default_rng(0).normal(size=(12, 6))
    return feature_graph(features, epsilon=("degree", 4)).with_attributes(
        alive=np.arange(12) % 2 == 0,
        word=['<a & "b">'] * 12,
        reach=[np.inf] * 6 + [0.5] * 6,
        gap=[7, None] * 6,
        color=np.arange(36).reshape(12, 3),
        size=np.arange(1.0, 13.0),
        position=np.linspace(-1, 1, 24).reshape(12, 2),
    )
