"""Tables of box-number estimators and of ways to choose θ, light enough for a command line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = [
    "ESTIMATORS",
    "GRIDS",
    "QUANTILES",
    "SCALES",
    "Estimator",
    "EstimatorName",
    "Grid",
    "Scale",
]

Grid = Literal["range", "quantile"]
Scale = Literal["log1p", "log"]
GRIDS = {
    "range": "from the smallest to the largest distance, as published",
    "quantile": "between two quantiles of the distances, which a few loud nodes hardly move",
}
SCALES = {
    "log1p": "log(1 + θ), as published: the unit of the activations matters",
    "log": "log θ: the unit of the activations does not matter",
}
#: Default quantiles: nodes in pairs of the widest twentieth are at most 2.5 % of all.
QUANTILES = (0.05, 0.95)
EstimatorName = Literal[
    "paper",
    "released",
    "caro_wei",
    "soft_caro_wei",
    "packing",
    "linkage",
    "midpoint",
    "greedy",
    "optimum",
]


@dataclass(frozen=True)
class Estimator:
    """One way to get N_θ, the number of boxes of diameter at most θ.

    Attributes
    ----------
    name : str
        Key in ``ESTIMATORS``.
    role : {"approximation", "lower bound", "covering"}
        What N_θ is: an uncertified formula, a certified lower bound, or the size of an actual
        covering (an upper bound of the minimum).
    differentiable : bool
        Whether ``ss_rate`` with this estimator carries a gradient.
    summary, source : str
        One line on what it computes, and where it comes from.

    Examples
    --------
    >>> from featgraph.selfsimilarity import ESTIMATORS
    >>> [row.name for row in ESTIMATORS.values() if row.role == "covering"]
    ['linkage', 'greedy', 'optimum']
    """

    name: str
    role: Literal["approximation", "lower bound", "covering"]
    differentiable: bool
    summary: str
    source: str


_ROWS = (
    Estimator(
        "paper",
        "approximation",
        True,
        "1 + (D − 1) log_D(D + (1 − D) p), p the share of pairs within θ",
        "Ding et al. 2025, arXiv:2507.17785, Eq. 9",
    ),
    Estimator(
        "released",
        "approximation",
        True,
        "D − (D − 1) log_D(1 + (D − 1) p), the formula behind the published tables",
        "code released with arXiv:2507.17785",
    ),
    Estimator(
        "caro_wei",
        "lower bound",
        True,
        "sum over nodes of 1 / (1 + number of nodes within θ)",
        "Caro 1979; Wei 1981, Bell Labs TM 81-11217-9",
    ),
    Estimator(
        "soft_caro_wei",
        "approximation",
        True,
        "caro_wei with every step smoothed to a logistic curve",
        "caro_wei with the logistic function for the step",
    ),
    Estimator(
        "packing",
        "lower bound",
        True,
        "nodes pairwise farther than θ, chosen farthest first",
        "Gonzalez 1985, doi:10.1016/0304-3975(85)90224-5",
    ),
    Estimator(
        "linkage",
        "covering",
        True,
        "complete-linkage clusters cut at θ",
        "Defays 1977, doi:10.1093/comjnl/20.4.364",
    ),
    Estimator(
        "midpoint",
        "approximation",
        True,
        "geometric mean of packing and linkage; log N is off by at most half of their gap",
        "this package",
    ),
    Estimator(
        "greedy",
        "covering",
        False,
        "best of several greedy colourings at each θ",
        "Song et al. 2007, doi:10.1088/1742-5468/2007/03/P03006",
    ),
    Estimator(
        "optimum",
        "covering",
        False,
        "smallest covering found within a time limit, by integer programming",
        "clique cover of the threshold graph",
    ),
)


ESTIMATORS: dict[str, Estimator] = {row.name: row for row in _ROWS}
