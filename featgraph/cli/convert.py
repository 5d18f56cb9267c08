"""``featgraph convert INPUT OUTPUT``: a graph from one file format to another, ready to look at."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featgraph.boxes.methods import METHODS
from featgraph.cli.boxcover import read_size
from featgraph.cli.options import add_quiet, add_seed, one_of
from featgraph.cli.printing import say

if TYPE_CHECKING:
    from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["add_arguments", "convert_graph"]

WRITTEN = (".graphml", ".gexf", ".npz", ".edges", ".csv")
LAYOUTS = ("none", "force", "mds")
WEIGHTS = ("given", "similarity", "none")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("input", help="a graph file that featgraph reads")
    parser.add_argument("output", help=f"file to write: {', '.join(WRITTEN)}")
    parser.add_argument(
        "--layout",
        type=one_of(LAYOUTS, "--layout"),
        default="none",
        metavar="NAME",
        help="positions of nodes: none (kept where the file has some), force (by edges) or mds "
        "(by hops)",
    )
    parser.add_argument(
        "--color-by", default=None, metavar="COLUMN", help="layer, community, degree, a box, …"
    )
    parser.add_argument("--size-by", default=None, metavar="COLUMN", help="degree, core_number, …")
    parser.add_argument(
        "-s", "--size", type=read_size, default=None, metavar="SIZE", help="also cover with boxes"
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
        "--weight",
        default=None,
        metavar="NAME",
        help="edge attribute to keep as weight; 'ignore': none",
    )
    parser.add_argument(
        "--weight-as",
        type=one_of(WEIGHTS, "--weight-as"),
        default="given",
        metavar="HOW",
        help="given, similarity (1 − distance/ε, what Gephi takes a weight for) or none",
    )
    parser.add_argument(
        "--as-undirected", action="store_true", help="read a directed graph without directions"
    )
    parser.add_argument("--force", action="store_true", help="replace a file that is there")
    add_seed(parser)
    add_quiet(parser)


def convert_graph(
    *,
    input: str,  # noqa: A002 - the word on the command line
    output: str,
    layout: str = "none",
    color_by: str | None = None,
    size_by: str | None = None,
    size: float | None = None,
    method: str = "greedy",
    weight: str | None = None,
    weight_as: Any = "given",
    as_undirected: bool = False,
    force: bool = False,
    seed: int = 0,
    quiet: bool = False,
) -> int:
    """Read a graph, lay it out, colour it, and write it in the format of the output's name.

    Returns
    -------
    int
        0; every problem is an exception.
    """
    from featgraph.boxes.api import box_cover
    from featgraph.graph.strengths import with_edge_weight
    from featgraph.io.files import read_graph

    target = Path(output)
    if target.suffix not in WRITTEN:
        raise ValueError(f"output must end in one of {', '.join(WRITTEN)}, got {output!r}")
    if target.exists() and not force:
        raise FileExistsError(f"{target} is there already; --force replaces it")
    net = read_graph(input, weight=weight, as_undirected=as_undirected)
    cover = None if size is None else box_cover(net, size, method=method, rng=seed)
    positions = _lay_out(net, layout, seed)
    if target.suffix in (".graphml", ".gexf"):
        from featgraph.io import write_gexf, write_graphml

        write = write_graphml if target.suffix == ".graphml" else write_gexf
        write(
            net,
            target,
            cover=cover,
            positions=positions,
            color_by=color_by,
            size_by=size_by,
            weight=weight_as,
        )
    else:
        columns = {} if positions is None else {"position": positions}
        if cover is not None:
            columns["box"] = cover.labels
        _write_plain(with_edge_weight(net, weight_as).with_attributes(**columns), target)
    say(f"{target}: {net.n_nodes} nodes, {net.n_edges} edges", quiet=quiet)
    return 0


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
