"""Do the views of similarity agree? Correlations over pairs of a set of models."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import nn

from featgraph.core.checks import choice, integer
from featgraph.core.progress import track_progress
from featgraph.core.result import Result
from featgraph.core.rules import SHARE, Rule
from featgraph.core.values import RandomState, as_rng
from featgraph.similarity.interpolation import interpolate_linear
from featgraph.similarity.layer_matrix import similarity_matrix
from featgraph.similarity.predictions import (
    check_architecture,
    hold_batches,
    predict,
    predictive_divergence,
)
from featgraph.similarity.pruning import prune_globally
from featgraph.similarity.triangle_views import correlation, matched_mean

if TYPE_CHECKING:
    from featgraph.features.layers import Layers

__all__ = ["CrossViews", "ViewCorrelation", "correlate_views", "cross_view_correlations"]

Floats: TypeAlias = NDArray[np.float64]
VIEWS: Mapping[str, str] = {
    "cka": "mean linear CKA of matching layers",
    "procrustes": "mean Procrustes similarity s of matching layers",
    "lsim": "mean graph-based similarity of matching layers",
    "predictive": "1 − Jensen–Shannon divergence of the predictions",
    "connectivity": "− loss barrier of the straight line between the weights",
    "aligned_connectivity": "the same after permuting neurons",
    "pruned": "mean linear CKA of matching layers after pruning both",
}
DEFAULT_VIEWS = ("cka", "procrustes", "predictive", "connectivity", "pruned")


@dataclass(frozen=True, repr=False)
class ViewCorrelation(Result):
    """Correlation of two views over the pairs of models.

    Attributes
    ----------
    first, second : str
        The views.
    correlation : float
        Over all pairs of models.
    interval : tuple of float
        Bootstrap interval over models; NaN if too few resamples gave a value.
    n_pairs : int
        Pairs of models that both views know.

    Examples
    --------
    >>> ViewCorrelation("cka", "lsim", 0.9, (0.4, 1.0), 10)
    ViewCorrelation(first='cka', second='lsim', correlation=0.9, n_pairs=10)
    """

    first: str
    second: str
    correlation: float
    interval: tuple[float, float]
    n_pairs: int


@dataclass(frozen=True, repr=False, eq=False)
class CrossViews(Result):
    """Views of all pairs of models, and how they correlate.

    Attributes
    ----------
    models : tuple of str
        Names.
    tables : mapping of str to ndarray of float, shape (n_models, n_models)
        Similarity of every pair by every view, symmetric; larger is more similar.
    correlations : tuple of ViewCorrelation
        All pairs of views.
    method : str
        ``"spearman"`` or ``"pearson"``.
    confidence : float
        Level of the intervals.
    n_resamples : int
        Number of resamples.
    seed : int or None
        Seed, if an int was given.

    Examples
    --------
    >>> table = np.random.default_rng(0).normal(size=(5, 5))
    >>> tables = {"a": table + table.T, "b": -table - table.T}
    >>> views = correlate_views(tables, n_resamples=20, rng=0)
    >>> views
    CrossViews(n_models=5, views=('a', 'b'), method='spearman')
    >>> round(views.correlations[0].correlation, 6)
    -1.0
    """

    _picture: ClassVar = "plot_cross_views"
    _shown: ClassVar = ("n_models", "views", "method")
    _rules: ClassVar = {"tables": Rule("n_models n_models"), "confidence": SHARE}

    models: tuple[str, ...]
    tables: Mapping[str, Floats]
    correlations: tuple[ViewCorrelation, ...]
    method: str = "spearman"
    confidence: float = 0.95
    n_resamples: int = 999
    seed: int | None = None
    notes: tuple[str, ...] = field(default=())

    def _columns(self) -> Mapping[str, object]:
        rows = self.correlations
        return {
            "first": [row.first for row in rows],
            "second": [row.second for row in rows],
            self.method: [row.correlation for row in rows],
            "low": [row.interval[0] for row in rows],
            "high": [row.interval[1] for row in rows],
            "n_pairs": [row.n_pairs for row in rows],
        }

    @property
    def n_models(self) -> int:
        """Number of networks."""
        return len(self.models)

    @property
    def views(self) -> tuple[str, ...]:
        """Names of the views."""
        return tuple(self.tables)


def correlate_views(
    tables: Mapping[str, ArrayLike],
    *,
    models: Sequence[str] | None = None,
    method: Literal["spearman", "pearson"] = "spearman",
    confidence: float = 0.95,
    n_resamples: int = 999,
    rng: RandomState = None,
) -> CrossViews:
    """Correlate several similarity tables of one set of models.

    Parameters
    ----------
    tables : mapping of str to array-like of float, shape (n_models, n_models)
        One symmetric table per view, NaN where a pair is unknown; at least two views and four
        models.
    models : sequence of str, optional
        Names; default: numbers.
    method : {"spearman", "pearson"}, default="spearman"
        Kind of correlation over the n(n − 1)/2 pairs.
    confidence : float, default=0.95
        Level of the intervals.
    n_resamples : int, default=999
        Resamples.
    rng : Generator, int or None, default=None
        Source of the resamples.

    Returns
    -------
    CrossViews
        Correlations with percentile intervals.

    Raises
    ------
    ValueError
        Fewer than two views or four models, or tables of another shape or not symmetric.

    Notes
    -----
    Pairs that share a model are not independent, so models are drawn with replacement, not
    pairs; pairs of a model with itself are left out of a resample. Resampling pairs would
    give intervals that are too narrow.

    References
    ----------
    .. [1] T. Snijders, S. Borgatti, "Non-parametric standard errors and tests for network
       statistics", Connections 22 (1999): the vertex bootstrap.

    Examples
    --------
    >>> a = np.abs(np.subtract.outer(np.arange(6), np.arange(6)))
    >>> views = correlate_views({"x": -a, "y": -(a**2)}, n_resamples=99, rng=0)
    >>> round(views.correlations[0].correlation, 12)
    1.0
    """
    integer(n_resamples, "n_resamples", least=1)
    arrays = {name: np.asarray(table, dtype=np.float64) for name, table in tables.items()}
    n_models = _check_tables(arrays)
    names = tuple(str(k) for k in range(n_models)) if models is None else tuple(models)
    if len(names) != n_models:
        raise ValueError(f"models must hold {n_models} names, got {len(names)}")
    generator = as_rng(rng)
    draws = generator.integers(n_models, size=(n_resamples, n_models))
    rows = [
        _correlate(first, second, arrays[first], arrays[second], method, confidence, draws)
        for first, second in itertools.combinations(arrays, 2)
    ]
    seed = int(rng) if isinstance(rng, int | np.integer) else None
    return CrossViews(names, arrays, tuple(rows), method, confidence, n_resamples, seed)


def cross_view_correlations(
    models: Mapping[str, nn.Module],
    data: object,
    *,
    views: Sequence[str] = DEFAULT_VIEWS,
    layers: Layers = "auto",
    sparsity: float = 0.7,
    method: Literal["spearman", "pearson"] = "spearman",
    confidence: float = 0.95,
    n_resamples: int = 999,
    batch_size: int = 256,
    max_batches: int | None = None,
    rng: RandomState = 0,
    progress: bool | None = None,
) -> CrossViews:
    """Look at all pairs of a set of models by several views and correlate the views.

    Parameters
    ----------
    models : mapping of str to Module
        At least four networks with the same classes.
    data : DataLoader, Dataset, or iterable of (inputs, labels)
        Read once and held.
    views : sequence of str, default=("cka", "procrustes", "predictive", "connectivity", "pruned")
        Of ``VIEWS``; "lsim" and "aligned_connectivity" as well. Views of connectivity know
        only pairs of one architecture.
    layers : str, module type, or list of these, default="auto"
        As in ``select_layers``.
    sparsity : float, default=0.7
        Of the view "pruned", in [0, 1).
    method, confidence, n_resamples, rng
        As in ``correlate_views``.
    batch_size, max_batches
        As in ``extract_features``.
    progress : bool or None, default=None
        Show a bar; None shows it on a terminal.

    Returns
    -------
    CrossViews
        Tables of all pairs and the correlations of the views.

    Raises
    ------
    ValueError
        Fewer than four models, an unknown view, or what the views refuse.

    Examples
    --------
    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> nets = {str(k): nn.Sequential(nn.Linear(5, 8), nn.ReLU(), nn.Linear(8, 3)) for k in "abcd"}
    >>> views = cross_view_correlations(nets, torch.randn(30, 5), views=("cka", "predictive"),
    ...                                 layers=["1"], n_resamples=50)
    >>> views.correlations[0].n_pairs
    6
    """
    chosen = [choice(view, VIEWS, "views") for view in views]
    if len(models) < 4:
        raise ValueError(
            f"models must hold at least 4 networks for correlations, got {len(models)}"
        )
    batches = hold_batches(data, batch_size=batch_size, max_batches=max_batches)
    names = list(models)
    pruned = {}
    if "pruned" in chosen:
        pruned = {name: prune_globally(model, sparsity) for name, model in models.items()}
    tables = {view: np.full((len(names),) * 2, np.nan) for view in chosen}
    for table in tables.values():
        np.fill_diagonal(table, 1.0)
    pairs = list(itertools.combinations(range(len(names)), 2))
    for i, j in track_progress(pairs, progress=progress, label="pairs of models"):
        a, b = names[i], names[j]
        for view in chosen:
            sides = (pruned[a], pruned[b]) if view == "pruned" else (models[a], models[b])
            tables[view][i, j] = tables[view][j, i] = _look(view, *sides, batches, layers)
    return correlate_views(
        tables, models=names, method=method, confidence=confidence, n_resamples=n_resamples, rng=rng
    )


def _look(
    view: str, first: nn.Module, second: nn.Module, batches: list[object], layers: Layers
) -> float:
    if view == "predictive":
        scores = [predict(model, batches).scores for model in (first, second)]
        return 1 - float(predictive_divergence(*scores, from_logits=True))
    if view in ("connectivity", "aligned_connectivity"):
        try:
            check_architecture(first, second)
        except ValueError:
            return float("nan")  # no line between different architectures
        align = view == "aligned_connectivity"
        return -interpolate_linear(first, second, batches, align=align, progress=False).barrier
    measure = "cka" if view == "pruned" else view
    table = similarity_matrix(
        first, second, batches, measure=measure, layers=layers, progress=False
    )
    return matched_mean(table.values)


def _check_tables(arrays: Mapping[str, Floats]) -> int:
    if len(arrays) < 2:
        raise ValueError(f"tables must hold at least 2 views, got {len(arrays)}")
    shapes = {table.shape for table in arrays.values()}
    shape = next(iter(shapes))
    if len(shapes) > 1 or len(shape) != 2 or shape[0] != shape[1] or shape[0] < 4:
        raise ValueError(
            "tables must be square, of one size, with at least 4 models, got shapes "
            f"{sorted(shapes)}"
        )
    for name, table in arrays.items():
        if not np.allclose(table, table.T, equal_nan=True):
            raise ValueError(f"table {name!r} must be symmetric")
    return int(shape[0])


def _correlate(
    first: str,
    second: str,
    a: Floats,
    b: Floats,
    method: str,
    confidence: float,
    draws: NDArray[np.int64],
) -> ViewCorrelation:
    upper = np.triu_indices(len(a), 1)
    x, y = a[upper], b[upper]
    known = ~(np.isnan(x) | np.isnan(y))
    value = correlation(x[known], y[known], method)
    values = []
    for draw in draws:
        i, j = draw[upper[0]], draw[upper[1]]
        x, y = a[i, j], b[i, j]
        kept = (i != j) & ~(np.isnan(x) | np.isnan(y))
        values.append(correlation(x[kept], y[kept], method))
    sample = np.array([v for v in values if not np.isnan(v)])
    interval = (float("nan"), float("nan"))
    if len(sample) >= len(draws) / 2:
        tail = (1 - confidence) / 2
        low, high = np.quantile(sample, [tail, 1 - tail]).tolist()
        interval = (low, high)
    return ViewCorrelation(first, second, value, interval, int(known.sum()))
