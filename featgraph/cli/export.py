"""``featgraph export SOURCE``: feature networks and graphs for other programs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featgraph.boxes.methods import METHODS
from featgraph.cli.boxcover import read_sizes
from featgraph.cli.options import add_epsilon, add_output, add_quiet, add_seed, one_of
from featgraph.cli.printing import say

if TYPE_CHECKING:
    from featgraph.boxes.cover import BoxCover
    from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["add_arguments", "export_graph"]

FORMATS = ("graphml", "gexf", "json", "csv", "npz")
_FEATURES = (".npy", ".pt", ".pth", ".safetensors")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "source", help="features (.npy, .npz, .pt, .safetensors) or a graph file of any kind"
    )
    parser.add_argument(
        "-t",
        "--to",
        nargs="+",
        type=one_of(FORMATS, "--to"),
        default=["graphml"],
        metavar="FORMAT",
        help=f"{', '.join(FORMATS)}; csv writes a table of nodes and one of edges",
    )
    parser.add_argument(
        "-l", "--layers", nargs="+", default=["all"], metavar="NAME", help="layers; globs work"
    )
    add_epsilon(parser)
    parser.add_argument(
        "-s",
        "--sizes",
        type=read_sizes,
        default=None,
        metavar="LIST",
        help="box sizes whose boxes become node columns, such as 1,2,4; the first colours nodes",
    )
    parser.add_argument(
        "-m",
        "--method",
        type=one_of(METHODS, "--method"),
        default="greedy",
        metavar="NAME",
        help=f"covering method: {', '.join(METHODS)}",
    )
    parser.add_argument(
        "--weight", default=None, metavar="NAME", help="edge attribute of a graph file to keep"
    )
    parser.add_argument(
        "--as-undirected", action="store_true", help="read a directed graph without directions"
    )
    add_seed(parser)
    add_output(parser, "featgraph-export")
    add_quiet(parser)


def export_graph(
    *,
    source: str,
    to: list[str] | None = None,
    layers: list[str] | None = None,
    epsilon: Any = "percolation",
    sizes: list[float] | None = None,
    method: str = "greedy",
    weight: str | None = None,
    as_undirected: bool = False,
    seed: int = 0,
    out: str = "featgraph-export",
    force: bool = False,
    quiet: bool = False,
) -> int:
    """Write each layer of a feature file, or one graph, in the formats asked for.

    Returns
    -------
    int
        0; every problem is an exception.
    """
    from featgraph.boxes.api import box_cover
    from featgraph.report.folder import claim_folder
    from featgraph.report.layer_analysis import file_key

    path = Path(source)
    if _holds_features(path):
        graphs = _build_graphs(path, layers or ["all"], epsilon)
    else:
        from featgraph.io.files import read_graph

        graphs = {path.stem: read_graph(path, weight=weight, as_undirected=as_undirected)}
    folder = claim_folder(out, kind="export", force=force)
    for name, graph in graphs.items():
        covers = [box_cover(graph, size, method=method, rng=seed) for size in sizes or []]
        for kind in to or ["graphml"]:
            for file in _write(kind, folder / file_key(name), graph, covers):
                say(f"{file}: {graph.n_nodes} nodes, {graph.n_edges} edges", quiet=quiet)
    return 0


def _holds_features(path: Path) -> bool:
    if path.suffix != ".npz":
        return path.suffix in _FEATURES
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    import zipfile

    try:
        with zipfile.ZipFile(path) as archive:
            names = {Path(name).stem for name in archive.namelist()}
    except zipfile.BadZipFile as error:
        raise ValueError(f"{path.name} is not a valid .npz file: {error}") from None
    return "indptr" not in names  # the arrays of a graph in rows, ours or SciPy's


def _build_graphs(path: Path, layers: list[str], epsilon: Any) -> dict[str, FeatureGraph]:
    from featgraph.distances.pairwise import feature_distances
    from featgraph.features.files import load_features
    from featgraph.graph.construct import feature_graph
    from featgraph.plot.positions import scale_distances
    from featgraph.report.states import choose_names

    found = load_features(path)
    graphs = {}
    for name in choose_names(list(found), layers):
        graph = feature_graph(found[name], epsilon=epsilon)
        distances = feature_distances(found[name]).detach().cpu().numpy()
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
