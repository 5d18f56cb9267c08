"""Layers by name, and the spread of a number over them with an interval that knows noise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.core.result import Result
from featgraph.core.rules import SHARE, Rule

if TYPE_CHECKING:
    from featgraph.features.feature_matrix import Array, FeatureMatrix

    OneLayer: TypeAlias = FeatureMatrix | Array
    Layers: TypeAlias = OneLayer | Mapping[str, OneLayer] | Sequence[OneLayer]

__all__ = ["LayerSpread", "invert_spread", "name_layers", "noise_spread", "relative_range"]

Floats: TypeAlias = NDArray[np.float64]
Spread: TypeAlias = Callable[[Floats], Floats]
_MAX_STRETCH = 1e3


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


@dataclass(frozen=True, repr=False, eq=False)
class LayerSpread(Result):
    """Base of results with one number per layer: its spread over the layers, and a table.

    A subclass says what spread is (``_spread``), and gives the numbers and their bootstrap draws.
    """

    _spread: ClassVar[Any]
    _rules: ClassVar = {"confidence": SHARE, "layers": Rule(shortest=1)}

    layers: tuple[Any, ...]
    variant: str
    confidence: float = 0.95

    def _numbers(self) -> Floats:
        raise NotImplementedError

    def _draws(self) -> list[Floats]:
        raise NotImplementedError

    @cached_property
    def _replicates(self) -> Floats | None:
        parts = self._draws()
        return np.stack(parts, axis=1) if len(parts) > 1 and all(p.size for p in parts) else None

    @cached_property
    def interval(self) -> tuple[float, float] | None:
        """Interval of the spread by inverted bootstrap tests, the same samples in every layer.

        None without bootstrap or for one layer.
        """
        draws, level = self._replicates, self.confidence
        if draws is None:
            return None
        return invert_spread(self._numbers(), draws, self._spread, confidence=level)

    @property
    def noise_floor(self) -> float | None:
        """The mean spread that noise alone would give if every layer had the same number."""
        draws = self._replicates
        return None if draws is None else noise_spread(draws, self._spread, self._numbers().mean())

    @property
    def n_layers(self) -> int:
        """Number of layers."""
        return len(self.layers)

    def to_rows(self) -> list[dict[str, Any]]:
        """Return one flat row per layer, ready for a table."""
        return [row for layer in self.layers for row in layer.to_rows()]


def invert_spread(
    estimates: Floats, replicates: Floats, spread: Spread, *, confidence: float
) -> tuple[float, float]:
    """Return an interval for the spread of the true values of which ``estimates`` are noisy.

    Noise spreads layers apart, so replicates of a spread lie above the estimate as the estimate
    lies above the truth, and their percentiles leave the truth out. Instead, the observed
    pattern is shrunk or stretched around its mean, the bootstrap noise of ``replicates``
    (n_resamples, n_layers) is added, and those stretches are kept under which the observed
    spread is not among the most extreme 1 − ``confidence``. The estimate always lies inside,
    and a lucky one below its own noise does not shorten the interval: for the upper end, the
    observed spread counts as at least the median of what noise alone gives.
    """
    observed = float(spread(estimates))
    mean = estimates.mean()
    noise = replicates - replicates.mean(axis=0)
    usual = float(np.median(spread(mean + noise)))
    pattern = estimates - mean
    if observed < 1e-3 * usual:  # nothing to stretch: layers spaced evenly stand in
        even = np.linspace(-1.0, 1.0, estimates.size) * mean
        pattern = even * usual / float(spread(mean + even))
    tail = (1 - confidence) / 2

    def share_below(stretch: float, limit: float) -> float:
        return float(np.mean(spread(mean + stretch * pattern + noise) < limit))

    low = _crossing(lambda t: 1 - share_below(t, observed) > tail, 1.0)
    least = max(observed, usual)
    high = _crossing(lambda t: share_below(t, least) <= tail, _MAX_STRETCH)
    ends = spread(mean + np.array([[low], [high]]) * pattern)
    return min(observed, float(ends[0])), max(observed, float(ends[1]))


def _crossing(reached: Callable[[float], bool], last: float) -> float:
    """Return where ``reached`` turns from false to true in [0, last], to 3 digits."""
    if reached(0.0):
        return 0.0
    low, high = 0.0, 1.0
    while high < last and not reached(high):
        low, high = high, 2 * high
    while high - low > 1e-3 * high:
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    return high


def noise_spread(replicates: Floats, spread: Spread, mean: float) -> float:
    """Return the mean spread of replicates whose layers all have the same true value."""
    noise = replicates - replicates.mean(axis=0)
    return float(spread(mean + noise).mean())


def relative_range(values: Floats) -> Floats:
    """Return Δ = (max − min) / mean over the last axis."""
    result: Floats = np.ptp(values, axis=-1) / values.mean(axis=-1)
    return result


def deviation(values: Floats) -> Floats:
    """Return the population standard deviation over the last axis."""
    result: Floats = np.std(values, axis=-1)
    return result
