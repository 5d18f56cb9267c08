"""``featgraph network SOURCE``: what network scientists ask of a graph or of layers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from featgraph.cli import inputs, options as opt
from featgraph.cli.output import LOUD, Folder, Screen, claim

if TYPE_CHECKING:
    from featgraph import FeatureGraph

__all__ = ["describe_network"]

_SHOWN = {
    "name": "network", "n_nodes": "nodes", "n_edges": "edges", "giant_share": "giant",
    "clustering": "C", "path_length": "L", "sigma": "σ", "omega": "ω", "propensity": "φ",
    "modularity": "Q", "max_core": "core", "assortativity": "r", "degree_tail": "degree tail",
}  # fmt: skip


def describe_network(
    source: inputs.SourceFile,
    /,
    *,
    layers: opt.Layers = ("all",),
    epsilon: opt.EpsilonRule = "percolation",
    together: bool = False,
    normalize: Literal["none", "layer", "node"] = "none",
    references: opt.References = 20,
    as_undirected: opt.AsUndirected = False,
    seed: opt.Seed = 0,
    out: opt.Out = Path("featgraph-network"),
    force: opt.Force = False,
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
    import featgraph as fg

    path = Path(source)
    if inputs.holds_features(path):
        graphs = _build_graphs(path, layers, epsilon, normalize, together)
    else:
        graphs = {path.stem: fg.read_graph(path, weight="ignore", as_undirected=as_undirected)}
    folder = claim(out, "network", force)
    rows = fg.network_summary(graphs, n_references=references, rng=seed, progress=screen.progress)
    folder.table("summary.csv", rows)
    for name, graph in graphs.items():
        _write_details(folder.part(name), graph, references, seed)
    screen.table(rows, _SHOWN)
    screen.say(f"written to {folder.path}")
    return {"networks": rows}


def _build_graphs(
    path: Path, layers: Sequence[str], epsilon: Any, normalize: Any, together: bool
) -> dict[str, FeatureGraph]:
    """Return one graph per layer of a feature file, or one over all of them."""
    import featgraph as fg

    chosen = inputs.choose_layers(path, layers)
    how = {"epsilon": epsilon, "normalize": normalize}
    if together:
        return {path.stem: fg.feature_graph(chosen, **how)}
    return {name: fg.feature_graph(F, **how) for name, F in chosen.items()}


def _write_details(folder: Folder, graph: FeatureGraph, references: int, seed: int) -> None:
    import featgraph as fg
    from featgraph.graph.summary import has_powerlaw

    motifs = [
        {"size": size, "pattern": pattern, "count": count}
        for size in (3, 4)
        for pattern, count in fg.graph.count_motifs(graph, size=size).items()
    ]
    folder.table("motifs.csv", motifs)
    if graph.n_edges == 0:
        return
    found = fg.degree_statistics(graph, tails=has_powerlaw(), weight="none")
    folder.picture("degrees", fg.plot.plot_degrees(found.degrees, tail=found.degree_tail))
    if "depth" in graph.node_attributes:
        connectivity = fg.connect_layers(graph)
        folder.table("layers.csv", connectivity.to_rows())
        folder.picture("layers", fg.plot.plot_layer_matrix(connectivity))
    if references:
        how: dict[str, Any] = {"n_references": references, "rng": seed, "progress": False}
        world = fg.small_world(graph, **how)
        folder.result("small_world.json", world)
        folder.picture("small_world", fg.plot.plot_small_world(world))
        folder.table("rich_club.csv", fg.rich_club(graph, **how).to_rows())
