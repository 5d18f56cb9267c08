"""``featgraph network SOURCE``: what network scientists ask of a graph or of layers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from featgraph.cli import inputs, options as opt
from featgraph.cli.idle import refuse_idle
from featgraph.cli.output import LOUD, Folder, Screen, claim

if TYPE_CHECKING:
    from featgraph import FeatureGraph
    from featgraph.graph.summary import NetworkDescription

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
    from featgraph.graph.summary import describe_networks

    path = Path(source)
    if inputs.holds_features(path):
        refuse_idle("with features", "--as-undirected")
        graphs = _build_graphs(path, layers, epsilon, normalize, together)
    else:
        of_features = ("--layers", "--epsilon", "--together", "--normalize")
        refuse_idle("with a graph file", *of_features)
        graphs = {path.stem: fg.read_graph(path, weight="ignore", as_undirected=as_undirected)}
    folder = claim(out, "network", force)
    rows = []
    for found in describe_networks(
        graphs, n_references=references, rng=seed, progress=screen.progress
    ):
        rows.append(found.row)
        _write_details(folder.part(found.row["name"]), found)
    folder.table("summary.csv", rows)
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


def _write_details(folder: Folder, found: NetworkDescription) -> None:
    import featgraph as fg

    motifs = {3: found.triads, 4: fg.graph.count_motifs(found.graph, size=4)}
    folder.table(
        "motifs.csv",
        [
            {"size": size, "pattern": pattern, "count": count}
            for size, counts in motifs.items()
            for pattern, count in counts.items()
        ],
    )
    if found.graph.n_edges == 0:
        return
    degrees = found.degrees
    folder.picture("degrees", fg.plot.plot_degrees(degrees.degrees, tail=degrees.degree_tail))
    if found.layers is not None and "depth" in found.graph.node_attributes:
        folder.table("layers.csv", found.layers.to_rows())
        folder.picture("layers", fg.plot.plot_layer_matrix(found.layers))
    if found.world is not None and found.club is not None:
        folder.result("small_world.json", found.world)
        folder.picture("small_world", fg.plot.plot_small_world(found.world))
        folder.table("rich_club.csv", found.club.to_rows())
