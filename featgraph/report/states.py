"""The states of a network that are compared: features before and after training."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from featgraph.core.checks import nearest

if TYPE_CHECKING:
    from torch import nn

    from featgraph.distances.distance_matrix import DistanceMatrix
    from featgraph.features.feature_matrix import FeatureMatrix

__all__ = ["choose_names", "collect_states", "pair_up"]


def collect_states(
    model: nn.Module | Mapping[str, Any],
    baseline: nn.Module | Mapping[str, Any] | bool | None,
    data: Any,
    states: tuple[str, str],
    seed: int,
    capture: dict[str, Any],
) -> list[tuple[str, dict[str, FeatureMatrix | DistanceMatrix]]]:
    """Return the features of each state, the baseline first."""
    found = []
    if baseline is True:
        if isinstance(model, Mapping):
            raise ValueError("baseline=True needs a model, got features; pass their baseline")
        from featgraph.features.running import renew_weights

        baseline = renew_weights(model, seed, advice="pass an untrained model as baseline")
    if baseline is not None and baseline is not False:
        if isinstance(data, Iterator):
            raise ValueError(
                "data must be something that can be read twice to compare with a baseline, got "
                "an iterator; pass a list, a Tensor or a DataLoader"
            )
        found.append((states[0], _features_of(baseline, data, capture)))
    found.append((states[1], _features_of(model, data, capture)))
    return found


def _features_of(
    model: nn.Module | Mapping[str, Any], data: Any, capture: dict[str, Any]
) -> dict[str, FeatureMatrix | DistanceMatrix]:
    from featgraph.distances.distance_matrix import DistanceMatrix
    from featgraph.features.capture import extract_features
    from featgraph.features.feature_matrix import as_feature_matrix

    if not isinstance(model, Mapping):
        if data is None:
            raise ValueError("data must be given with a model, got None")
        return {**extract_features(model, data, **capture)}
    if not model:
        raise ValueError("model must hold the features of at least one layer, got none")
    matrices: dict[str, FeatureMatrix | DistanceMatrix] = {
        str(name): values if isinstance(values, DistanceMatrix) else as_feature_matrix(values)
        for name, values in model.items()
    }
    names = choose_names(list(matrices), capture["layers"])
    return {name: replace(matrices[name], layer=name) for name in names}


def choose_names(names: list[str], layers: Any) -> list[str]:
    """Return the names that ``layers`` asks for: all, or those that match names or globs.

    Examples
    --------
    >>> choose_names(["blocks.0", "blocks.1", "head"], "blocks.*")
    ['blocks.0', 'blocks.1']
    """
    from fnmatch import fnmatchcase

    if layers in ("auto", "all", ["auto"], ["all"]):
        return names
    patterns = [layers] if isinstance(layers, str) else [str(entry) for entry in layers]
    for pattern in patterns:
        if not any(name == pattern or fnmatchcase(name, pattern) for name in names):
            raise ValueError(
                f"layers must match features, got {pattern!r}{nearest(pattern, names)}; "
                f"there are {', '.join(names[:12])}"
            )
    return [
        name
        for name in names
        if any(name == entry or fnmatchcase(name, entry) for entry in patterns)
    ]


def pair_up(
    features: list[tuple[str, dict[str, FeatureMatrix | DistanceMatrix]]],
) -> Iterable[tuple[str, FeatureMatrix | DistanceMatrix]]:
    """Yield layer by layer, all states of a layer together: a stopped run has whole pairs."""
    names = dict.fromkeys(name for _, matrices in features for name in matrices)
    for name in names:
        for state, matrices in features:
            if name in matrices:
                yield state, matrices[name]
