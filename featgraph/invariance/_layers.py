"""Layers: whatever holds features becomes names and FeatureMatrix objects of the same samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from featgraph.features.feature_matrix import Array, FeatureMatrix

    OneLayer: TypeAlias = FeatureMatrix | Array
    Layers: TypeAlias = OneLayer | Mapping[str, OneLayer] | Sequence[OneLayer]

__all__ = ["name_layers"]


def name_layers(features: Layers) -> dict[str, FeatureMatrix]:
    """Return the layers by name, checked to hold the same number of samples.

    Widths may differ from layer to layer: eigenvalues and point clouds do not need the same
    neurons in every layer, only the same images.
    """
    from featgraph.features.feature_matrix import as_feature_matrix

    if isinstance(features, Mapping):
        named = {str(name): as_feature_matrix(value) for name, value in features.items()}
    elif isinstance(features, list | tuple):
        named = {}
        for number, value in enumerate(features):
            matrix = as_feature_matrix(value)
            name = matrix.layer or f"layer {number}"
            if name in named:
                raise ValueError(
                    f"features must name each layer once, got {name!r} twice; pass a mapping"
                )
            named[name] = matrix
    else:
        one: FeatureMatrix = as_feature_matrix(features)  # type: ignore[arg-type]
        named = {one.layer or "features": one}
    if not named:
        raise ValueError("features must hold at least one layer, got none")
    samples = {name: matrix.n_samples for name, matrix in named.items()}
    if len(set(samples.values())) > 1:
        raise ValueError(
            f"features must hold the same samples in every layer, got {samples}; "
            "capture all layers in one pass over the data"
        )
    return named
