"""SS_rate of a layer beside that of features without its structure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from featgraph.core.checks import choice, integer
from featgraph.core.resources import small_on_one_thread
from featgraph.core.result import Result
from featgraph.core.rules import SHARE
from featgraph.core.values import RandomState, as_rng
from featgraph.distances.distance_matrix import DistanceMatrix, feature_distances
from featgraph.features.feature_matrix import Array, FeatureMatrix, as_feature_matrix
from featgraph.features.null import NULLS, Null, draw_nulls
from featgraph.selfsimilarity._steps import FINE, can_merge, merged_rates
from featgraph.selfsimilarity.estimators import EstimatorName
from featgraph.selfsimilarity.grid import EqualDistancesError
from featgraph.selfsimilarity.rate import ss_rate, ss_rate_of_distances

__all__ = [
    "COMPARED_NULLS",
    "NullComparison",
    "compare_with_null",
    "compare_with_nulls",
    "embed_distances",
    "monte_carlo_p_value",
]

#: The null models that SS_rate is compared with unless others are named.
COMPARED_NULLS: tuple[Null, ...] = ("gaussian", "shuffled")
#: Up to this many nodes all pairs of a draw are sorted, which takes as long as bins of them.
SORTED = 256


@dataclass(frozen=True, repr=False)
class NullComparison(Result):
    """SS_rate of a layer against draws of a null model.

    Attributes
    ----------
    null : str
        Key in ``NULLS``.
    estimator : str
        Key in ``ESTIMATORS``.
    rate : float
        SS_rate of the layer.
    mean, sd : float
        Mean and standard deviation of SS_rate over the draws.
    z_score : float
        (rate − mean) / sd; nan where sd is 0.
    p_value : float
        Two-sided Monte Carlo p-value, see :func:`monte_carlo_p_value`.
    n_draws : int
        Number of draws that have an SS_rate.

    Examples
    --------
    >>> F = np.random.default_rng(0).normal(size=(40, 6))
    >>> F[:30] *= 0.05  # a dense cluster, which no spectrum alone explains
    >>> scores = compare_with_null(F, n_draws=19, rng=0)
    >>> scores.null, scores.n_draws, scores.p_value
    ('gaussian', 19, 0.1)
    """

    _rules: ClassVar = {"p_value": SHARE}

    null: str
    estimator: str
    rate: float
    mean: float
    sd: float
    z_score: float
    p_value: float
    n_draws: int


def compare_with_null(
    features: FeatureMatrix | DistanceMatrix | Array,
    *,
    null: Null = "gaussian",
    estimator: EstimatorName = "released",
    n_draws: int = 99,
    rng: RandomState = None,
    **options: Any,
) -> NullComparison:
    """Return z-score and p-value of the SS_rate of a layer under a null model.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples), or DistanceMatrix
        F of one layer, or its distances: they tell spectrum and norms of F, and so the Gaussian
        null models, but not the activations that "shuffled" permutes.
    null : {"gaussian", "norms", "shuffled"}, default="gaussian"
        Features with the spectrum of F in random directions, the same with the norm of each
        node, or the values of each node shuffled over the samples.
    estimator : str, default="released"
        A key of ``ESTIMATORS``.
    n_draws : int, default=99
        Number of draws, at least 2. The smallest p-value is 2 / (n_draws + 1).
    rng : Generator, int or None, default=None
        Source of the draws.
    **options
        Further options of :func:`ss_rate`.

    Returns
    -------
    NullComparison
        The numbers; nan for z and p where no draw has an SS_rate.

    Raises
    ------
    ValueError
        If a name is unknown, n_draws < 2, all distances of F are equal, or "shuffled" is asked
        of distances.

    Notes
    -----
    n_draws times the time of a draw and of ``ss_rate``.

    Examples
    --------
    >>> F = np.random.default_rng(0).normal(size=(40, 6))
    >>> F[:30] *= 0.05  # a dense cluster, which no spectrum alone explains
    >>> scores = compare_with_null(F, n_draws=19, rng=0)
    >>> abs(scores.z_score) > 5, scores.p_value
    (True, 0.1)
    """
    (found,) = compare_with_nulls(
        features, nulls=(null,), estimators=(estimator,), n_draws=n_draws, rng=rng, **options
    )
    return found


@small_on_one_thread
def compare_with_nulls(
    features: FeatureMatrix | DistanceMatrix | Array,
    *,
    nulls: Sequence[Null] | None = None,
    estimators: Sequence[EstimatorName] = ("released", "linkage"),
    n_draws: int = 99,
    rng: RandomState = None,
    watch: Callable[[Null, Tensor], object] | None = None,
    **options: Any,
) -> list[NullComparison]:
    """Return :func:`compare_with_null` for several null models and estimators, draws shared.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples), or DistanceMatrix
        F of one layer, or its distances, which have no "shuffled" null model.
    nulls : sequence of str or None, default=None
        Null models; None: "gaussian" and, where F is given, "shuffled".
    estimators : sequence of str, default=("released", "linkage")
        Estimators of the number of boxes.
    n_draws : int, default=99
        Number of draws of each null model, at least 2.
    rng : Generator, int or None, default=None
        Source of the draws.
    watch : callable or None, default=None
        Is given the null model and the distances of every draw, for other measures of them.
    **options
        Further options of :func:`ss_rate`.

    Returns
    -------
    list of NullComparison
        One per null model and estimator, in that order.

    Raises
    ------
    ValueError
        As :func:`compare_with_null`.

    Notes
    -----
    For each null model n_draws times the time of a draw, of its distances and of ``ss_rate`` from
    them by every estimator. A formula ("released", "paper") of more than 256 nodes sorts no pairs
    of a draw where it takes the published range of box sizes: those of one of 16,384 bins of
    log(1 + distance) count at their mean, which moves SS_rate of the draw by about 10⁻⁸.

    Examples
    --------
    >>> F = np.random.default_rng(0).normal(size=(20, 6))
    >>> [(row.null, row.estimator) for row in compare_with_nulls(F, n_draws=2, rng=0)]
    [('gaussian', 'released'), ('gaussian', 'linkage'), ('shuffled', 'released'), \
('shuffled', 'linkage')]
    """
    is_kept = not isinstance(features, DistanceMatrix)
    if nulls is None:
        nulls = COMPARED_NULLS if is_kept else COMPARED_NULLS[:1]
    for null in nulls:
        choice(null, NULLS, "null")
    n_draws = integer(n_draws, "n_draws", least=2)
    rng = as_rng(rng)
    found = []
    if isinstance(features, DistanceMatrix):
        if "shuffled" in nulls:
            raise ValueError(
                "nulls must not hold 'shuffled' for a DistanceMatrix, which keeps no activations "
                f"to permute, got {list(nulls)}; take ('gaussian', 'norms')"
            )
        matrix, layer = embed_distances(features), features.values
    else:
        matrix = as_feature_matrix(features)
        layer = feature_distances(matrix)
    rates = {name: _measure(matrix, layer, name, options) for name in estimators}
    for null in nulls:
        drawn: dict[str, list[float]] = {name: [] for name in estimators}
        for sample in islice(draw_nulls(matrix, null=null, rng=rng, rotated=False), n_draws):
            apart = feature_distances(sample)
            if watch is not None:
                watch(null, apart)
            try:
                for name in estimators:
                    drawn[name].append(_measure_draw(sample, apart, name, options))
            except EqualDistancesError:  # a shuffled layer of few values may collapse
                continue
        found += [_score(null, name, rates[name], np.array(drawn[name])) for name in estimators]
    return found


def _measure(
    features: FeatureMatrix, distances: Tensor, estimator: EstimatorName, options: dict[str, Any]
) -> float:
    if estimator in ("greedy", "optimum"):
        return float(ss_rate(features, estimator=estimator, **options))
    return float(ss_rate_of_distances(distances, estimator=estimator, **options))


def _measure_draw(
    sample: FeatureMatrix, distances: Tensor, estimator: EstimatorName, options: dict[str, Any]
) -> float:
    if len(distances) <= SORTED or not can_merge(distances, {"estimator": estimator, **options}):
        return _measure(sample, distances, estimator, options)
    nobody = np.empty(0, dtype=np.int64), np.zeros((1, 0), dtype=np.bool_)
    return float(merged_rates(distances, *nobody, estimator, FINE)[0])


def embed_distances(layer: DistanceMatrix) -> FeatureMatrix:
    """Return features in D − 1 dimensions with these distances: classical MDS, all axes kept.

    Features about their mean over nodes are determined by their distances up to a rotation of the
    samples, so the spectrum is that of F. Rounding moves distances below about 10⁻⁷ of the
    largest; null models of distances use the spectrum and the norms alone.

    Examples
    --------
    >>> from featgraph.distances import as_distance_matrix, feature_distances
    >>> C = as_distance_matrix(np.random.default_rng(0).normal(size=(5, 3)))
    >>> bool(torch.allclose(feature_distances(embed_distances(C)), C.values, atol=1e-6))
    True
    """
    squares = layer.values.double().square()
    row = squares.mean(dim=0)
    gram = (row + row[:, None] - squares - row.mean()) / 2
    powers, axes = torch.linalg.eigh(gram)
    n_axes = layer.n_nodes - 1  # rising order: the first is 0 but for rounding
    spread = (powers[1:].clamp(min=0.0) * n_axes).sqrt()
    return FeatureMatrix(axes[:, 1:] * spread, layer=layer.layer, source=layer.source)


def _score(null: str, estimator: str, rate: float, rates: NDArray[np.float64]) -> NullComparison:
    mean = float(rates.mean()) if rates.size else math.nan
    sd = float(rates.std(ddof=1)) if rates.size > 1 else math.nan
    z_score = (rate - mean) / sd if sd > 0 else math.nan
    p_value = monte_carlo_p_value(rate, rates)
    return NullComparison(null, estimator, rate, mean, sd, z_score, p_value, rates.size)


def monte_carlo_p_value(value: float, drawn: NDArray[np.float64]) -> float:
    """Return the two-sided p-value of a value among draws of the null hypothesis.

    ``min(1, 2 (1 + k) / (1 + n))``, k the number of draws at or beyond the value on the side
    where fewer are: exact for any distribution, and never 0.

    Parameters
    ----------
    value : float
        What was measured.
    drawn : ndarray of float, shape (n_draws,)
        The same measure on the draws.

    Returns
    -------
    float
        In (0, 1]; nan without draws.

    References
    ----------
    Davison & Hinkley 1997, Bootstrap Methods and their Application, section 4.2.

    Examples
    --------
    >>> monte_carlo_p_value(5.0, np.arange(19.0)), monte_carlo_p_value(40.0, np.arange(19.0))
    (0.7, 0.1)
    """
    if not drawn.size:
        return math.nan
    beyond = min(np.count_nonzero(drawn <= value), np.count_nonzero(drawn >= value))
    return float(min(1.0, 2 * (1 + beyond) / (1 + drawn.size)))
