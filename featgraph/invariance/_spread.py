"""Spread of a number over layers, with an interval that knows its own upward bias."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["basic_interval", "relative_range"]


def basic_interval(
    estimate: float,
    replicates: NDArray[np.float64],
    *,
    confidence: float,
    transform: Callable[[NDArray[np.float64]], NDArray[np.float64]] = np.asarray,
    inverse: Callable[[float], float] = float,
) -> tuple[float, float]:
    """Return the basic bootstrap interval of a number that can not be negative.

    Noise spreads layers apart: replicates of a spread lie above the estimate as the estimate
    lies above the truth. The basic interval, 2 · estimate − quantile, mirrors them back, where
    percentiles would leave the truth out altogether. ``transform`` is the scale on which that
    bias is additive (the variance for a standard deviation). The estimate always lies inside:
    one that happens to fall below its own noise must not give an empty interval.
    """
    low, high = np.quantile(
        transform(replicates), [0.5 - confidence / 2, 0.5 + confidence / 2]
    ).tolist()
    centre = float(transform(np.array([estimate]))[0])
    return (
        min(estimate, inverse(max(0.0, 2 * centre - high))),
        max(estimate, inverse(max(0.0, 2 * centre - low))),
    )


def relative_range(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return Δ = (max − min) / mean over the last axis."""
    result: NDArray[np.float64] = np.ptp(values, axis=-1) / values.mean(axis=-1)
    return result
