"""``featgraph convert`` and ``featgraph export``: graphs and features for other programs."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from featgraph.cli import inputs, options as opt
from featgraph.cli.messages import refuse_idle
from featgraph.cli.output import LOUD, Screen, claim

if TYPE_CHECKING:
    from featgraph import BoxCover, FeatureGraph

__all__ = ["convert_graph", "export_graph"]

#: Formats with looks, each also packed, and plain ones.
LOOKS = (".graphml", ".gexf", ".cyjs", ".dot")
PACKED = (".gz", ".bz2", ".xz")
WRITTEN = (*LOOKS, ".npz", ".edges", ".csv")
_OUTPUT = f"File to write: {', '.join(WRITTEN)}; - is standard output."


def convert_graph(
    graph: opt.GraphFile,
    output: Annotated[Path, Parameter(help=_OUTPUT)],
    /,
    *,
    layout: Literal["auto", "none", "force", "mds"] = "auto",
    color_by: str | None = None,
    size_by: str | None = None,
    sizes: opt.Sizes = None,
    method: opt.MethodChoice = "greedy",
    weight: opt.Weight = None,
    weight_as: opt.WeightAs = "given",
    as_undirected: opt.AsUndirected = False,
    input_format: opt.InputFormat = None,
    output_format: str | None = None,
    force: opt.Force = False,
    seed: opt.Seed = 0,
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """Write a graph in another file format, laid out.

    Reads a graph, lays it out, colours it, and writes it in the format of the output's name.
    With --sizes, boxes become columns of the nodes; the first size colours them.

    Parameters
    ----------
    layout
        Positions of nodes: auto (those of the file, else a cheap layout), none, force (by
        edges) or mds (by hops).
    color_by
        Column of the nodes that colours them: layer, community, degree, a box …
    size_by
        Column of the nodes that makes them large: degree, core_number …
    output_format
        Format to write, if the name of the output does not say it; needed for - (standard output).

    Examples
    --------
    featgraph convert graph.gml graph.gexf --layout force
    featgraph convert graph.edges graph.graphml --color-by community --size-by degree
    featgraph convert graph.net graph.npz --sizes 1,3
    featgraph convert - graph.cyjs --input-format gml
    """
    import featgraph as fg
    from featgraph.graph import with_edge_weight
    from featgraph.io.frames import with_boxes, write_edges

    output = Path(output)
    streamed = str(output) == "-"
    packed = output.suffix in PACKED
    plain = output.with_suffix("") if packed else output
    suffix = plain.suffix if output_format is None else f".{output_format}"
    if suffix not in WRITTEN or suffix == ".npz" != output.suffix:
        raise ValueError(
            f"output must end in one of {', '.join(WRITTEN)}, got {str(output)!r}; all but .npz "
            f"can have {', '.join(PACKED)} behind, or be named by --output-format"
        )
    if not streamed and output.exists() and not force:
        raise FileExistsError(f"{output} is there already; --force replaces it")
    if streamed:
        refuse_idle("when the graph goes to the standard output", "--json")
    _refuse_idle(suffix, sizes, layout)
    how: Any = {"weight": weight, "as_undirected": as_undirected}
    (net,) = inputs.read_graphs([graph], input_format, **how).values()
    covers = [fg.box_cover(net, size, method=method, rng=seed) for size in sizes or []]
    positions = _lay_out(net, layout, seed)
    target: Any = sys.stdout.buffer if streamed else output
    if suffix in LOOKS:
        cover = covers[0] if covers else None
        looks: Any = {"color_by": color_by, "size_by": size_by, "weight": weight_as}
        looks |= {"cover": cover, "covers": covers[1:], "positions": positions}
        fg.write_graph(net, target, format=suffix[1:], **looks)
    elif suffix == ".npz":
        columns = {} if isinstance(positions, str | None) else {"position": positions}
        whole = with_boxes(with_edge_weight(net, weight_as), covers)
        whole.with_attributes(**columns).save(output)
    else:
        write_edges(with_edge_weight(net, weight_as), target, titles=suffix == ".csv")
    if not streamed:
        screen.say(f"{output}: {net.n_nodes} nodes, {net.n_edges} edges")
    return {"files": [{"file": output, "n_nodes": net.n_nodes, "n_edges": net.n_edges}]}


def _refuse_idle(suffix: str, sizes: object, layout: str) -> None:
    if suffix not in LOOKS:
        idle = ["--color-by", "--size-by"]
        if suffix != ".npz":
            idle += ["--sizes"] if layout == "none" else ["--layout", "--sizes"]
        refuse_idle(f"in {suffix}", *idle)
    if not sizes:
        refuse_idle("without --sizes", "--method")


def _lay_out(net: FeatureGraph, layout: str, seed: int) -> Any:
    from featgraph.plot import layout_graph
    from featgraph.plot.mds import scale_hops

    if layout in ("auto", "none"):
        return "auto" if layout == "auto" else None
    return layout_graph(net, rng=seed) if layout == "force" else scale_hops(net)


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
    weight_as: opt.WeightAs = "given",
    input_format: opt.InputFormat = None,
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
    featgraph export features.npz --to graphml gexf --weight-as similarity -o out/
    featgraph export features.npz --layers "blocks.*" --epsilon density:0.1 --sizes 1,2
    featgraph export graph.edges --to json
    """
    import featgraph as fg
    from featgraph.report.folder import file_key

    path = Path(source)
    if not sizes:
        refuse_idle("without --sizes", "--method")
    if not {"graphml", "gexf"} & set(to):
        refuse_idle("without --to graphml or gexf", "--weight-as")
    if inputs.holds_features(path):
        refuse_idle("with features", "--weight", "--as-undirected", "--input-format")
        graphs = _build_graphs(path, layers, epsilon)
    else:
        refuse_idle("with a graph file", "--layers", "--epsilon")
        how: Any = {"weight": weight, "as_undirected": as_undirected}
        graphs = inputs.read_graphs([path], input_format, **how)
    folder = claim(out, "export", force)
    rows = []
    for name, graph in graphs.items():
        covers = [fg.box_cover(graph, size, method=method, rng=seed) for size in sizes or []]
        for kind in to:
            path = folder.path / f"{file_key(name)}.{kind}"
            for file in _write(kind, path, graph, covers, weight_as):
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


def _write(
    kind: str, path: Path, graph: FeatureGraph, covers: list[BoxCover], weight_as: opt.WeightAs
) -> list[Path]:
    """Write one graph in one format, and return the files."""
    import featgraph as fg
    from featgraph.io import frames

    if kind in ("graphml", "gexf"):
        write = fg.write_graphml if kind == "graphml" else fg.write_gexf
        looks: dict[str, Any] = {"cover": covers[0] if covers else None, "covers": covers[1:]}
        looks["weight"] = weight_as
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
