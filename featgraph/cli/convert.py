"""``featgraph convert GRAPH OUTPUT``: a graph from one file format to another, ready to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from featgraph.cli import options as opt
from featgraph.cli.output import LOUD, Screen

if TYPE_CHECKING:
    from featgraph import FeatureGraph

__all__ = ["convert_graph"]

WRITTEN = (".graphml", ".gexf", ".npz", ".edges", ".csv")


def convert_graph(
    graph: opt.GraphFile,
    output: Annotated[Path, Parameter(help=f"File to write: {', '.join(WRITTEN)}.")],
    /,
    *,
    layout: Literal["none", "force", "mds"] = "none",
    color_by: str | None = None,
    size_by: str | None = None,
    sizes: opt.Sizes = None,
    method: opt.MethodChoice = "greedy",
    weight: opt.Weight = None,
    weight_as: Literal["given", "similarity", "none"] = "given",
    as_undirected: opt.AsUndirected = False,
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
        Positions of nodes: none (kept where the file has some), force (by edges) or mds (by
        hops).
    color_by
        Column of the nodes that colours them: layer, community, degree, a box …
    size_by
        Column of the nodes that makes them large: degree, core_number …
    weight_as
        Weights to write: given, similarity (1 − distance/ε, what Gephi takes a weight for) or
        none.

    Examples
    --------
    featgraph convert graph.gml graph.gexf --layout force
    featgraph convert graph.edges graph.graphml --color-by community --size-by degree
    featgraph convert graph.net graph.npz --sizes 1,3
    """
    import featgraph as fg
    from featgraph.graph.strengths import with_edge_weight
    from featgraph.io.plain import box_column, write_edges

    output = Path(output)
    if output.suffix not in WRITTEN:
        raise ValueError(f"output must end in one of {', '.join(WRITTEN)}, got {str(output)!r}")
    if output.exists() and not force:
        raise FileExistsError(f"{output} is there already; --force replaces it")
    net = fg.read_graph(graph, weight=weight, as_undirected=as_undirected)
    covers = [fg.box_cover(net, size, method=method, rng=seed) for size in sizes or []]
    positions = _lay_out(net, layout, seed)
    if output.suffix in (".graphml", ".gexf"):
        write = fg.write_graphml if output.suffix == ".graphml" else fg.write_gexf
        cover = covers[0] if covers else None
        if positions is None and "position" in net.node_attributes:
            positions = "auto"  # those of the file
        looks: Any = {"color_by": color_by, "size_by": size_by, "weight": weight_as}
        write(net, output, cover=cover, covers=covers[1:], positions=positions, **looks)
    elif output.suffix == ".npz":
        columns = {} if positions is None else {"position": positions}
        columns |= {box_column(cover): cover.labels for cover in covers}
        with_edge_weight(net, weight_as).with_attributes(**columns).save(output)
    else:
        write_edges(with_edge_weight(net, weight_as), output)
    screen.say(f"{output}: {net.n_nodes} nodes, {net.n_edges} edges")
    return {"files": [{"file": output, "n_nodes": net.n_nodes, "n_edges": net.n_edges}]}


def _lay_out(net: FeatureGraph, layout: str, seed: int) -> Any:
    from featgraph.plot.graph_drawing import layout_graph
    from featgraph.plot.positions import scale_hops

    if layout == "none":
        return None
    return layout_graph(net, rng=seed) if layout == "force" else scale_hops(net)
