"""``featgraph export SOURCE``: feature networks and graphs for other programs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from featgraph.cli import inputs, options as opt
from featgraph.cli.messages import refuse_idle
from featgraph.cli.output import LOUD, Screen, claim

if TYPE_CHECKING:
    from featgraph import BoxCover, FeatureGraph

__all__ = ["export_graph"]


def export_graph(
    source: inputs.SourceFile,
    /,
    *,
    to: Annotated[
        Sequence[Literal["graphml", "gexf", "json", "csv", "npz"]], opt.several(alias="-t")
    ] = ("graphml",),
    layers: opt.Layers = ("all",),
    epsilon: opt.EpsilonRule = "percolation",
    sizes: opt.Sizes = None,
    method: opt.MethodChoice = "greedy",
    weight: opt.Weight = None,
    as_undirected: opt.AsUndirected = False,
    seed: opt.Seed = 0,
    out: opt.Out = Path("featgraph-export"),
    force: opt.Force = False,
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
    import featgraph as fg
    from featgraph.report.folder import file_key

    path = Path(source)
    if not sizes:
        refuse_idle("without --sizes", "--method")
    if inputs.holds_features(path):
        refuse_idle("with features", "--weight", "--as-undirected")
        graphs = _build_graphs(path, layers, epsilon)
    else:
        refuse_idle("with a graph file", "--layers", "--epsilon")
        graphs = {path.stem: fg.read_graph(path, weight=weight, as_undirected=as_undirected)}
    folder = claim(out, "export", force)
    rows = []
    for name, graph in graphs.items():
        covers = [fg.box_cover(graph, size, method=method, rng=seed) for size in sizes or []]
        for kind in to:
            for file in _write(kind, folder.path / f"{file_key(name)}.{kind}", graph, covers):
                rows.append({"file": file, "n_nodes": graph.n_nodes, "n_edges": graph.n_edges})
                screen.say(f"{file}: {graph.n_nodes} nodes, {graph.n_edges} edges")
    return {"files": rows}


def _build_graphs(path: Path, layers: Sequence[str], epsilon: Any) -> dict[str, FeatureGraph]:
    import featgraph as fg

    graphs = {}
    for name, F in inputs.choose_layers(path, layers).items():
        distances = fg.feature_distances(F).detach().cpu().numpy()
        places = fg.plot.scale_distances(distances)[0]
        graphs[name] = fg.feature_graph(F, epsilon=epsilon).with_attributes(mds=places)
    return graphs


def _write(kind: str, path: Path, graph: FeatureGraph, covers: list[BoxCover]) -> list[Path]:
    """Write one graph in one format, and return the files."""
    import featgraph as fg
    from featgraph.io import frames

    if kind in ("graphml", "gexf"):
        write = fg.write_graphml if kind == "graphml" else fg.write_gexf
        looks: dict[str, Any] = {"cover": covers[0] if covers else None, "covers": covers[1:]}
        if "mds" in graph.node_attributes:
            from featgraph.report.figures import spread_positions

            looks["positions"] = spread_positions(graph.node_attributes["mds"])
        return [write(graph, path, **looks)]
    if kind == "npz":
        return [frames.with_boxes(graph, covers).save(path)]
    if kind == "json":
        return [frames.write_node_link(graph, path, covers)]
    tables = {"nodes": frames.node_rows(graph, covers), "edges": frames.edge_rows(graph)}
    return [
        fg.io.write_rows(rows, path.with_name(f"{path.name[:-4]}--{name}.csv"))
        for name, rows in tables.items()
    ]
