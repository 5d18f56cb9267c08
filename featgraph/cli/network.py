"""``featgraph network SOURCE``: what network scientists ask of a graph or of layers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from featgraph.cli.inputs import SourceFile, choose_layers, holds_features
from featgraph.cli.options import (
    AsUndirected,
    EpsilonRule,
    Force,
    Layers,
    Out,
    References,
    Seed,
)
from featgraph.cli.screen import LOUD, Screen

if TYPE_CHECKING:
    from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["describe_network"]

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


def describe_network(
    source: SourceFile,
    /,
    *,
    layers: Layers = ("all",),
    epsilon: EpsilonRule = "percolation",
    together: bool = False,
    normalize: Literal["none", "layer", "node"] = "none",
    references: References = 20,
    as_undirected: AsUndirected = False,
    seed: Seed = 0,
    out: Out = Path("featgraph-network"),
    force: Force = False,
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """Small world, degrees, groups of a graph or of layers.

    Measures one graph, each layer of a feature file, or all layers as one graph. Writes
    summary.csv, and for each network pictures of degrees and small world, and tables of rich
    club and motifs; for layers together also the matrix of layers.

    Parameters
    ----------
    together
        One network over all layers, and which layers it joins, instead of one per layer.
    normalize
        Scale of neurons before distances: none, layer (bring layers to one scale) or node
        (each neuron to unit deviation).

    Examples
    --------
    featgraph network graph.edges -o out/
    featgraph network features.npz --epsilon degree:8
    featgraph network features.npz --together --normalize layer
    """
    from featgraph.graph.summary import network_summary
    from featgraph.io import write_rows
    from featgraph.report.folder import claim_folder

    path = Path(source)
    if holds_features(path):
        graphs = _build_graphs(path, layers, epsilon, normalize, together)
    else:
        from featgraph.io.files import read_graph

        graphs = {path.stem: read_graph(path, weight="ignore", as_undirected=as_undirected)}
    folder = claim_folder(out, kind="network", force=force)
    rows = network_summary(graphs, n_references=references, rng=seed, progress=screen.progress)
    write_rows(rows, folder / "summary.csv")
    for name, graph in graphs.items():
        _write_details(folder, name, graph, references, seed)
    screen.table(rows, _SHOWN)
    screen.say(f"written to {folder}")
    return {"networks": rows}


def _build_graphs(
    path: Path, layers: Layers, epsilon: Any, normalize: Any, together: bool
) -> dict[str, FeatureGraph]:
    """Return one graph per layer of a feature file, or one over all of them."""
    from featgraph.graph.construct import feature_graph

    chosen = choose_layers(path, layers)
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
