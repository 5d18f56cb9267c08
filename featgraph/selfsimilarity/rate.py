"""SS_rate (Eq. 3): how far log N_θ is from a straight line in log(1 + θ)."""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor

from featgraph.core.checks import choice, integer, positive
from featgraph.distances.distance_matrix import feature_distances
from featgraph.features.feature_matrix import Array, FeatureMatrix, as_feature_matrix
from featgraph.selfsimilarity._released import Recipe, released_rate, released_rate_of_distances
from featgraph.selfsimilarity._steps import count_steps, step_integral
from featgraph.selfsimilarity.estimators import ESTIMATORS, QUANTILES, EstimatorName, Grid, Scale
from featgraph.selfsimilarity.grid import (
    ThetaRule,
    check_spread,
    check_theta,
    check_theta_rule,
    distance_range,
    grid_between,
)
from featgraph.selfsimilarity.numbers import box_number
from featgraph.selfsimilarity.soft import smooth_counts

__all__ = ["NUMERICS", "Numerics", "ss_rate", "ss_rate_of_distances"]

Numerics = Literal["exact", "released"]

NUMERICS = {
    "exact": "the integral itself, with its own derivative",
    "released": "strict counts on the θ grid and a straight-through gradient, as released",
}


def ss_rate(
    features: FeatureMatrix | Array,
    *,
    estimator: EstimatorName = "released",
    numerics: Numerics = "exact",
    n_theta: int = 256,
    theta: Tensor | None = None,
    grid: Grid = "range",
    scale: Scale = "log1p",
    quantiles: tuple[float, float] = QUANTILES,
    sharpness: float = 1.0,
    gain: float | None = None,
    softness: float = 0.02,
    time_limit: float | None = 30.0,
) -> Tensor:
    """Return SS_rate of a layer: 0 is a perfect power law of box counts, 1 the farthest from it.

    ``2 / (log D · (lo(TV) − lo(TZ))) · ∫ |log N_θ − pf(θ)| dlo(θ)`` from TZ, the smallest
    distance of two nodes, to TV, the largest; lo(θ) = log(1 + θ), and pf is the straight line
    from log D at TZ to 0 at TV.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples)
        F of one layer. A Tensor that requires a gradient gives a differentiable result.
    estimator : str, default="released"
        How boxes are counted, a key of ``ESTIMATORS``.
    numerics : {"exact", "released"}, default="exact"
        "exact": N_θ of "paper", "released", "caro_wei", "packing", "linkage" and "midpoint" is a
        step function that changes only at distances of pairs, and the integral is summed in closed
        form over its steps; the gradient is the exact derivative through those pairs, TZ and
        TV included. "soft_caro_wei", "greedy" and "optimum" are known on the θ grid only:
        trapezoid rule.
        "released" (estimators "paper" and "released"): the grid of n_theta box sizes with
        strict counts C < θ, the plain mean over the grid, TZ and TV without gradient, and a
        straight-through gradient: p is differentiated as if it were
        ``gain · mean σ(sharpness · (θ − C))``.
    n_theta : int, default=256
        Number of box sizes where a grid is used.
    theta : Tensor or None, default=None
        Rising box sizes to use instead of the grid, without gradient. The first and last take
        the place of TZ and TV; the closed forms use nothing else of it.
    grid : {"range", "quantile"}, default="range"
        TZ and TV: "range", the smallest and the largest distance, as published; one silent and one
        loud node then set the scale of the whole measure. "quantile", two quantiles of the
        distances of pairs, which a few nodes hardly move; beyond them nothing counts.
    scale : {"log1p", "log"}, default="log1p"
        lo(θ): "log1p", log(1 + θ), as published; "log", log θ, with which a common scale of the
        features does not matter. Under "log" copies (distance 0) are one node at every θ, and
        the grid begins at the smallest distance above 0.
    quantiles : tuple of float, default=(0.05, 0.95)
        Shares of the pairs at most as far apart as TZ and TV, for the grid "quantile"; linear
        between neighbours in the order of the distances.
    sharpness : float, default=1.0
        k of the straight-through gradient, above 0.
    gain : float or None, default=None
        fac of the straight-through gradient, above 0; None means n_nodes, as released.
    softness : float, default=0.02
        For "soft_caro_wei", see :func:`soft_caro_wei`.
    time_limit : float or None, default=30.0
        Seconds of "optimum" for all θ together, at least 0; None: until all N_θ are proven.

    Returns
    -------
    Tensor, 0-d
        SS_rate in [0, 1] (a theta that does not span the distances may leave that range); of
        the dtype of C.

    Raises
    ------
    ValueError
        If all distances are equal (TZ = TV), a name is unknown, names do not go together
        ("released" numerics have the published formulas, grid and scale only), F is not a
        finite matrix of at least 2 nodes, theta is not rising, or a gradient is asked of an
        estimator without one ("greedy", "optimum").

    Notes
    -----
    SS_rate does not depend on the order of nodes or samples, on a shift of all nodes, or on a
    rotation of the samples. As published it does depend on a common scale of the features,
    because log(1 + θ) has the unit of the activations as its natural length: scaling by 10 is a
    different number, not a different unit. Duplicated nodes (TZ = 0) are legal.

    A bare SS_rate means little: independent Gaussian features of 128 nodes and 512 samples have
    about 0.19 under "released", points on a line about 0.07.

    Time O(n_nodes² (n_samples + log n_nodes)), memory O(n_nodes²); "released" numerics sort
    nothing. Equal distances give one of the valid subgradients.

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Eq. 3 (which prints D where the stated range needs
    log D) and the code released with it.

    Examples
    --------
    >>> import numpy as np
    >>> from featgraph.selfsimilarity import ss_rate
    >>> F = np.random.default_rng(0).normal(size=(128, 64)).astype("float32")
    >>> round(float(ss_rate(F, numerics="released")), 4)
    0.2118
    >>> round(float(ss_rate(F, estimator="linkage")), 4)
    0.3436
    >>> robust = {"estimator": "midpoint", "grid": "quantile", "scale": "log"}
    >>> round(float(ss_rate(F, **robust)), 4) == round(float(ss_rate(1000 * F, **robust)), 4)
    True
    """
    matrix = as_feature_matrix(features)
    rule = check_theta_rule(grid, scale, quantiles)
    _check_names(estimator, numerics, rule)
    if numerics == "released":
        recipe = _recipe(estimator, n_theta, theta, sharpness, gain, matrix.values)
        return released_rate(matrix.values, recipe)
    if estimator in ("greedy", "optimum"):
        return _covering_rate(matrix, estimator, theta, n_theta, time_limit, rule)
    distances = feature_distances(matrix)
    return _exact_rate(distances, estimator, theta, n_theta, softness, rule, matrix.values)


def ss_rate_of_distances(
    distances: Tensor,
    *,
    estimator: EstimatorName = "released",
    numerics: Numerics = "exact",
    n_theta: int = 256,
    theta: Tensor | None = None,
    grid: Grid = "range",
    scale: Scale = "log1p",
    quantiles: tuple[float, float] = QUANTILES,
    sharpness: float = 1.0,
    gain: float | None = None,
    softness: float = 0.02,
) -> Tensor:
    """Return SS_rate from the distance matrix: :func:`ss_rate` for distances already there.

    Parameters
    ----------
    distances : Tensor of float32 or float64, shape (n_nodes, n_nodes)
        C, symmetric with zero diagonal; may carry a gradient. Only the part above the diagonal
        receives a gradient where all pairs count.
    estimator, numerics, n_theta, theta, grid, scale, quantiles, sharpness, gain, softness
        As in :func:`ss_rate`; "greedy" and "optimum" need features.

    Returns
    -------
    Tensor, 0-d
        SS_rate.

    Raises
    ------
    ValueError
        As :func:`ss_rate`.

    Notes
    -----
    Time O(n_nodes² log n_nodes), memory O(n_nodes²); for the rest see :func:`ss_rate`.

    References
    ----------
    As :func:`ss_rate`.

    Examples
    --------
    >>> import torch
    >>> from featgraph.selfsimilarity import ss_rate_of_distances
    >>> C = torch.expm1((torch.arange(9.0)[:, None] - torch.arange(9.0)).abs())
    >>> round(float(ss_rate_of_distances(C, estimator="linkage")), 3)
    0.306
    """
    rule = check_theta_rule(grid, scale, quantiles)
    _check_names(estimator, numerics, rule)
    if numerics == "released":
        recipe = _recipe(estimator, n_theta, theta, sharpness, gain, distances)
        return released_rate_of_distances(distances, recipe)
    if estimator in ("greedy", "optimum"):
        raise ValueError(
            f"estimator must not be {estimator!r} here: it covers features; "
            f"call ss_rate(features, estimator={estimator!r})"
        )
    return _exact_rate(distances, estimator, theta, n_theta, softness, rule)


def _exact_rate(
    distances: Tensor,
    estimator: EstimatorName,
    theta: Tensor | None,
    n_theta: int,
    softness: float,
    rule: ThetaRule,
    values: Tensor | None = None,
) -> Tensor:
    """Return the integral and its own derivative; ``values``: the features, if they are there."""
    if theta is not None:
        theta = _check_given(theta, distances, rule)
    if estimator == "soft_caro_wei":
        return _soft_rate(distances, theta, n_theta, softness, rule, values)
    steps, ends = count_steps(distances, estimator), None
    if theta is not None:
        ends = theta[0], theta[-1]
    elif not rule.is_published:
        ends = rule.ends(distances)
    return step_integral(distances, steps, rule, ends, values)


def _soft_rate(
    distances: Tensor,
    theta: Tensor | None,
    n_theta: int,
    softness: float,
    rule: ThetaRule,
    values: Tensor | None,
) -> Tensor:
    """Return the trapezoid rule over smooth counts, on a grid that moves with the distances."""
    n_theta, softness = integer(n_theta, "n_theta", least=2), positive(softness, "softness")
    if theta is None:
        x = torch.linspace(0.0, 1.0, n_theta, dtype=torch.float64, device=distances.device)
        low_and_high = None if rule.is_published else rule.ends(distances)
    else:
        levels = rule.levels(theta)
        x = (levels - levels[0]) / (levels[-1] - levels[0])
        low_and_high = theta[0], theta[-1]
    ends = None
    if low_and_high is not None:
        ends = rule.levels(low_and_high[0]), rule.levels(low_and_high[1])
    counts = smooth_counts(distances, ends, x, softness, rule, values)
    gap = counts.log() / math.log(len(distances)) - (1 - x)
    return (2 * torch.trapezoid(gap.abs(), x)).to(distances.dtype)


def _check_given(theta: Tensor, distances: Tensor, rule: ThetaRule) -> Tensor:
    check_spread(*distance_range(distances.detach()))
    theta = check_theta(theta, distances)
    if rule.scale == "log" and not float(theta[0]) > 0:
        raise ValueError(f"theta must be above 0 with scale='log', got {float(theta[0])} first")
    return theta


def _check_names(estimator: str, numerics: str, rule: ThetaRule) -> None:
    choice(estimator, ESTIMATORS, "estimator")
    choice(numerics, NUMERICS, "numerics")
    if numerics == "released" and estimator not in ("paper", "released"):
        raise ValueError(
            "numerics='released' is defined for the estimators 'paper' and 'released', got "
            f"{estimator!r}; take numerics='exact'"
        )
    if numerics == "released" and not rule.is_published:
        raise ValueError(
            "numerics='released' is defined for grid='range' and scale='log1p', got "
            f"{rule.grid!r} and {rule.scale!r}; take numerics='exact'"
        )


def _recipe(
    estimator: str,
    n_theta: int,
    theta: Tensor | None,
    sharpness: float,
    gain: float | None,
    like: Tensor,
) -> Recipe:
    return Recipe(
        estimator,
        integer(n_theta, "n_theta", least=2),
        None if theta is None else check_theta(theta, like),
        positive(sharpness, "sharpness"),
        None if gain is None else positive(gain, "gain"),
    )


def _covering_rate(
    matrix: FeatureMatrix,
    estimator: EstimatorName,
    theta: Tensor | None,
    n_theta: int,
    time_limit: float | None,
    rule: ThetaRule,
) -> Tensor:
    """Return SS_rate of a covering searched at every θ of the grid; it has no gradient."""
    if matrix.values.requires_grad and torch.is_grad_enabled():
        raise ValueError(
            f"estimator {estimator!r} has no gradient; detach the features, or take 'linkage' "
            "(a covering) or 'packing' (a lower bound)"
        )
    distances = feature_distances(matrix)
    if theta is None:
        theta = grid_between(*rule.ends(distances), n_theta, rule)
    theta = _check_given(theta, distances, rule)
    counts = box_number(matrix, theta, estimator=estimator, time_limit=time_limit)
    return _trapezoid(counts, theta, matrix.n_nodes, rule).to(matrix.dtype)


def _trapezoid(counts: Tensor, theta: Tensor, n_nodes: int, rule: ThetaRule) -> Tensor:
    """Return 2 ∫₀¹ |log N / log D − (1 − x)| dx by the trapezoid rule on the grid."""
    levels = rule.levels(theta)
    x = (levels - levels[0]) / (levels[-1] - levels[0])
    gap = counts.log() / math.log(n_nodes) - (1 - x)
    return 2 * torch.trapezoid(gap.abs(), x)
