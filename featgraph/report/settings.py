"""What an analysis is asked for: its settings, the states of the network, boxes over hops."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from featgraph.boxes.api import box_counts, box_cover
from featgraph.boxes.counts import BoxCounts
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.methods import METHODS
from featgraph.boxes.minimum import heed_interrupt, minimum_box_counts, minimum_box_cover
from featgraph.core.checks import choice, integer, nearest, positive
from featgraph.dimension.compare import CURVES
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.epsilon import split_rule
from featgraph.selfsimilarity.estimators import GRIDS, SCALES, Grid, Scale

if TYPE_CHECKING:
    from torch import nn

    from featgraph.distances.distance_matrix import DistanceMatrix
    from featgraph.features.feature_matrix import FeatureMatrix

__all__ = ["AnalysisSettings", "choose_names", "collect_states", "cover_hops", "pair_up"]


@dataclass(frozen=True)
class AnalysisSettings:
    """Settings of the analysis of one layer.

    Attributes
    ----------
    epsilon : float, str or tuple, default="percolation"
        Threshold of G_M or the rule that chooses it; see ``choose_epsilon``.
    method : str, default="optimum"
        Covering method in hop space, a key of METHODS. "optimum": the smallest number of boxes,
        proven within ``time_limit``; networks of some hundred neurons take less than a second.
    repeats : int, default=3
        Runs per size of random covering methods; the smallest count is kept.
    curves : tuple of str
        Curves of N_θ to compare.
    n_theta : int, default=256
        Number of box sizes θ.
    time_limit : float or None, default=10.0
        Seconds per layer for proving the smallest number of boxes at every θ (see
        ``compare_dimensions``), and for method "optimum" the same in hop space.
    n_null : int, default=39
        Draws of each null model behind z-score and p-value of SS_rate, at least 2; 0 leaves it out.
    n_sweep : int, default=8
        Thresholds ε beside the chosen one at which G_M is measured, at least 2; 0 leaves it out.
    grid, scale : str
        Where the θ of SS_rate begin and end, and on which scale they are uniform: as published
        ("range", "log1p"), or hardly moved by a few loud neurons ("quantile") and free of the unit
        of the activations ("log"); see ``ss_rate``.
    """

    epsilon: Any = "percolation"
    method: str = "optimum"
    repeats: int = 3
    curves: tuple[str, ...] = CURVES
    n_theta: int = 256
    time_limit: float | None = 10.0
    n_null: int = 39
    n_sweep: int = 8
    grid: Grid = "range"
    scale: Scale = "log1p"

    def __post_init__(self) -> None:
        # Here, not layer by layer: a wrong setting is an error, a difficult layer a gap.
        split_rule(self.epsilon)
        box_methods = [name for name, row in METHODS.items() if row.box in ("diameter", "radius")]
        choice(self.method, box_methods, "method")
        integer(self.repeats, "repeats", least=1)
        integer(self.n_theta, "n_theta", least=4)
        if self.time_limit is not None:
            positive(self.time_limit, "time_limit", zero=True)
        if self.n_null != 0:
            integer(self.n_null, "n_null", least=2)
        if self.n_sweep != 0:
            integer(self.n_sweep, "n_sweep", least=2)
        choice(self.grid, GRIDS, "grid")
        choice(self.scale, SCALES, "scale")

    @property
    def curve_options(self) -> dict[str, Any]:
        """What ``compare_dimensions`` is to be told about the curves of N_θ."""
        names = ("curves", "n_theta", "time_limit", "grid", "scale", "repeats")
        return {name: getattr(self, name) for name in names}

    def describe(self) -> dict[str, str | int | float | None]:
        """Return the settings as plain values."""
        values: dict[str, str | int | float | None] = {
            name: value if isinstance(value, int | float) else str(value)
            for name, value in vars(self).items()
        }
        values["curves"] = " ".join(self.curves)
        return values


#: The drawn covering has at most this many boxes: more colours nobody tells apart.
_DRAWN_BOXES = 12


def cover_hops(
    graph: FeatureGraph, settings: AnalysisSettings, rng: np.random.Generator
) -> tuple[BoxCounts, BoxCover]:
    """Return the counts of all sizes, and the boxes of the size that is drawn."""
    if settings.method == "optimum":
        # A seed of its own: what a search draws until its time is up moves nothing that follows.
        limited: dict[str, Any] = {
            "time_limit": settings.time_limit,
            "rng": int(rng.integers(2**63)),
            "progress": False,
        }
        counts = heed_interrupt(minimum_box_counts(graph, **limited))
        drawn = minimum_box_cover(graph, _drawn_size(counts), **limited)
        return counts, heed_interrupt(drawn)
    how: dict[str, Any] = {"method": settings.method, "rng": rng}
    counts = box_counts(graph, repeats=settings.repeats, bounds=True, progress=False, **how)
    return counts, box_cover(graph, _drawn_size(counts), **how)


def _drawn_size(counts: BoxCounts) -> float:
    """Return the smallest size with few enough boxes to tell their colours apart."""
    few = np.flatnonzero(counts.counts <= _DRAWN_BOXES)
    return float(counts.sizes[few[0] if few.size else -1])


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
