"""Power law against exponential decay: which model the counts speak for."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from featgraph.core.result import Result

__all__ = ["COUNT_NOISE", "VERDICT_POINTS", "Verdict", "judge_models", "weigh_models"]

#: Tie-breaking alone moves heuristic counts by about one per cent, so no residual of log N
#: below this is taken as knowledge: it floors the mean squared residual everywhere.
COUNT_NOISE = 0.01
VERDICT_POINTS = 5
VERDICT_RANGE = 8.0
#: Weight that one of two models needs against the other before the verdict names it.
VERDICT_WEIGHT = 0.95
#: Share of the decay that a power law needs where both models together fit best. A power law
#: with an exponential cut-off is a small world seen from near: rings with one edge in a hundred
#: rewired reach 0.6 to 0.67, lattices and flowers stay above 0.7.
VERDICT_SHARE = 0.7

Verdict = Literal["fractal", "not fractal", "undecided"]


@dataclass(frozen=True, repr=False)
class ModelWeights(Result):
    """How three models of log N fare on the same points."""

    rmse: Mapping[str, float]
    weights: Mapping[str, float]
    power_share: float  # of the decay of log N, in the combined model
    delta: float = math.nan  # AICc of the exponential minus AICc of the power law


def weigh_models(
    sizes: NDArray[np.float64], x: NDArray[np.float64], y: NDArray[np.float64]
) -> ModelWeights:
    """Fit the three models to all points and weigh them by AICc."""
    n_points = sizes.size
    ones = np.ones(n_points)
    designs = {
        "power": np.column_stack([ones, x]),
        "exponential": np.column_stack([ones, sizes]),
        "both": np.column_stack([ones, x, sizes]),
    }
    rmse, criterion = {}, {}
    for name, design in designs.items():
        coefficients = np.linalg.lstsq(design, y, rcond=None)[0]
        mean_square = float(np.mean((y - design @ coefficients) ** 2))
        # An exact fit leaves rounding, whose ratios would be printed as if they meant something.
        rmse[name] = math.sqrt(mean_square) if mean_square > 1e-24 else 0.0
        n_parameters = design.shape[1] + 1  # the coefficients and the residual variance
        room = n_points - n_parameters - 1
        correction = 2 * n_parameters * (n_parameters + 1) / room if room > 0 else math.inf
        criterion[name] = (
            n_points * math.log(mean_square + COUNT_NOISE**2) + 2 * n_parameters + correction
        )
    _, on_log, on_size = coefficients  # of "both", the last model
    by_power, by_size = -on_log * np.ptp(x), -on_size * np.ptp(sizes)
    share = 1.0 if by_size <= 0 else 0.0 if by_power <= 0 else by_power / (by_power + by_size)
    lowest = min(criterion.values())
    if not math.isfinite(lowest):  # four points leave no room for any correction
        return ModelWeights(
            rmse, {"power": math.nan, "exponential": math.nan, "both": math.nan}, share
        )
    delta = criterion["exponential"] - criterion["power"]
    raw = {name: math.exp(-(value - lowest) / 2) for name, value in criterion.items()}
    total = sum(raw.values())
    weights = {name: value / total for name, value in raw.items()}
    return ModelWeights(rmse, weights, share, delta)


def judge_models(sizes: NDArray[np.float64], models: ModelWeights) -> tuple[Verdict, str]:
    """Return a verdict and the reason for it."""
    positive = sizes[sizes > 0]
    span = float(positive[-1] / positive[0]) if positive.size else 0.0
    if sizes.size < VERDICT_POINTS or span < VERDICT_RANGE:
        return "undecided", (
            f"{sizes.size} sizes with more than one box, the largest {span:.3g} times the "
            f"smallest: a verdict needs {VERDICT_POINTS} sizes and a factor of {VERDICT_RANGE:g}"
        )
    power, exponential = models.weights["power"], models.weights["exponential"]
    both = models.weights["both"]
    shared = power + exponential
    for_power = power / shared if shared > 0 else 0.5
    errors = (
        f"a power law misses log N by {models.rmse['power']:.3g}, "
        f"an exponential by {models.rmse['exponential']:.3g}"
    )
    smaller = models.rmse["power"] < models.rmse["exponential"]
    mixed = both >= VERDICT_WEIGHT and not (
        models.power_share >= VERDICT_SHARE if smaller else models.power_share < 0.5
    )
    if mixed:
        return "undecided", f"{errors}; together they fit best and neither dominates"
    if smaller and for_power >= VERDICT_WEIGHT:
        return "fractal", f"{errors}"
    if not smaller and for_power <= 1 - VERDICT_WEIGHT:
        return "not fractal", f"{errors}"
    return "undecided", f"{errors}: too close to tell"
