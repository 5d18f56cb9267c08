"""How far SS_rate of a layer hangs on its farthest nodes and on the samples that were seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
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
from featgraph.selfsimilarity.estimators import EstimatorName
from featgraph.selfsimilarity.grid import EqualDistancesError, check_spread, distance_range
from featgraph.selfsimilarity.null_scores import embed_distances
from featgraph.selfsimilarity.numbers import formula_count
from featgraph.selfsimilarity.rate import ss_rate, ss_rate_of_distances

__all__ = ["Leverage", "bootstrap_ss_rate", "measure_leverage"]

Floats: TypeAlias = NDArray[np.float64]
#: A handful of nodes: this share of all, and no more than this number.
SHARE, MOST = 0.05, 20
N_BINS = 1 << 14  # of log(1 + distance), for the draws of the null model


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
        from scipy.stats import norm, t

        z_score, n_draws = self.z_score, self.null_changes.size
        if z_score is None:
            return False
        limit = t.isf(norm.sf(2.0), n_draws - 1) * math.sqrt(1 + 1 / n_draws)
        return bool(abs(self.change) > limit * self.null_rates.std(ddof=1) and abs(z_score) > limit)

    def _columns(self) -> dict[str, Any]:
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

    Distances are computed once; 2 · n_largest times the time of SS_rate from them. Pairs of a
    draw of the null model are counted in 16,384 bins of log(1 + distance) in one pass where a
    formula ("released", "paper") takes the published range of box sizes, which moves SS_rate of
    a draw by about 10⁻⁵; elsewhere a draw costs n_largest times SS_rate.

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
    n_nodes = matrix.n_nodes
    if n_nodes < 3:
        raise ValueError(f"features must have at least 3 nodes to set one aside, got {n_nodes}")
    n_largest = min(MOST, int(np.ceil(SHARE * n_nodes))) if n_largest is None else n_largest
    if n_largest > n_nodes - 2:
        raise ValueError(f"n_largest must be at most n_nodes − 2 = {n_nodes - 2}, got {n_largest}")
    distances = matrix.values.detach()
    how = {"estimator": estimator, **options}
    far, norms = _farthest(distances, n_largest)
    null_rates, null_changes = [], []
    if n_draws:
        layer = features if not isinstance(features, DistanceMatrix) else embed_distances(features)
        for sample in islice(draw_nulls(as_feature_matrix(layer), rng=rng, rotated=False), n_draws):
            apart = feature_distances(sample)
            rates = _binned_rates(apart, _farthest(apart, n_largest)[0], how)
            null_rates.append(float(rates[0]))
            null_changes.append(_largest_move(null_rates[-1], rates[1:]))
    each, first = ([far[k : k + 1] for k in range(n_largest)], _firsts(far))
    rates = _rates_without(distances, [far[:0], *each, *first], how)
    return Leverage(
        estimator=estimator,
        rate=float(rates[0]),
        nodes=far.cpu().numpy(),
        norms=norms.cpu().numpy(),
        without_each=rates[1 : n_largest + 1],
        without_first=rates[n_largest + 1 :],
        null_rates=np.array(null_rates),
        null_changes=np.array(null_changes),
        layer=matrix.layer,
    )


def _largest_move(rate: float, rates: Floats) -> float:
    moves = np.nan_to_num(rates - rate)
    return float(moves[np.abs(moves).argmax()])


def _firsts(far: Tensor) -> list[Tensor]:
    return [far[: k + 1] for k in range(len(far))]


def _is_published(distances: Tensor, how: dict[str, Any]) -> bool:
    """Whether SS_rate is that of a formula over all pairs, from TZ to TV in log(1 + θ)."""
    plain = {"grid": "range", "scale": "log1p", "estimator": how["estimator"]} | how
    names = {"grid": "range", "scale": "log1p", "estimator": how["estimator"]}
    is_formula = how["estimator"] in ("released", "paper")
    return is_formula and plain == names and distances.device.type == "cpu"


def _rates_without(distances: Tensor, sets: list[Tensor], how: dict[str, Any]) -> Floats:
    return np.array([_rate_without(distances, nodes, how) for nodes in sets])


def _rate_without(distances: Tensor, nodes: Tensor, how: dict[str, Any]) -> float:
    kept = torch.ones(len(distances), dtype=torch.bool, device=distances.device)
    kept[nodes] = False
    try:
        return float(ss_rate_of_distances(distances[kept][:, kept], **how))
    except EqualDistancesError:
        return float("nan")


def _binned_rates(distances: Tensor, far: Tensor, how: dict[str, Any]) -> Floats:
    """Return SS_rate without the first 0, 1, …, n of ``far``, to about 10⁻⁵.

    One pass counts the pairs by bins of log(1 + distance) and by who of ``far`` leaves first, so
    that the share of pairs is exact at the edges of the bins; between them it is taken as linear.
    """
    if not _is_published(distances, how):
        return _rates_without(distances, [far[:0], *_firsts(far)], how)
    from featgraph.selfsimilarity._kernels import bin_pairs

    n_nodes, n_far = len(distances), len(far)
    check_spread(*distance_range(distances))
    low, high = (math.log1p(float(end)) for end in distance_range(distances))
    ranks = np.full(n_nodes, n_far)
    ranks[far.numpy()] = np.arange(n_far)
    counts = np.zeros((n_far + 1, N_BINS), dtype=np.int64)
    bin_pairs(distances.contiguous().numpy(), ranks, low, N_BINS / (high - low), counts)
    edges = np.arange(N_BINS + 1) / N_BINS
    rates = []
    for k in range(n_far + 1):
        left = np.concatenate([[0], counts[k:].sum(axis=0).cumsum()])
        filled = np.flatnonzero(np.diff(left))
        first, last = edges[filled[0]], edges[filled[-1] + 1]
        share = torch.from_numpy(left / left[-1])
        a = 1 - formula_count(share, n_nodes - k, how["estimator"]).log() / math.log(n_nodes - k)
        x = np.clip((edges - first) / (last - first), 0.0, 1.0)
        rates.append(2 * np.trapezoid(np.abs(x - a.numpy()), x))
    return np.array(rates)


def _farthest(distances: Tensor, n_largest: int) -> tuple[Tensor, Tensor]:
    """Return the nodes farthest from the mean node, and how far in medians of that."""
    means = distances.new_zeros(len(distances), dtype=torch.float64)
    for rows in torch.split(distances, 1024):
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
