"""``featgraph network SOURCE``: what network scientists ask of a graph or of layers."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featgraph.cli.options import add_epsilon, add_output, add_quiet, add_seed, one_of, whole
from featgraph.cli.printing import format_table, say

if TYPE_CHECKING:
    from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["add_arguments", "describe_network"]

_SHOWN = {
    "name": "network",
    "n_nodes": "nodes",
    "n_edges": "edges",
    "giant_share": "giant",
    "clustering": "C",
    "path_length": "L",
    "sigma": "σ",
    "omega": "ω",
    "propensity": "φ",
    "modularity": "Q",
    "max_core": "core",
    "assortativity": "r",
    "degree_tail": "degree tail",
}
NORMALIZATIONS = ("none", "layer", "node")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "source", help="features (.npy, .npz, .pt, .safetensors) or a graph file of any kind"
    )
    parser.add_argument(
        "-l", "--layers", nargs="+", default=["all"], metavar="NAME", help="layers; globs work"
    )
    add_epsilon(parser)
    parser.add_argument(
        "--together",
        action="store_true",
        help="one network over all layers, and which layers it joins, instead of one per layer",
    )
    parser.add_argument(
        "--normalize",
        type=one_of(NORMALIZATIONS, "--normalize"),
        default="none",
        metavar="HOW",
        help="none, layer (bring layers to one scale) or node (each neuron to unit deviation)",
    )
    parser.add_argument(
        "-r",
        "--references",
        type=whole(0),
        default=20,
        metavar="N",
        help="random and lattice references; 0: no small world",
    )
    parser.add_argument(
        "--as-undirected", action="store_true", help="read a directed graph without directions"
    )
    add_seed(parser)
    add_output(parser, "featgraph-network")
    add_quiet(parser)


def describe_network(
    *,
    source: str,
    layers: list[str] | None = None,
    epsilon: Any = "percolation",
    together: bool = False,
    normalize: Any = "none",
    references: int = 20,
    as_undirected: bool = False,
    seed: int = 0,
    out: str = "featgraph-network",
    force: bool = False,
    quiet: bool = False,
) -> int:
    """Measure one graph, each layer of a feature file, or all layers as one graph.

    Writes summary.csv, and per network pictures of degrees and small world, rich_club and
    motifs tables; for several layers together also the matrix of layers.

    Returns
    -------
    int
        0; every problem is an exception.
    """
    from featgraph.cli.export import _holds_features
    from featgraph.graph.summary import network_summary
    from featgraph.io import write_rows
    from featgraph.report.folder import claim_folder

    path = Path(source)
    if _holds_features(path):
        graphs = build_graphs(path, layers or ["all"], epsilon, normalize, together)
    else:
        from featgraph.io.files import read_graph

        net = read_graph(path, weight="ignore", as_undirected=as_undirected)
        graphs = {path.stem: net}
    folder = claim_folder(out, kind="network", force=force)
    rows = network_summary(
        graphs, n_references=references, rng=seed, progress=False if quiet else None
    )
    write_rows(rows, folder / "summary.csv")
    for name, graph in graphs.items():
        _write_details(folder, name, graph, references, seed)
    say(format_table(rows, _SHOWN), quiet=quiet)
    say(f"written to {folder}", quiet=quiet)
    return 0


def build_graphs(
    path: Path, layers: list[str], epsilon: Any, normalize: Any, together: bool
) -> dict[str, FeatureGraph]:
    """Return one graph per layer of a feature file, or one over all of them."""
    from featgraph.features.files import load_features
    from featgraph.graph.construct import feature_graph
    from featgraph.report.states import choose_names

    found = load_features(path)
    chosen = {name: found[name] for name in choose_names(list(found), layers)}
    if together:
        return {path.stem: feature_graph(chosen, epsilon=epsilon, normalize=normalize)}
    return {
        name: feature_graph(F, epsilon=epsilon, normalize=normalize) for name, F in chosen.items()
    }


def _write_details(
    folder: Path, name: str, graph: FeatureGraph, references: int, seed: int
) -> None:
    from featgraph.graph.census import count_motifs
    from featgraph.graph.clubs import rich_club
    from featgraph.graph.degrees import degree_statistics
    from featgraph.graph.layered import connect_layers
    from featgraph.graph.smallworld import small_world
    from featgraph.graph.summary import has_powerlaw
    from featgraph.io import write_rows
    from featgraph.plot.degree_tails import plot_degrees
    from featgraph.plot.files import save_figure
    from featgraph.plot.layer_connections import plot_layer_matrix
    from featgraph.plot.small_worlds import plot_small_world
    from featgraph.report.layer_analysis import file_key

    key = file_key(name)
    motifs = [
        {"size": size, "pattern": pattern, "count": count}
        for size in (3, 4)
        for pattern, count in count_motifs(graph, size=size).items()
    ]
    write_rows(motifs, folder / f"{key}--motifs.csv")
    if graph.n_edges == 0:
        return
    found = degree_statistics(graph, tails=has_powerlaw(), weight="none")
    figure, _ = plot_degrees(found.degrees, tail=found.degree_tail)
    save_figure(figure, folder / f"{key}--degrees")
    if "depth" in graph.node_attributes:
        connectivity = connect_layers(graph)
        write_rows(connectivity.to_rows(), folder / f"{key}--layers.csv")
        save_figure(plot_layer_matrix(connectivity)[0], folder / f"{key}--layers")
    if references:
        world = small_world(graph, n_references=references, rng=seed, progress=False)
        world.save(folder / f"{key}--small_world.json")
        save_figure(plot_small_world(world)[0], folder / f"{key}--small_world")
        club = rich_club(graph, n_references=references, rng=seed, progress=False)
        write_rows(club.to_rows(), folder / f"{key}--rich_club.csv")
