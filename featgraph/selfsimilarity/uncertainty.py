"""How far SS_rate of a layer may be off because only some samples were seen."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from featgraph.core.checks import integer
from featgraph.core.values import RandomState, as_rng
from featgraph.features.feature_matrix import Array, FeatureMatrix, as_feature_matrix
from featgraph.selfsimilarity.estimators import EstimatorName
from featgraph.selfsimilarity.grid import EqualDistancesError
from featgraph.selfsimilarity.rate import ss_rate

__all__ = ["bootstrap_ss_rate"]


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
