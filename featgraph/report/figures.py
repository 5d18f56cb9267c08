"""The pictures of a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from featgraph.report.analysis import LayerAnalysis, NetworkAnalysis
from featgraph.report.summary import typical_layer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_joint_figures", "draw_layer_figures", "first_pictures", "pack_png", "rate_rows"]

_COLORS = 160


def draw_layer_figures(analysis: LayerAnalysis) -> Iterator[tuple[str, Figure]]:
    """Yield name and figure of each picture of one layer."""
    from featgraph.plot.count_curves import plot_box_counts, plot_theta_curves
    from featgraph.plot.graph_drawing import plot_graph
    from featgraph.plot.networks import plot_epsilon_sweep

    yield f"{analysis.key}--theta", plot_theta_curves(analysis.comparison)[0]
    yield f"{analysis.key}--counts", plot_box_counts(analysis.counts, fit=analysis.fit)[0]
    yield f"{analysis.key}--graph", plot_graph(analysis.graph, cover=analysis.cover)[0]
    if analysis.sweep is not None:
        chosen = analysis.graph.epsilon
        yield f"{analysis.key}--sweep", plot_epsilon_sweep(analysis.sweep, chosen=chosen)[0]


def first_pictures(report: NetworkAnalysis) -> list[str]:
    """Return the names of the pictures in the first sections of the page."""
    layer = typical_layer(report)
    item = None if layer is None else report.find(layer)
    parts = ("theta", "counts", "graph", "sweep")
    return ["ss_rate", "mds", *([] if item is None else [f"{item.key}--{p}" for p in parts])]


def pack_png(picture: bytes) -> bytes:
    """Return a PNG with a palette: a third of the size, and no difference that shows."""
    import io

    from PIL import Image

    stream = io.BytesIO()
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(_COLORS).save(stream, "png", optimize=True)
    return stream.getvalue()


def draw_joint_figures(report: NetworkAnalysis) -> Iterator[tuple[str, Callable[[], Figure]]]:
    """Yield name and maker of each picture that holds several layers or states."""
    yield "ss_rate", lambda: _draw_rates(report)
    layer = typical_layer(report)
    if layer is not None:
        yield "mds", lambda: _draw_maps(report, layer)


def _draw_rates(report: NetworkAnalysis) -> Figure:
    from featgraph.plot.layer_values import plot_ss_rate

    ends = report.states[0], report.states[-1]
    return plot_ss_rate(rate_rows(report), estimator="released", names=ends)[0]


def rate_rows(report: NetworkAnalysis) -> list[dict[str, Any]]:
    """Return SS_rate of every layer before and after training, and of its null model."""
    states = report.states
    rows = []
    for layer in report.layers:
        last, first = report.find(layer), report.find(layer, states[0])
        null = last.null if last is not None else None
        rows.append(
            {
                "layer": layer,
                "before": _rate(first) if len(states) > 1 else None,
                "after": _rate(last),
                "null_mean": None if null is None else null.mean,
                "null_sd": None if null is None else null.sd,
            }
        )
    return rows


def _rate(analysis: LayerAnalysis | None) -> float | None:
    return analysis.released.ss_rate if analysis and analysis.released else None


def _draw_maps(report: NetworkAnalysis, layer: str) -> Figure:
    from featgraph.plot.mds import plot_mds

    items = [report.find(layer, state) for state in (report.states[0], report.states[-1])]
    shown = [item for item in items if item is not None]
    if len(report.states) == 1:
        shown = shown[:1]
    maps = [(item.positions, item.share) for item in shown]
    last = shown[-1]
    fits = all(item.groups.size == last.groups.size for item in shown)
    return plot_mds(
        maps[0],
        maps[1] if len(maps) > 1 else None,
        groups=last.groups if fits else None,
        graphs=[item.graph for item in shown],
        titles=[f"{layer}, {item.state}" for item in shown],
    )[0]
