"""DimensionComparison: the N_θ curves of one layer side by side, and what they imply."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.counts import BoxCounts
from featgraph.core.checks import choice
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.dimension.fit import DimensionFit

__all__ = ["ComparisonRow", "DimensionComparison"]


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

    theta: NDArray[np.float64]
    curves: Mapping[str, NDArray[np.float64]]
    best: NDArray[np.float64]
    lower: NDArray[np.float64]
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

    def _curve(self) -> tuple[Any, Any]:
        return self.theta, self.best

    def to_rows(self) -> list[dict[str, Any]]:
        """Return the table as plain dictionaries, one per curve."""
        return [row for curve in self.rows for row in curve.to_rows()]
