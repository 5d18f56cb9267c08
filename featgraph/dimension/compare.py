"""Exact against approximate: the N_θ curves of one layer side by side, and what they imply."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.counts import BoxCounts
from featgraph.boxes.methods import METHODS
from featgraph.core.checks import choice, integer, naming, positive
from featgraph.core.progress import track_progress
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.core.values import RandomState, as_rng
from featgraph.dimension.fit import DimensionFit, fit_curve, fit_dimension
from featgraph.selfsimilarity.estimators import ESTIMATORS, Grid, Scale

if TYPE_CHECKING:
    from torch import Tensor

    from featgraph.boxes.metric_space import MetricSpace
    from featgraph.distances.distance_matrix import DistanceMatrix

__all__ = ["ComparisonRow", "DimensionComparison", "compare_dimensions"]

Floats: TypeAlias = NDArray[np.float64]

#: Box counts on the same grid of θ: approximations, certified bounds, true coverings.
CURVES = (
    "paper", "released", "caro_wei", "packing", "linkage", "midpoint", "greedy", "cbb", "memb",
)  # fmt: skip
HOP_METHODS = ("greedy", "cbb", "memb")


@dataclass(frozen=True, repr=False)
class ComparisonRow(Result):
    """One curve N_θ in numbers.

    Attributes
    ----------
    name : str
        Estimator or covering method; ``"best"`` is the smallest covering found at each θ.
    role : {"approximation", "lower bound", "covering"}
        What N_θ is.
    dimension, standard_error : float
        d_θ, the exponent of boxes over θ (d_B is that of boxes over hops), from all θ with
        N_θ > 1, and its standard error; nan where fewer than 4 are left.
    ss_rate : float
        SS_rate of the curve, in [0, 1].
    log_error : float
        Mean |log N_θ − log N_best| over θ.
    inside : float
        Share of θ at which N_θ lies between ``lower`` and ``best``, give or take half a box.

    Examples
    --------
    >>> ComparisonRow("linkage", "covering", 1.9, 0.1, 0.3, 0.05, 1.0).to_rows()[0]["role"]
    'covering'
    """

    name: str
    role: str
    dimension: float
    standard_error: float
    ss_rate: float
    log_error: float
    inside: float


@dataclass(frozen=True, repr=False, eq=False)
class DimensionComparison(Result):
    """N_θ of one layer by every estimator and covering, with what they imply.

    Attributes
    ----------
    theta : ndarray of float, shape (n_theta,)
        Box diameters θ in activation distance per sample (the unit of C).
    curves : mapping of str to ndarray of float, shape (n_theta,)
        N_θ of each estimator and covering method.
    best : ndarray of float, shape (n_theta,)
        Smallest true covering found at any size up to θ: a certified upper bound of the
        minimum, since boxes of diameter θ are boxes of any larger diameter.
    lower : ndarray of float, shape (n_theta,)
        Largest certified lower bound of the minimum at any size from θ on. Where it equals
        ``best``, that is the minimum.
    rows : tuple of ComparisonRow
        Each curve in numbers, ``"best"`` last.
    n_nodes : int
        D.
    hop_counts : tuple of BoxCounts
        Hop-space box counts of G_M at ``epsilon``, one per method.
    hop_fits : tuple of DimensionFit or None
        Their fits, None where too few sizes had more than one box.
    epsilon : float
        Threshold of G_M, in the unit of C.
    layer : str or None
        Name of the layer.

    Examples
    --------
    >>> features = np.random.default_rng(0).normal(size=(20, 8))
    >>> table = compare_dimensions(features, n_theta=8, time_limit=None, hop_methods=(), rng=0)
    >>> table.n_nodes, table.proven, table.row("best").log_error
    (20, 1.0, 0.0)
    """

    _picture: ClassVar = "plot_theta_curves"
    _shown: ClassVar = ("layer", "n_nodes", "n_theta", "proven")
    _rules: ClassVar = {
        "theta": Rule("n_theta", least=0, rising=True),
        "curves": Rule("n_theta", least=0),
        "best": Rule("n_theta", least=1),
        "lower": Rule("n_theta", least=0),
        "epsilon": Rule(least=0),
        "n_nodes": Rule(least=1),
    }

    theta: Floats
    curves: Mapping[str, Floats]
    best: Floats
    lower: Floats
    rows: tuple[ComparisonRow, ...]
    n_nodes: int
    hop_counts: tuple[BoxCounts, ...]
    hop_fits: tuple[DimensionFit | None, ...]
    epsilon: float
    layer: str | None = None

    @property
    def proven(self) -> float:
        """Share of θ at which the minimum is known: ``best`` meets ``lower``."""
        return float(np.mean(self.best == self.lower))

    def row(self, name: str) -> ComparisonRow:
        """Return the row of one curve."""
        rows = {row.name: row for row in self.rows}
        return rows[choice(name, list(rows), "name")]

    def curve_rows(self) -> list[dict[str, float]]:
        """Return the curves as plain dictionaries, one per θ."""
        columns = {"theta": self.theta, **self.curves, "best": self.best, "lower": self.lower}
        return [
            dict(zip(columns, values, strict=True))
            for values in zip(*(column.tolist() for column in columns.values()), strict=True)
        ]

    def __str__(self) -> str:
        head = f"{'curve':<10} {'role':<14} {'d_θ':>7} {'SS_rate':>8} {'error':>7} {'inside':>7}"
        lines = [
            f"{r.name:<10} {r.role:<14} {r.dimension:7.3f} {r.ss_rate:8.4f} "
            f"{r.log_error:7.3f} {r.inside:7.0%}"
            for r in self.rows
        ]
        known = f"minimum proven at {self.proven:.1%} of {self.theta.size} sizes"
        return "\n".join([head, *lines, known])

    def _curve(self) -> tuple[object, object]:
        return self.theta, self.best

    def to_rows(self) -> list[dict[str, Any]]:
        """Return the table as plain dictionaries, one per curve."""
        return [row for curve in self.rows for row in curve.to_rows()]


def compare_dimensions(
    features: Any,
    *,
    curves: Sequence[str] = CURVES,
    n_theta: int = 256,
    epsilon: Any = "percolation",
    hop_methods: Sequence[str] = HOP_METHODS,
    repeats: int = 3,
    time_limit: float | None = 10.0,
    grid: Grid = "range",
    scale: Scale = "log1p",
    rng: RandomState = None,
    progress: bool | None = None,
) -> DimensionComparison:
    """Hold the approximate box counts of a layer against true coverings.

    Every curve counts boxes of diameter at most θ among the D neurons of the layer, on
    one grid of θ uniform in log(1 + θ): formulas that look at the share of close pairs
    only, certified lower bounds, and coverings whose boxes exist. The truth is the smallest
    number of boxes, which ``minimum_box_counts`` proves or brackets at every θ. Beside them
    G_M at one ε is covered in hop space.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples), or DistanceMatrix
        F of one layer, or its distances.
    curves : sequence of str
        Names of estimators (``ESTIMATORS``) or covering methods (``METHODS``). Radius boxes of
        radius r stand at θ = 2r.
    n_theta : int, default=256
        Number of θ, at least 4.
    epsilon : float, str or tuple, default="percolation"
        Threshold of G_M for the hop-space counts; see ``choose_epsilon``.
    hop_methods : sequence of str
        Covering methods for the hop-space counts; may be empty.
    repeats : int, default=3
        Runs per size of each random covering method; the smallest count is kept.
    time_limit : float or None, default=10.0
        Seconds, at least 0, for proving the minimum over all θ; None: until it is proven. A
        trained layer of 128 neurons takes a few seconds of an idle core.
    grid, scale : str
        Where the grid of θ begins and ends, and on which scale it is uniform and SS_rate is
        taken, see :func:`featgraph.selfsimilarity.ss_rate`.
    rng : int, Generator or None
        Seed of the random coverings. The same seed gives the same result where the minimum is
        proven, or the limit is not reached.
    progress : bool or None, default=None
        Show a progress bar; None shows it on a terminal.

    Returns
    -------
    DimensionComparison
        Curves, bounds and a table with d_θ, SS_rate and mean |log N − log N_best|.

    Raises
    ------
    ValueError
        If a curve or option is unknown, or all distances are equal.

    Notes
    -----
    SS_rate of the estimators is the exact integral of ``ss_rate``; that of the coverings
    and of ``"best"`` is the trapezoid rule over the grid. d_θ is fitted over all θ with
    N_θ > 1, the same rule for every curve. Coverings take O(n_theta · n_nodes²) each.

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Eqs. 3, 8 and 9.

    Examples
    --------
    >>> import numpy as np
    >>> features = np.random.default_rng(0).normal(size=(40, 8))
    >>> table = compare_dimensions(features, n_theta=32, time_limit=None, rng=0)
    >>> table.proven
    1.0
    >>> table.row("paper").log_error > table.row("linkage").log_error
    True
    """
    from featgraph.boxes.feature_space import open_space
    from featgraph.boxes.minimum import heed_interrupt, minimum_box_counts
    from featgraph.distances.distance_matrix import as_distance_matrix
    from featgraph.selfsimilarity.grid import theta_grid
    from featgraph.selfsimilarity.numbers import count_boxes

    roles = _check(curves, n_theta, repeats, time_limit)
    matrix = as_distance_matrix(features)
    generator = as_rng(rng)
    sizes = theta_grid(matrix.values, n_theta, grid=grid, scale=scale)
    theta = _array(sizes)
    # A seed of its own: how much a search draws until its time is up must not move what follows.
    seed = int(generator.integers(2**63))
    space, _ = open_space(matrix, None, False)  # once: rows of distances are sorted in it
    limits: dict[str, Any] = {"time_limit": time_limit, "rng": seed, "progress": progress}
    truth = heed_interrupt(minimum_box_counts(space, sizes=theta, **limits))
    values = {
        name: _array(count_boxes(matrix.values, sizes, estimator=name))  # type: ignore[arg-type]
        if _is_estimator(name)
        else _count_covers(name, space, truth, repeats, generator)
        for name in track_progress(list(curves), progress=progress, label="box counts over θ")
    }
    del space  # its three matrices; what follows makes others
    ends = _bracket(values, roles, truth)
    how: dict[str, Any] = {"grid": grid, "scale": scale}
    rows = tuple(
        _describe(name, role, _curve_ss_rate(name, matrix, theta, curve, how), theta, curve, ends)
        for name, role, curve in (
            *((name, roles[name], values[name]) for name in curves),
            ("best", "covering", ends[1]),
        )
    )
    used, hop_counts = _hop_space(matrix, epsilon, hop_methods, repeats, generator)
    fits = tuple(_fit_if_possible(counts) for counts in hop_counts)
    return DimensionComparison(
        theta, values, ends[1], ends[0], rows, matrix.n_nodes, hop_counts, fits, used, matrix.layer
    )


def _count_covers(
    name: str, space: MetricSpace, truth: BoxCounts, repeats: int, rng: np.random.Generator
) -> Floats:
    """Return the number of boxes of a covering method at every θ."""
    from featgraph.boxes.api import box_counts

    if name == "optimum":
        return truth.counts.astype(np.float64)
    counts = box_counts(
        space, sizes=truth.sizes, method=name, repeats=repeats, rng=rng, progress=False
    )
    return counts.counts.astype(np.float64)


def _bracket(
    values: Mapping[str, Floats], roles: Mapping[str, str], truth: BoxCounts
) -> tuple[Floats, Floats]:
    """Return the best lower and upper bounds of the minimum that all curves give together.

    Boxes of diameter θ are boxes of any larger diameter: coverings carry upwards, bounds down.
    """
    coverings = [curve for name, curve in values.items() if roles[name] == "covering"]
    best = np.min([*coverings, truth.counts.astype(np.float64)], axis=0)
    best = np.minimum.accumulate(best)
    bounds = [curve for name, curve in values.items() if roles[name] == "lower bound"]
    bounds.append(np.asarray(truth.lower_bounds, dtype=np.float64))
    # A bound of a whole number is a whole number; the small slack is for rounding of sums.
    lower = np.ceil(np.max(bounds, axis=0) - 1e-9)
    return np.maximum.accumulate(lower[::-1])[::-1], best


def _check(
    curves: Sequence[str], n_theta: int, repeats: int, time_limit: float | None
) -> dict[str, str]:
    """Return the role of each curve, or say which name or number is wrong."""
    integer(n_theta, "n_theta", least=4)
    integer(repeats, "repeats", least=1)
    if time_limit is not None:
        positive(time_limit, "time_limit", zero=True)
    roles = {name: row.role for name, row in ESTIMATORS.items()}
    for name, method in METHODS.items():
        if method.box in ("diameter", "radius"):
            roles.setdefault(name, "covering")
    for name in curves:
        choice(name, list(roles), "curves")
    return {name: str(roles[name]) for name in curves}


def _is_estimator(name: str) -> bool:
    """Whether a curve comes from ``ESTIMATORS``; names in both tables mean the covering."""
    return name in ESTIMATORS and name not in METHODS


def _array(values: Tensor) -> Floats:
    return values.detach().cpu().numpy().astype(np.float64)


def _describe(
    name: str, role: str, ss_rate: float, theta: Floats, values: Floats, ends: tuple[Floats, Floats]
) -> ComparisonRow:
    lower, best = ends
    fit = _fit_curve_if_possible(theta, values)
    slope = (fit.dimension, fit.standard_error) if fit else (math.nan, math.nan)
    error = float(np.mean(np.abs(np.log(values) - np.log(best))))
    # Formulas are no whole numbers: half a box of slack keeps rounding from deciding.
    inside = float(np.mean((values >= lower - 0.5) & (values <= best + 0.5)))
    return ComparisonRow(name, role, *slope, ss_rate, error, inside)


def _curve_ss_rate(
    name: str, layer: DistanceMatrix, theta: Floats, values: Floats, how: dict[str, object]
) -> float:
    """SS_rate of a curve: the exact integral where there is one, else the trapezoid rule."""
    if _is_estimator(name):
        from featgraph.selfsimilarity.rate import ss_rate_of_distances

        return float(ss_rate_of_distances(layer.values, estimator=name, **how))  # type: ignore[arg-type]
    x = np.log1p(theta) if how["scale"] == "log1p" else np.log(theta)
    position = (x - x[0]) / (x[-1] - x[0])
    gap = np.abs(np.log(values) / math.log(layer.n_nodes) - (1 - position))
    return float(2 * np.trapezoid(gap, position))


def _fit_curve_if_possible(theta: Floats, values: Floats) -> DimensionFit | None:
    if np.count_nonzero(values > 1) < 4:
        return None
    return fit_curve(theta, values, window="all", space="metric")


def _fit_if_possible(counts: BoxCounts) -> DimensionFit | None:
    return fit_dimension(counts) if np.count_nonzero(counts.counts > 1) >= 4 else None


def _hop_space(
    layer: DistanceMatrix,
    epsilon: Any,
    methods: Sequence[str],
    repeats: int,
    rng: np.random.Generator,
) -> tuple[float, tuple[BoxCounts, ...]]:
    """Cover G_M at one ε in hop space, once per method."""
    from featgraph.boxes.api import box_counts
    from featgraph.graph.construct import feature_graph

    graph = feature_graph(layer, epsilon=epsilon)
    with naming("hop_methods"):
        counts = tuple(
            box_counts(graph, method=name, repeats=repeats, rng=rng, progress=False)
            for name in methods
        )
    return float(graph.epsilon if graph.epsilon is not None else math.nan), counts
