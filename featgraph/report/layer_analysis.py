"""LayerAnalysis: everything that was found out about one layer in one state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.counts import BoxCounts
from featgraph.boxes.cover import BoxCover
from featgraph.core.notebook import Drawing
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.dimension.comparison import DimensionComparison
from featgraph.dimension.fit import DimensionFit
from featgraph.dimension.sweep import EpsilonSweep
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.report.folder import file_key
from featgraph.selfsimilarity.leverage import Leverage
from featgraph.selfsimilarity.null_scores import NullComparison

__all__ = ["LayerAnalysis", "SkippedLayer"]

_RATES = ("released", "paper", "caro_wei", "packing", "linkage", "midpoint", "best")


@dataclass(frozen=True, repr=False)
class SkippedLayer(Result):
    """A layer that could not be analysed, and why."""

    state: str
    layer: str
    reason: str


@dataclass(frozen=True, repr=False, eq=False)
class LayerAnalysis(Result):
    """One layer of one network, from its graph to its dimension.

    Attributes
    ----------
    layer, state : str
        Name of the layer; state of the network, such as ``"trained"``.
    n_samples : int
        B, the number of samples behind each distance.
    n_silent : int
        Neurons whose activation is the same for every sample.
    graph : FeatureGraph
        G_M at the chosen ε, distances as weights.
    counts : BoxCounts
        Hop-space box counts of ``graph``, with certified lower bounds where they were asked for.
    fit : DimensionFit or None
        Dimension of ``counts``; None where fewer than four sizes need more than one box.
    cover : BoxCover
        The boxes that are drawn and exported.
    comparison : DimensionComparison
        N_θ curves, true and approximate, without any ε.
    positions : ndarray of float, shape (n_nodes, 2)
        Classical MDS of C, in activation distance per sample.
    share : float
        Share of the squared distances that ``positions`` keep.
    groups : ndarray of int, shape (n_nodes,)
        Complete-linkage clusters, at most seven: colours of the MDS picture.
    null : NullComparison or None
        SS_rate of the released estimator beside that of Gaussian null models.
    seconds : float
        Time the analysis took.
    other_nulls : tuple of NullComparison
        The same for true boxes (complete linkage), and for shuffled activations.
    sweep : EpsilonSweep or None
        G_M at other thresholds than the chosen one.
    leverage : Leverage or None
        SS_rate of the released estimator without the farthest neurons; None for two neurons.
    fingerprint : str
        Names the features and settings behind it, so that a stopped run can go on.
    """

    _shown: ClassVar = ("layer", "state", "n_nodes", "dimension", "verdict")
    _rules: ClassVar = {
        "positions": Rule("n_nodes *"),
        "groups": Rule("n_nodes", least=0),
        "share": Rule(least=-1, most=1),
    }

    layer: str
    state: str
    n_samples: int
    n_silent: int
    graph: FeatureGraph
    counts: BoxCounts
    fit: DimensionFit | None
    cover: BoxCover
    comparison: DimensionComparison
    positions: NDArray[np.float64]
    share: float
    groups: NDArray[np.int64]
    null: NullComparison | None
    seconds: float
    other_nulls: tuple[NullComparison, ...] = ()
    sweep: EpsilonSweep | None = None
    leverage: Leverage | None = None
    fingerprint: str = ""

    def plot(self, **options: Any) -> Drawing:
        """Draw the comparison, as :func:`featgraph.plot.plot_theta_curves` does."""
        return self.comparison.plot(**options)

    def _curve(self) -> tuple[Any, Any]:
        return self.counts.diameter_sizes, self.counts.counts

    @property
    def n_nodes(self) -> int:
        """Number of nodes of the graph."""
        return self.graph.n_nodes

    @property
    def dimension(self) -> float | None:
        """d_B over hops, None without a fit."""
        return None if self.fit is None else self.fit.dimension

    @property
    def key(self) -> str:
        """Name of the layer's files: letters, digits, dots, hyphens and underscores."""
        return file_key(self.state, self.layer)

    @property
    def verdict(self) -> str:
        """Verdict of the fit; without a fit ``"undecided"``."""
        return "undecided" if self.fit is None else self.fit.verdict

    @property
    def explanation(self) -> str:
        """Why, in one sentence."""
        if self.fit is not None:
            return self.fit.explanation
        usable = int(np.count_nonzero(self.counts.counts > 1))
        return f"only {usable} box sizes need more than one box: too few for any fit"

    @property
    def span(self) -> int:
        """Largest box size that still needs more boxes than the graph has components."""
        above = self.counts.diameter_sizes[self.counts.counts > self.graph.n_components]
        return int(above[-1]) if above.size else 0

    def _columns(self) -> Mapping[str, Any]:
        graph, fit, null = self.graph, self.fit, self.null
        interval = (None, None) if fit is None else fit.interval
        window = (None, None) if fit is None else fit.window
        row: dict[str, Any] = {
            "state": self.state,
            "layer": self.layer,
            "n_nodes": graph.n_nodes,
            "n_samples": self.n_samples,
            "n_silent": self.n_silent,
            "epsilon": graph.epsilon,
            "epsilon_rule": graph.epsilon_rule,
            "n_edges": graph.n_edges,
            "mean_degree": 2 * graph.n_edges / graph.n_nodes,
            "n_components": graph.n_components,
            "box_method": self.counts.method,
            "dimension": self.dimension,
            "dimension_low": interval[0],
            "dimension_high": interval[1],
            "window_low": window[0],
            "window_high": window[1],
            "verdict": self.verdict,
            "explanation": self.explanation,
        }
        curves = {curve.name: curve for curve in self.comparison.rows}
        for name in [name for name in _RATES if name in curves]:
            row[f"ss_rate_{name}"] = curves[name].ss_rate
            row[f"theta_dimension_{name}"] = curves[name].dimension
            row[f"log_error_{name}"] = curves[name].log_error
        row["proven"] = self.comparison.proven
        row["null_mean"] = None if null is None else null.mean
        row["null_sd"] = None if null is None else null.sd
        row["null_z"] = None if null is None else null.z_score
        row["null_p"] = None if null is None else null.p_value
        for other in self.other_nulls:
            label = f"{other.null}_null_{other.estimator}"
            row |= {f"{label}_mean": other.mean, f"{label}_sd": other.sd}
            row |= {f"{label}_z": other.z_score, f"{label}_p": other.p_value}
        if self.leverage is not None:
            row["leverage"] = self.leverage.change
            row["leverage_n_nodes"] = self.leverage.n_moving
            row["leverage_z"] = self.leverage.z_score
            row["ruled_by_few"] = self.leverage.is_ruled_by_few
        return row
