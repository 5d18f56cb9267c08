"""``featgraph convert INPUT OUTPUT``: a graph from one file format to another, ready to look at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from featgraph.cli.export import box_column
from featgraph.cli.options import (
    AsUndirected,
    Force,
    GraphFile,
    MethodChoice,
    Seed,
    Sizes,
    Weight,
)
from featgraph.cli.screen import LOUD, Screen

if TYPE_CHECKING:
    from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["convert_graph"]

WRITTEN = (".graphml", ".gexf", ".npz", ".edges", ".csv")


def convert_graph(
    graph: GraphFile,
    output: Annotated[Path, Parameter(help=f"File to write: {', '.join(WRITTEN)}.")],
    /,
    *,
    layout: Literal["none", "force", "mds"] = "none",
    color_by: str | None = None,
    size_by: str | None = None,
    sizes: Sizes = None,
    method: MethodChoice = "greedy",
    weight: Weight = None,
    weight_as: Literal["given", "similarity", "none"] = "given",
    as_undirected: AsUndirected = False,
    force: Force = False,
    seed: Seed = 0,
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """Write a graph in another file format, laid out.

    Reads a graph, lays it out, colours it, and writes it in the format of the target's name.
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
    target = Path(output)
    if target.suffix not in WRITTEN:
        raise ValueError(f"output must end in one of {', '.join(WRITTEN)}, got {str(target)!r}")
    if target.exists() and not force:
        raise FileExistsError(f"{target} is there already; --force replaces it")
    from featgraph.boxes.api import box_cover
    from featgraph.graph.strengths import with_edge_weight
    from featgraph.io.files import read_graph

    net = read_graph(graph, weight=weight, as_undirected=as_undirected)
    covers = [box_cover(net, size, method=method, rng=seed) for size in sizes or []]
    positions = _lay_out(net, layout, seed)
    if target.suffix in (".graphml", ".gexf"):
        from featgraph.io import write_gexf, write_graphml

        write = write_graphml if target.suffix == ".graphml" else write_gexf
        write(
            net,
            target,
            cover=covers[0] if covers else None,
            covers=covers[1:],
            positions=positions,
            color_by=color_by,
            size_by=size_by,
            weight=weight_as,
        )
    else:
        columns = {} if positions is None else {"position": positions}
        columns |= {box_column(cover): cover.labels for cover in covers}
        _write_plain(with_edge_weight(net, weight_as).with_attributes(**columns), target)
    screen.say(f"{target}: {net.n_nodes} nodes, {net.n_edges} edges")
    return {"files": [{"file": target, "n_nodes": net.n_nodes, "n_edges": net.n_edges}]}


def _lay_out(net: FeatureGraph, layout: str, seed: int) -> Any:
    if layout == "none":
        return None
    if layout == "force":
        from featgraph.plot.graph_drawing import layout_graph

        return layout_graph(net, rng=seed)
    return _scale_hops(net)


def _scale_hops(net: FeatureGraph) -> Any:
    """Place nodes by multidimensional scaling of their hops; parts stand apart."""
    import numpy as np
    from scipy.sparse.csgraph import shortest_path

    from featgraph.plot.positions import scale_distances

    if net.n_nodes > 5000:
        raise ValueError(
            f"layout 'mds' compares all pairs of at most 5000 nodes, got {net.n_nodes}; "
            "take --layout force"
        )
    hops = shortest_path(net.to_scipy(weighted=False), unweighted=True, directed=False)
    reached = np.isfinite(hops)
    hops[~reached] = hops[reached].max() + 2
    return scale_distances(hops)[0]


def _write_plain(net: FeatureGraph, target: Path) -> None:
    """Write edges as text, or the whole graph as .npz."""
    from featgraph.core.files import write_text
    from featgraph.io import write_rows

    if target.suffix == ".npz":
        net.save(target)
        return
    alone = int((net.degrees == 0).sum())
    if alone:
        raise ValueError(
            f"{alone} node{'' if alone == 1 else 's'} without edges have no place in a list of "
            "edges; write .npz, .graphml or .gexf instead"
        )
    names = [str(name) for name in net.node_labels]
    if len(set(names)) < len(names):
        raise ValueError("labels differ as values but not as text; write .npz or .graphml instead")
    weights = None if net.edge_weights is None else net.edge_weights.tolist()
    pairs = [(names[i], names[j]) for i, j in net.edges.tolist()]
    if target.suffix == ".csv":
        rows: list[dict[str, Any]] = [{"source": a, "target": b} for a, b in pairs]
        for k, row in enumerate(rows):
            row |= {} if weights is None else {"weight": weights[k]}
        write_rows(rows, target)
        return
    spaced = next((name for name in names if not name or any(c.isspace() for c in name)), None)
    if spaced is not None:
        raise ValueError(f"an edge list cannot hold the label {spaced!r}; write .csv or .graphml")
    tails = [""] * len(pairs) if weights is None else [f" {value!r}" for value in weights]
    lines = [f"{a} {b}{tail}" for (a, b), tail in zip(pairs, tails, strict=True)]
    write_text(target, "\n".join(lines) + "\n")
