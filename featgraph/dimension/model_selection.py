"""Power law against exponential decay: the sizes they compete on, and what the counts say."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import integer
from featgraph.core.result import Result
from featgraph.graph.convert import GraphLike

__all__ = [
    "COUNT_NOISE",
    "VERDICT_POINTS",
    "Verdict",
    "check_spacing",
    "compare_errors",
    "compared_sizes",
    "hop_size_grid",
    "judge_models",
    "size_grid",
    "thin_sizes",
    "weigh_models",
]

Floats: TypeAlias = NDArray[np.float64]
#: Points of a curve over real-valued sizes; more would only repeat one another.
_N_REAL = 16
#: In hops, boxes of ℓ = 0 and 1 are nodes and cliques: their number tells of triangles and
#: matchings, not of scaling (N(1) ≥ n/2 without triangles, whatever the dimension).
_SMALLEST_COMPARED = 2
_FEWEST_COMPARED = 5
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


def size_grid(
    largest: float, *, kind: str = "diameter", scale: int | None = None, spacing: float = 1.3
) -> list[int]:
    """Return sizes in hops that are even in log(1 + ℓ), or at powers of ``scale``.

    Diameter boxes stand at 1 + ℓ = scaleᵏ, radius boxes at r = ⌊scaleᵏ / 2⌋.

    Examples
    --------
    >>> size_grid(20)
    [0, 1, 2, 3, 4, 5, 7, 9, 12, 16]
    >>> size_grid(40, scale=3)
    [2, 8, 26]
    >>> size_grid(40, kind="radius", scale=2)
    [1, 2, 4, 8, 16, 32]
    """
    if scale is not None:
        base = integer(scale, "scale", least=2)
        n_powers = math.ceil(math.log2(largest)) + 2
        powers = [base**k for k in range(1, n_powers)]  # of Python: none is too large
        sizes = [power // 2 if kind == "radius" else power - 1 for power in powers]
        fitting = [size for size in sizes if size <= largest]
        if not fitting:
            raise ValueError(
                f"scale must leave a size of at most {largest:g} hops, which cover the graph by "
                f"one box, got {scale}"
            )
        return fitting
    check_spacing(spacing)
    sizes = [0]
    while sizes[-1] < largest:
        sizes.append(max(sizes[-1] + 1, round((sizes[-1] + 1) * spacing) - 1))
    return [size for size in sizes if size <= largest] or [0]


def hop_size_grid(graph: GraphLike, kind: str, scale: int | None, spacing: float) -> list[int]:
    """Return the grid up to the first size that leaves one box per component for sure."""
    from featgraph.boxes.metric_space import HopSpace

    _, bound = HopSpace(graph).diameter_bounds
    largest = bound / 2 if kind == "radius" else bound
    return size_grid(max(largest, 1.0), kind=kind, scale=scale, spacing=spacing)


def thin_sizes(sizes: Floats, *, space: str = "hop", spacing: float = 1.3) -> NDArray[np.int64]:
    """Return positions of rising diameter sizes that are apart by a factor ``spacing`` in 1 + ℓ.

    Neighbouring sizes repeat one another, so a curve of a hundred sizes is far fewer points of
    evidence. Sizes that are no hops keep 16 positions, even in log(1 + θ).

    Examples
    --------
    >>> thin_sizes(np.arange(12.0)).tolist()
    [0, 1, 2, 3, 5, 7, 10]
    """
    places = np.log1p(sizes)
    gap = math.log(spacing)
    if space != "hop":
        gap = float(np.ptp(places)) / (_N_REAL - 1) if sizes.size > _N_REAL else 0.0
    kept = [0]
    for k in range(1, sizes.size):
        if places[k] - places[kept[-1]] >= gap * (1 - 1e-9):
            kept.append(k)
    return np.array(kept, dtype=np.int64)


def compared_sizes(sizes: Floats, space: str) -> NDArray[np.bool_]:
    """Return which usable sizes the models are compared on: from 2 hops up, if enough are left.

    Examples
    --------
    >>> compared_sizes(np.array([0.0, 1, 2, 3, 4, 6, 8]), "hop").tolist()
    [False, False, True, True, True, True, True]
    """
    large: NDArray[np.bool_] = sizes >= _SMALLEST_COMPARED
    if space != "hop" or np.count_nonzero(large) < _FEWEST_COMPARED:
        return np.ones(sizes.size, dtype=np.bool_)
    return large


def check_spacing(spacing: float) -> None:
    """Refuse a ratio of neighbouring sizes that is below 1 or without end."""
    if not 1 <= spacing < math.inf:
        raise ValueError(f"spacing must be a ratio of at least 1, got {spacing!r}")


@dataclass(frozen=True, repr=False)
class ModelWeights(Result):
    """How three models of log N fare on the same points.

    Examples
    --------
    >>> sizes = np.arange(1.0, 9.0)
    >>> x = np.log1p(sizes)
    >>> weights = weigh_models(sizes, x, 5 - 2 * x + 0.01 * np.cos(sizes)).weights
    >>> max(weights, key=weights.get)
    'power'
    """

    rmse: Mapping[str, float]
    weights: Mapping[str, float]
    power_share: float  # of the decay of log N, in the combined model
    delta: float = math.nan  # AICc of the exponential minus AICc of the power law


def compare_errors(power: float, exponential: float) -> float:
    """Return R = RMSE of the power law over that of the exponential: 1 where both are exact."""
    if exponential == 0:
        return 1.0 if power == 0 else math.inf
    return power / exponential


def weigh_models(sizes: Floats, x: Floats, y: Floats) -> ModelWeights:
    """Fit the three models to all points and weigh them by AICc."""
    n_points = sizes.size
    ones = np.ones(n_points)
    # Sizes may be of any unit: columns of one magnitude, or least squares drops the smaller ones.
    on_log, on_size = ((column - column.mean()) / np.ptp(column) for column in (x, sizes))
    designs = {
        "power": np.column_stack([ones, on_log]),
        "exponential": np.column_stack([ones, on_size]),
        "both": np.column_stack([ones, on_log, on_size]),
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
    _, by_power, by_size = -coefficients  # of "both", the last model, over the range of sizes
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


def judge_models(sizes: Floats, models: ModelWeights) -> tuple[Verdict, str]:
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
