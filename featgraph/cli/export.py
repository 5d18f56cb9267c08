"""``featgraph export SOURCE``: feature networks and graphs for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from featgraph.cli.inputs import SourceFile, choose_layers, holds_features
from featgraph.cli.options import (
    AsUndirected,
    EpsilonRule,
    Force,
    Layers,
    MethodChoice,
    Out,
    Seed,
    Sizes,
    Weight,
    several,
)
from featgraph.cli.screen import LOUD, Screen

if TYPE_CHECKING:
    from featgraph.boxes.cover import BoxCover
    from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["box_column", "export_graph"]


def export_graph(
    source: SourceFile,
    /,
    *,
    to: Annotated[
        Sequence[Literal["graphml", "gexf", "json", "csv", "npz"]], several(alias="-t")
    ] = ("graphml",),
    layers: Layers = ("all",),
    epsilon: EpsilonRule = "percolation",
    sizes: Sizes = None,
    method: MethodChoice = "greedy",
    weight: Weight = None,
    as_undirected: AsUndirected = False,
    seed: Seed = 0,
    out: Out = Path("featgraph-export"),
    force: Force = False,
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """Write feature networks or a graph for other programs.

    Writes each layer of a feature file, or one graph, in the formats asked for. With --sizes,
    boxes become columns of the nodes; the first size colours them.

    Parameters
    ----------
    to
        Formats to write; csv writes a table of nodes and one of edges.

    Examples
    --------
    featgraph export features.npz --to graphml gexf -o out/
    featgraph export features.npz --layers "blocks.*" --epsilon density:0.1 --sizes 1,2
    featgraph export graph.edges --to json
    """
    from featgraph.report.folder import claim_folder
    from featgraph.report.layer_analysis import file_key

    path = Path(source)
    if holds_features(path):
        graphs = _build_graphs(path, layers, epsilon)
    else:
        from featgraph.io.files import read_graph

        graphs = {path.stem: read_graph(path, weight=weight, as_undirected=as_undirected)}
    folder = claim_folder(out, kind="export", force=force)
    rows = []
    for name, graph in graphs.items():
        covers = _cover(graph, sizes, method, seed)
        for kind in to:
            for file in _write(kind, folder / file_key(name), graph, covers):
                rows.append({"file": file, "n_nodes": graph.n_nodes, "n_edges": graph.n_edges})
                screen.say(f"{file}: {graph.n_nodes} nodes, {graph.n_edges} edges")
    return {"files": rows}


def _cover(graph: FeatureGraph, sizes: Sizes, method: str, seed: int) -> list[BoxCover]:
    from featgraph.boxes.api import box_cover

    return [box_cover(graph, size, method=method, rng=seed) for size in sizes or []]


def _build_graphs(path: Path, layers: Layers, epsilon: Any) -> dict[str, FeatureGraph]:
    from featgraph.distances.pairwise import feature_distances
    from featgraph.graph.construct import feature_graph
    from featgraph.plot.positions import scale_distances

    graphs = {}
    for name, F in choose_layers(path, layers).items():
        graph = feature_graph(F, epsilon=epsilon)
        distances = feature_distances(F).detach().cpu().numpy()
        graphs[name] = graph.with_attributes(mds=scale_distances(distances)[0])
    return graphs


def _write(kind: str, path: Path, graph: FeatureGraph, covers: list[BoxCover]) -> list[Path]:
    from featgraph.io import write_gexf, write_graphml

    target = path.with_name(f"{path.name}.{kind}")
    if kind in ("graphml", "gexf"):
        write = write_graphml if kind == "graphml" else write_gexf
        cover, others = (covers[0], covers[1:]) if covers else (None, [])
        write(graph, target, cover=cover, covers=others, positions=_spread(graph))
        return [target]
    if kind == "npz":
        boxes = {box_column(cover): cover.labels for cover in covers}
        return [graph.with_attributes(**boxes).save(target)]
    return _write_tables(kind, path, graph, covers)


def _spread(graph: FeatureGraph) -> Any:
    """Return MDS positions in the units of a drawing, or None for programs to lay out."""
    from featgraph.report.writer import spread_positions

    points = graph.node_attributes.get("mds")
    return None if points is None else spread_positions(points)


def box_column(cover: BoxCover) -> str:
    """Return the name of the column of a covering: ``box_l3``, or ``box_r2`` for balls."""
    return f"box_{'r' if cover.kind == 'radius' else 'l'}{cover.size:g}"


def _write_tables(kind: str, path: Path, graph: FeatureGraph, covers: list[BoxCover]) -> list[Path]:
    """Write nodes and edges as two CSV tables, or as one JSON object with both."""
    import json

    from featgraph.core.files import write_text
    from featgraph.io import write_rows

    nodes, edges = _node_rows(graph, covers), _edge_rows(graph)
    if kind == "csv":
        tables = {"nodes": nodes, "edges": edges}
        files = [path.with_name(f"{path.name}--{name}.csv") for name in tables]
        for file, rows in zip(files, tables.values(), strict=True):
            write_rows(rows, file)
        return files
    values = {
        "directed": False,
        "graph": {"layer": graph.layer, "epsilon": graph.epsilon, "source": graph.source},
        "nodes": nodes,
        "links": edges,
    }
    return [write_text(path.with_name(f"{path.name}.json"), json.dumps(values) + "\n")]


def _node_rows(graph: FeatureGraph, covers: list[BoxCover]) -> list[dict[str, Any]]:
    columns: dict[str, list[Any]] = {"id": [_plain(label) for label in graph.node_labels]}
    for name, values in graph.node_attributes.items():
        if values.ndim == 1:
            columns[name] = values.tolist()
        else:
            columns.update({f"{name}_{k}": part.tolist() for k, part in enumerate(values.T)})
    columns.update({box_column(cover): cover.labels.tolist() for cover in covers})
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _edge_rows(graph: FeatureGraph) -> list[dict[str, Any]]:
    names = [_plain(label) for label in graph.node_labels]
    rows: list[dict[str, Any]] = [
        {"source": names[i], "target": names[j]} for i, j in graph.edges.tolist()
    ]
    if graph.edge_weights is not None:
        for row, weight in zip(rows, graph.edge_weights.tolist(), strict=True):
            row["weight"] = weight
    return rows


def _plain(label: Any) -> int | str:
    return label if isinstance(label, int) and not isinstance(label, bool) else str(label)
