"""NetworkAnalysis: what was found out about the layers of one network, layer by layer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from featgraph.report.layer_analysis import LayerAnalysis, SkippedLayer
from featgraph.report.provenance import Provenance
from featgraph.report.weight_section import weight_rows
from featgraph.weights.spectrum import WeightSpectrum

__all__ = ["NetworkAnalysis"]


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
