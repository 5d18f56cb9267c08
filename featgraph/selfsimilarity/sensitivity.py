"""How far SS_rate of a layer hangs on its farthest nodes and on the samples that were seen."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, ClassVar, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from featgraph.core.checks import integer
from featgraph.core.resources import small_on_one_thread
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.core.values import RandomState, as_rng
from featgraph.distances.distance_matrix import (
    DistanceMatrix,
    as_distance_matrix,
    feature_distances,
)
from featgraph.features.feature_matrix import Array, FeatureMatrix, as_feature_matrix
from featgraph.features.null import draw_nulls
from featgraph.selfsimilarity._steps import COARSE, FINEST, can_merge, merged_rates
from featgraph.selfsimilarity.estimators import EstimatorName
from featgraph.selfsimilarity.grid import EqualDistancesError
from featgraph.selfsimilarity.null_scores import NullComparison, compare_with_nulls, embed_distances
from featgraph.selfsimilarity.rate import ss_rate, ss_rate_of_distances

__all__ = ["Leverage", "bootstrap_ss_rate", "compare_and_set_aside", "measure_leverage"]

Floats: TypeAlias = NDArray[np.float64]
#: A handful of nodes: this share of all, and no more than this number.
SHARE, MOST = 0.05, 20


@dataclass(frozen=True, repr=False, eq=False)
class Leverage(Result):
    """SS_rate of a layer with and without its farthest nodes.

    Attributes
    ----------
    estimator : str
        Key in ``ESTIMATORS``.
    rate : float
        SS_rate of all nodes.
    nodes : ndarray of int, shape (n_largest,)
        The nodes farthest from the mean node, farthest first.
    norms : ndarray of float, shape (n_largest,)
        Their distance from the mean node, in medians of that of all nodes.
    without_each : ndarray of float, shape (n_largest,)
        SS_rate without this node alone; nan where all other distances are equal.
    without_first : ndarray of float, shape (n_largest,)
        SS_rate without this node and all before it in ``nodes``.
    null_rates : ndarray of float, shape (n_draws,)
        SS_rate of draws of the Gaussian null model; empty where none were asked for.
    null_changes : ndarray of float, shape (n_draws,)
        ``change`` of the same draws.
    layer : str or None
        Name of the layer.

    Examples
    --------
    >>> F = np.random.default_rng(0).normal(size=(100, 20))
    >>> F[7] *= 30
    >>> found = measure_leverage(F, n_largest=2)
    >>> int(found.nodes[0]), found.n_moving
    (7, 1)
    """

    _shown: ClassVar = ("layer", "estimator", "rate", "change", "n_moving", "z_score")
    _rules: ClassVar = {
        "nodes": Rule("n_largest", least=0),
        "norms": Rule("n_largest", least=0),
        "without_each": Rule("n_largest"),
        "without_first": Rule("n_largest"),
        "null_rates": Rule("n_draws"),
        "null_changes": Rule("n_draws"),
    }

    estimator: str
    rate: float
    nodes: NDArray[np.int64]
    norms: Floats
    without_each: Floats
    without_first: Floats
    null_rates: Floats
    null_changes: Floats
    layer: str | None = None

    @property
    def change(self) -> float:
        """Largest move of SS_rate, with its sign, when the first nodes are set aside."""
        return _largest_move(self.rate, self.without_first)

    @property
    def n_moving(self) -> int:
        """Smallest number of nodes that make half of this move."""
        moves = np.abs(np.nan_to_num(self.without_first - self.rate))
        return int(np.flatnonzero(moves >= abs(self.change) / 2)[0]) + 1

    @property
    def z_score(self) -> float | None:
        """``change`` in standard deviations from its mean over the null draws, None without any."""
        if self.null_changes.size < 2 or not self.null_changes.std() > 0:
            return None
        sd = self.null_changes.std(ddof=1)
        return float((self.change - self.null_changes.mean()) / sd)

    @property
    def is_ruled_by_few(self) -> bool:
        """Whether a handful of nodes moves SS_rate beyond what happens in the null model.

        The move is larger than two standard deviations of SS_rate over the null draws, and lies
        as far from the moves of the draws themselves, whose farthest nodes count too; with few
        draws the two become more, as for a prediction interval.
        """
        from scipy.special import ndtr, stdtrit  # scipy.stats takes half a second to load

        z_score, n_draws = self.z_score, self.null_changes.size
        if z_score is None:
            return False
        limit = -stdtrit(n_draws - 1, ndtr(-2.0)) * math.sqrt(1 + 1 / n_draws)
        return bool(abs(self.change) > limit * self.null_rates.std(ddof=1) and abs(z_score) > limit)

    def _columns(self) -> dict[str, object]:
        names = ("nodes", "norms", "without_each", "without_first")
        return {
            "estimator": self.estimator,
            "rate": self.rate,
            **{name: getattr(self, name) for name in names},
        }


@small_on_one_thread
def measure_leverage(
    features: FeatureMatrix | DistanceMatrix | Array,
    *,
    estimator: EstimatorName = "released",
    n_largest: int | None = None,
    n_draws: int = 0,
    rng: RandomState = None,
    **options: Any,
) -> Leverage:
    """Return SS_rate without the nodes that lie farthest from the mean node.

    TZ and TV are the smallest and the largest distance, so that a few nodes of large norm can
    set the scale of SS_rate for all others. Leverage says by how much.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples), or DistanceMatrix
        F of one layer, or its distances.
    estimator : str, default="released"
        A key of ``ESTIMATORS`` other than "greedy" and "optimum".
    n_largest : int or None, default=None
        How many nodes to set aside, at least 1 and at most n_nodes − 2; None: a twentieth of all,
        rounded up, at most 20.
    n_draws : int, default=0
        Draws of the Gaussian null model from which the same number of nodes is set aside.
    rng : Generator, int or None, default=None
        Source of the draws.
    **options
        Further options of :func:`ss_rate`, such as ``grid`` and ``scale``.

    Returns
    -------
    Leverage
        SS_rate without each of the nodes, and without the first 1, 2, …, n_largest.

    Raises
    ------
    ValueError
        If n_largest is out of range, there are fewer than 3 nodes, or as :func:`ss_rate`.

    Notes
    -----
    The mean node is the mean of F over nodes: a shift of all nodes changes no distance, so that
    norms themselves mean nothing to SS_rate. The norm about it follows from distances alone,
    ``r_i² = mean_j C_ij² − ½ mean_jk C_jk²``.

    Distances are computed once. Where a formula ("released", "paper") takes the published range
    of box sizes, pairs are not sorted anew for every node: those of one of 65,536 bins of
    log(1 + distance) count at their mean, of the null model of one of 4,096, which moves SS_rate
    by about 10⁻⁸ and 10⁻⁶. Elsewhere it is 2 · n_largest times the time of SS_rate from the
    distances, and n_largest times for a draw.

    References
    ----------
    Deletion diagnostics: Cook & Weisberg 1982, Residuals and Influence in Regression.

    Examples
    --------
    >>> F = np.random.default_rng(0).normal(size=(100, 20))
    >>> F[7] *= 30
    >>> found = measure_leverage(F)
    >>> int(found.nodes[0]), found.n_moving
    (7, 1)
    >>> bool(found.rate > 0.5 > 0.3 > found.without_each[0])
    True
    """
    matrix = as_distance_matrix(features)
    n_largest = _check_number(n_largest, matrix.n_nodes)
    distances = matrix.values.detach()
    how = {"estimator": estimator, **options}
    far, norms = _farthest(distances, n_largest)
    moves = []
    if n_draws:
        layer = features if not isinstance(features, DistanceMatrix) else embed_distances(features)
        draws = islice(draw_nulls(as_feature_matrix(layer), rng=rng, rotated=False), n_draws)
        moves = [_measure_move(feature_distances(sample), n_largest, how) for sample in draws]
    firsts = np.tri(n_largest, dtype=np.bool_)
    each = np.eye(n_largest, dtype=np.bool_)
    rates = _rates_without(distances, far, np.concatenate([each, firsts]), how, FINEST)
    null_rates, null_changes = np.array(moves, dtype=np.float64).reshape(-1, 2).T
    return Leverage(
        estimator=estimator,
        rate=float(ss_rate_of_distances(distances, **how)),
        nodes=far.cpu().numpy(),
        norms=norms.cpu().numpy(),
        without_each=rates[:n_largest],
        without_first=rates[n_largest:],
        null_rates=null_rates,
        null_changes=null_changes,
        layer=matrix.layer,
    )


def compare_and_set_aside(
    features: FeatureMatrix | DistanceMatrix | Array,
    n_draws: int,
    rng: RandomState = None,
    **options: Any,
) -> tuple[list[NullComparison], Leverage]:
    """Return SS_rate beside its null models, and its leverage beside the same Gaussian draws.

    Parameters
    ----------
    features, n_draws, rng, **options
        As in :func:`compare_with_nulls`; no draws, no comparison.

    Returns
    -------
    list of NullComparison, Leverage

    Raises
    ------
    ValueError
        As :func:`measure_leverage`.

    Examples
    --------
    >>> F = np.random.default_rng(0).normal(size=(20, 6))
    >>> nulls, leverage = compare_and_set_aside(F, 5, rng=0)
    >>> len(nulls), leverage.null_rates.size
    (4, 5)
    >>> bool(abs(nulls[0].mean - leverage.null_rates.mean()) < 1e-5)
    True
    """
    moves = []
    released = {"estimator": "released", **options}

    def watch(null: str, distances: Tensor) -> None:
        if null == "gaussian":
            moves.append(_measure_move(distances, None, released))

    how: dict[str, Any] = {"n_draws": n_draws, "rng": rng, "watch": watch, **options}
    nulls = compare_with_nulls(features, **how) if n_draws else []
    rates, changes = np.array(moves, dtype=np.float64).reshape(-1, 2).T
    leverage = measure_leverage(as_distance_matrix(features), **options)
    return nulls, replace(leverage, null_rates=rates, null_changes=changes)


def _measure_move(
    distances: Tensor, n_largest: int | None, how: dict[str, object]
) -> tuple[float, float]:
    """Return SS_rate of a draw, and its largest move without the farthest nodes."""
    n_largest = _check_number(n_largest, len(distances))
    far, _ = _farthest(distances, n_largest)
    firsts = np.tri(n_largest + 1, n_largest, -1, dtype=np.bool_)
    rates = _rates_without(distances, far, firsts, how, COARSE)
    return float(rates[0]), _largest_move(rates[0], rates[1:])


def _check_number(n_largest: int | None, n_nodes: int) -> int:
    if n_nodes < 3:
        raise ValueError(f"features must have at least 3 nodes to set one aside, got {n_nodes}")
    n_largest = min(MOST, int(np.ceil(SHARE * n_nodes))) if n_largest is None else n_largest
    if n_largest > n_nodes - 2:
        raise ValueError(f"n_largest must be at most n_nodes − 2 = {n_nodes - 2}, got {n_largest}")
    return n_largest


def _largest_move(rate: float, rates: Floats) -> float:
    moves = np.nan_to_num(rates - rate)
    return float(moves[np.abs(moves).argmax()])


def _rates_without(
    distances: Tensor, far: Tensor, out: NDArray[np.bool_], how: dict[str, Any], n_bins: int
) -> Floats:
    """Return SS_rate without the nodes ``far`` that each row of ``out`` tells."""
    if can_merge(distances, how):
        return merged_rates(distances, far.numpy(), out, how["estimator"], n_bins)
    return np.array([_rate_without(distances, far[torch.from_numpy(row)], how) for row in out])


def _rate_without(distances: Tensor, nodes: Tensor, how: dict[str, Any]) -> float:
    kept = torch.ones(len(distances), dtype=torch.bool, device=distances.device)
    kept[nodes] = False
    try:
        return float(ss_rate_of_distances(distances[kept][:, kept], **how))
    except EqualDistancesError:
        return float("nan")


def _farthest(distances: Tensor, n_largest: int) -> tuple[Tensor, Tensor]:
    """Return the nodes farthest from the mean node, and how far in medians of that."""
    means = distances.new_zeros(len(distances), dtype=torch.float64)
    for rows in torch.split(distances, 64):  # what fits into the cache
        means += rows.double().square().sum(dim=0)
    means /= len(distances)
    norms = (means - means.mean() / 2).clamp(min=0.0).sqrt()
    far = norms.argsort(descending=True, stable=True)[:n_largest]
    middle = max(float(norms.median()), float(torch.finfo(norms.dtype).tiny))
    return far, norms[far] / middle


def bootstrap_ss_rate(
    features: FeatureMatrix | Array,
    *,
    estimator: EstimatorName = "released",
    n_resamples: int = 64,
    confidence: float = 0.95,
    rng: RandomState = None,
    **options: Any,
) -> tuple[float, float]:
    """Return a bootstrap interval of SS_rate over the samples of a layer.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples)
        F of one layer.
    estimator : str, default="released"
        A key of ``ESTIMATORS``.
    n_resamples : int, default=64
        Number of times that n_samples samples are drawn with replacement.
    confidence : float, default=0.95
        Share of the resamples inside the interval, in [0, 1].
    rng : Generator, int or None, default=None
        Source of the draws.
    **options
        Further options of :func:`ss_rate`.

    Returns
    -------
    low, high : float
        Percentiles of SS_rate over the resamples; (nan, nan) if all distances are equal in each.

    Raises
    ------
    ValueError
        As :func:`ss_rate`.

    Notes
    -----
    A resample holds some samples twice and so has a little less variety than the data: the
    interval speaks for the spread of SS_rate, not for its bias at few samples. Time
    n_resamples times that of ``ss_rate``.

    References
    ----------
    Efron 1979, doi:10.1214/aos/1176344552.

    Examples
    --------
    >>> F = np.random.default_rng(0).normal(size=(32, 8))
    >>> low, high = bootstrap_ss_rate(F, rng=0)
    >>> low < float(ss_rate(F)) < high
    True
    """
    n_resamples = integer(n_resamples, "n_resamples", least=2)
    tail = (1 - confidence) / 2
    rng = as_rng(rng)
    values = as_feature_matrix(features).values.detach()
    rates = []
    for _ in range(n_resamples):
        drawn = torch.from_numpy(rng.integers(values.shape[1], size=values.shape[1]))
        try:
            rates.append(float(ss_rate(values[:, drawn], estimator=estimator, **options)))
        except EqualDistancesError:
            continue
    if not rates:
        return float("nan"), float("nan")
    low, high = np.quantile(rates, [tail, 1 - tail]).tolist()
    return low, high
