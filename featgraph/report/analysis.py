"""LayerAnalysis and NetworkAnalysis: what was found out about a layer, and about a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.counts import BoxCounts
from featgraph.boxes.cover import BoxCover
from featgraph.core.notebook import Drawing
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.dimension.compare import ComparisonRow, DimensionComparison
from featgraph.dimension.fit import DimensionFit
from featgraph.dimension.sweep import EpsilonSweep
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.report.folder import Provenance, file_key
from featgraph.selfsimilarity.null_scores import NullComparison
from featgraph.selfsimilarity.sensitivity import Leverage
from featgraph.weights.spectrum import WeightSpectrum

__all__ = [
    "LayerAnalysis",
    "NetworkAnalysis",
    "SkippedLayer",
    "measure_model_weights",
    "view_weights",
    "weight_rows",
]

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
        SS_rate of the released estimator without the farthest neurons, beside the draws
        of the Gaussian null model behind ``null``.
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

    def _curve(self) -> tuple[object, object]:
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
    def released(self) -> ComparisonRow | None:
        """The curve of the released formula, None where it was not asked for."""
        return next((row for row in self.comparison.rows if row.name == "released"), None)

    @property
    def span(self) -> int:
        """Largest box size that still needs more boxes than the graph has components."""
        above = self.counts.diameter_sizes[self.counts.counts > self.graph.n_components]
        return int(above[-1]) if above.size else 0

    def _columns(self) -> Mapping[str, object]:
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


#: Samples of 32 neurons per layer, and null models that cost little beside the layers.
N_SAMPLES, NULLS = 5, ("rows", "untrained")
_NAMES = {"rows": "weights permuted within rows", "untrained": "untrained twin"}
_MEASURES = {"released": "its neurons' own edges, as released", "paths": "shortest paths"}


def measure_model_weights(model: object, seed: int) -> tuple[WeightSpectrum, ...]:
    """Return both spectra of the weights of a model, beside null models."""
    from torch import nn

    from featgraph.weights.multifractal import multifractal_weights

    if not isinstance(model, nn.Module):
        raise ValueError("weight_network=True needs a model, got features")
    how: dict[str, Any] = {"n_samples": N_SAMPLES, "nulls": NULLS, "rng": seed}
    return (
        multifractal_weights(model, variant="released", **how),
        multifractal_weights(model, variant="paths", **how),
    )


def weight_rows(spectra: Sequence[WeightSpectrum]) -> list[dict[str, Any]]:
    """Return one flat row per variant and network, as in ``weights.csv``."""
    return [{"variant": one.variant, **row} for one in spectra for row in one.null_rows()]


def view_weights(spectra: Sequence[WeightSpectrum]) -> list[list[str]]:
    """Return the rows of the section's table as text."""
    rows = []
    for one in spectra:
        for row in one.null_rows():
            name = _NAMES.get(row["network"], row["network"])
            cells = [
                f"{row[key]:.3f} [{row[f'{key}_low']:.3f}, {row[f'{key}_high']:.3f}]"
                for key in ("alpha0", "width", "node_dimension", "d_2")
            ]
            rows.append([_MEASURES[one.variant], name, *cells])
    return rows


@dataclass(frozen=True, repr=False, eq=False)
class NetworkAnalysis:
    """What an analysis found, layer by layer.

    Attributes
    ----------
    title : str
        Headline of the page.
    source : str
        Model or file that the features come from.
    analyses : tuple of LayerAnalysis
        Finished layers, in the planned order.
    skipped : tuple of SkippedLayer
        Layers that could not be analysed, with the reason.
    planned : tuple of (str, str)
        State and layer of everything that the run set out to analyse.
    provenance : Provenance
        Versions, settings, command and times.
    notes : tuple of str
        Sentences for the head of the page, such as the accuracy of the model.
    weights : tuple of WeightSpectrum
        Spectra of the network of the model's own weights, if they were asked for.
    """

    title: str
    source: str
    analyses: tuple[LayerAnalysis, ...]
    skipped: tuple[SkippedLayer, ...]
    planned: tuple[tuple[str, str], ...]
    provenance: Provenance
    notes: tuple[str, ...] = ()
    weights: tuple[WeightSpectrum, ...] = ()

    @property
    def is_partial(self) -> bool:
        """Whether layers are still missing because the run was stopped."""
        return len(self.analyses) + len(self.skipped) < self.n_planned

    @property
    def n_planned(self) -> int:
        """Number of layers, over all states, that the run set out to analyse."""
        return len(self.planned)

    @property
    def states(self) -> tuple[str, ...]:
        """States of the network that have a result, in the planned order: untrained, trained."""
        found = {item.state for item in self.analyses}
        return tuple(dict.fromkeys(state for state, _ in self.planned if state in found))

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that have a result, in the order of the network."""
        found = {item.layer for item in self.analyses}
        return tuple(dict.fromkeys(layer for _, layer in self.planned if layer in found))

    def find(self, layer: str, state: str | None = None) -> LayerAnalysis | None:
        """Return the analysis of a layer; ``state=None`` means the last state."""
        wanted = self.states[-1] if state is None and self.states else state
        for item in self.analyses:
            if item.layer == layer and item.state == wanted:
                return item
        return None

    def of_state(self, state: str) -> tuple[LayerAnalysis, ...]:
        """Return the analyses of one state."""
        return tuple(item for item in self.analyses if item.state == state)

    def of_layer(self, layer: str) -> tuple[LayerAnalysis, ...]:
        """Return the analyses of one layer, in the order of the states."""
        found = [self.find(layer, state) for state in self.states]
        return tuple(item for item in found if item is not None)

    def layer_rows(self) -> list[dict[str, Any]]:
        """Return one flat row per layer and state, as in ``layers.csv``."""
        return [item.to_rows()[0] for item in self.analyses]

    def curve_rows(self) -> list[dict[str, Any]]:
        """Return N of every curve in long form, as in ``curves.csv``.

        Space ``"metric"``: size is θ; space ``"hop"``: size is ℓ, the diameter in hops.
        """
        rows: list[dict[str, Any]] = []
        for item in self.analyses:
            head = {"state": item.state, "layer": item.layer}
            thetas = [_short(theta) for theta in item.comparison.theta.tolist()]
            curves = dict(item.comparison.curves)
            curves.update(best=item.comparison.best, lower=item.comparison.lower)
            for name, values in curves.items():
                for theta, value in zip(thetas, values.tolist(), strict=True):
                    point = {"size": theta, "n_boxes": _short(value)}
                    rows.append({**head, "space": "metric", "curve": name, **point})
            for size, value in zip(
                item.counts.diameter_sizes.tolist(), item.counts.counts.tolist(), strict=True
            ):
                rows.append(
                    {**head, "space": "hop", "curve": item.counts.method, "size": size}
                    | {"n_boxes": value}
                )
        return rows

    def to_dict(self) -> dict[str, Any]:
        """Return everything but graphs and curves as plain values, as in ``report.json``.

        Times, machine and command stand under ``"provenance"``; all else depends on features,
        settings and seed alone.
        """
        return {
            "title": self.title,
            "source": self.source,
            "partial": self.is_partial,
            "notes": list(self.notes),
            "provenance": {
                **vars(self.provenance),
                "seconds_per_layer": {item.key: item.seconds for item in self.analyses},
            },
            "layers": self.layer_rows(),
            "estimators": [
                {"state": item.state, "layer": item.layer, **row}
                for item in self.analyses
                for row in item.comparison.to_rows()
            ],
            "skipped": [dict(vars(item)) for item in self.skipped],
            **({"weights": weight_rows(self.weights)} if self.weights else {}),
        }

    def __repr__(self) -> str:
        partial = f", partial, planned={self.n_planned}" if self.is_partial else ""
        return (
            f"{type(self).__name__}(title={self.title!r}, n_layers={len(self.layers)}, "
            f"states={self.states}{partial})"
        )


def _short(value: float) -> float | int:
    """Return the number with ten digits: the rest is rounding, and a third of the table."""
    return int(value) if value.is_integer() else float(f"{value:.10g}")
