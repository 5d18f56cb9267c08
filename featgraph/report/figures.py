"""The pictures of a report, and the graph of a layer as a file for drawing programs."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.csr_graph import FeatureGraph
from featgraph.report.analysis import LayerAnalysis, NetworkAnalysis
from featgraph.report.summary import typical_layer

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = [
    "GRAPH_FILES",
    "LINKS_KEPT",
    "draw_joint_figures",
    "draw_layer_figures",
    "first_pictures",
    "keeps_all_links",
    "pack_png",
    "rate_rows",
    "render_layer",
    "render_picture",
    "thin_graph",
    "write_layer_graph",
]

_COLORS = 160
#: Dots per inch of the pictures on the page: about 1200 across, 500 for drawings of graphs, which
#: stand two in a row and are by far the largest files.
_DPI, _GRAPH_DPI = 144, 92


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


def render_layer(
    analysis: LayerAnalysis, *, graphs: str = "thinned", vector: bool = False
) -> dict[str, bytes]:
    """Return the files of one layer by their paths in the folder of a report.

    Pictures as PNG, and as SVG where ``vector`` asks for it; the graph as ``graphs`` says, a key of
    ``GRAPH_FILES``.
    """
    files: dict[str, bytes] = {}
    for name, figure in draw_layer_figures(analysis):
        files |= render_picture(name, figure, vector=vector)
    if graphs != "none":
        with tempfile.TemporaryDirectory() as place:
            path = write_layer_graph(analysis, Path(place), graphs=graphs)
            files[f"graphs/{path.name}"] = path.read_bytes()
    return files


def render_picture(name: str, figure: Figure, *, vector: bool = False) -> dict[str, bytes]:
    """Return a figure as the contents of files by their paths in the folder of a report."""
    from featgraph.plot.files import arranged, render_figure

    dpi = _GRAPH_DPI if name.endswith("--graph") else _DPI
    with arranged(figure, dpi):
        pictures = {f"figures/{name}.png": pack_png(render_figure(figure, "png", dpi=dpi))}
        if vector:
            pictures[f"figures/{name}.svg"] = render_figure(figure, "svg")
    return pictures


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
    """Yield name and maker of each picture of several layers or states; makers can be pickled."""
    ends = report.states[0], report.states[-1]
    yield "ss_rate", functools.partial(_draw_rates, rate_rows(report), ends)
    layer = typical_layer(report)
    if layer is not None:
        items = [report.find(layer, state) for state in dict.fromkeys(ends)]
        yield "mds", functools.partial(_draw_maps, layer, [item for item in items if item])


def _draw_rates(rows: list[dict[str, Any]], ends: tuple[str, str]) -> Figure:
    from featgraph.plot.layer_values import plot_ss_rate

    return plot_ss_rate(rows, estimator="released", names=ends)[0]


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


def _draw_maps(layer: str, shown: list[LayerAnalysis]) -> Figure:
    from featgraph.plot.mds import plot_mds

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


#: Which graph files a report writes.
GRAPH_FILES = ("thinned", "whole", "none")
#: More edges than this nobody sees apart, and a file of 150,000 takes megabytes.
LINKS_KEPT = 5_000
_DIGITS = 6


def keeps_all_links(graph: FeatureGraph, graphs: str) -> bool:
    """Whether the file of a graph holds all of its edges."""
    return graphs == "whole" or graph.n_edges <= LINKS_KEPT


def thin_graph(graph: FeatureGraph, n_links: int = LINKS_KEPT) -> FeatureGraph:
    """Return the graph with its shortest edges only, and those that hold its parts together.

    Parameters
    ----------
    graph : FeatureGraph
        Distances as weights.
    n_links : int, default=5000
        Edges to keep; a minimum spanning forest is among them.

    Returns
    -------
    FeatureGraph
        The same nodes and components.

    Examples
    --------
    >>> triangle = FeatureGraph.from_edges([(0, 1), (1, 2), (0, 2)], weights=[1.0, 2.0, 3.0])
    >>> thin_graph(triangle, 2).edges.tolist()
    [[0, 1], [1, 2]]
    """
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import minimum_spanning_tree

    if graph.n_edges <= n_links:
        return graph
    edges, weights = graph.edges, graph.edge_weights
    order = np.arange(len(edges)) if weights is None else np.argsort(weights, kind="stable")
    rank = np.empty(len(edges))
    rank[order] = np.arange(1, len(edges) + 1)  # no ties and no zeros, which the tree would drop
    shape = (graph.n_nodes, graph.n_nodes)
    tree = minimum_spanning_tree(csr_matrix((rank, (edges[:, 0], edges[:, 1])), shape=shape))
    kept = np.zeros(len(edges), dtype=bool)
    kept[order[tree.data.astype(np.int64) - 1]] = True
    rest = order[~kept[order]]
    kept[rest[: max(0, n_links - int(kept.sum()))]] = True
    thin = FeatureGraph.from_edges(
        edges[kept], n_nodes=graph.n_nodes, weights=None if weights is None else weights[kept]
    )
    return replace(
        graph, indptr=thin.indptr, indices=thin.indices, weights=thin.weights, edge_attributes={}
    )


def write_layer_graph(analysis: LayerAnalysis, folder: Path, *, graphs: str) -> Path:
    """Write the graph of a layer with boxes and places; numbers with six digits."""
    from featgraph.io import write_graphml

    graph = analysis.graph
    whole = keeps_all_links(graph, graphs)
    graph = graph if whole else thin_graph(graph)
    columns = {**graph.node_attributes, "mds": analysis.positions}
    rounded = {name: _round(np.asarray(values)) for name, values in columns.items()}
    weights = None if graph.weights is None else _round(graph.weights)
    graph = replace(graph, weights=weights).with_attributes(**rounded)
    path = folder / f"{analysis.key}{'' if whole else '--thinned'}.graphml.gz"
    path.parent.mkdir(exist_ok=True)
    places = _round(spread_positions(analysis.positions))
    # Gephi draws together what has a large weight; distances stand beside and are read back.
    return write_graphml(graph, path, cover=analysis.cover, positions=places, weight="similarity")


def _round(values: NDArray[Any]) -> NDArray[Any]:
    """Round to six digits: 17 of them would double the file and tell a drawing nothing."""
    if values.dtype.kind != "f":
        return values
    size = np.floor(np.log10(np.where((values == 0) | ~np.isfinite(values), 1, np.abs(values))))
    scale = 10.0 ** (_DIGITS - 1 - size)
    rounded: NDArray[Any] = np.round(values * scale) / scale
    return rounded


def spread_positions(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return positions stretched to 1000 units: drawing programs count in pixels, not in C."""
    extent = float(np.abs(positions).max()) if positions.size else 0.0
    stretched: NDArray[np.float64] = positions * (500.0 / extent if extent > 0 else 1.0)
    return stretched
