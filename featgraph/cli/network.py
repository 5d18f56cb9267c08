"""``featgraph network``, ``layers`` and ``weights``: the networks of layers and of weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from featgraph.cli import inputs, options as opt
from featgraph.cli.messages import refuse_idle
from featgraph.cli.output import LOUD, Folder, Screen, claim

if TYPE_CHECKING:
    from featgraph import FeatureGraph
    from featgraph.graph.summary import NetworkDescription

__all__ = ["describe_network", "measure_weights", "show_layers"]

_NETWORK_COLUMNS = {
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
    input_format: opt.InputFormat = None,
    as_undirected: opt.AsUndirected = False,
    seed: opt.Seed = 0,
    out: opt.Out = Path("featgraph-network"),
    force: opt.Force = False,
    pictures: opt.Pictures = ("png", "svg"),
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
    from featgraph.graph.summary import describe_networks

    path = Path(source)
    if inputs.holds_features(path):
        refuse_idle("with features", "--as-undirected", "--input-format")
        graphs = _build_graphs(path, layers, epsilon, normalize, together)
    else:
        of_features = ("--layers", "--epsilon", "--together", "--normalize")
        refuse_idle("with a graph file", *of_features)
        graphs = inputs.read_graphs(
            [path], input_format, weight="ignore", as_undirected=as_undirected
        )
    folder = claim(out, "network", force, pictures)
    rows = []
    for found in describe_networks(
        graphs, n_references=references, rng=seed, progress=screen.progress
    ):
        rows.append(found.row)
        _write_details(folder.part(found.row["name"]), found)
    folder.table("summary.csv", rows)
    screen.table(rows, _NETWORK_COLUMNS)
    if len(rows) == 1 and found.world is not None:
        screen.say(found.world.explanation)
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
    folder.picture("degrees", fg.plot.plot_degrees, degrees.degrees, tail=degrees.degree_tail)
    if found.layers is not None and "depth" in found.graph.node_attributes:
        folder.table("layers.csv", found.layers.to_rows())
        folder.picture("layers", fg.plot.plot_layer_matrix, found.layers)
    if found.world is not None and found.club is not None:
        folder.result("small_world.json", found.world)
        folder.picture("small_world", fg.plot.plot_small_world, found.world)
        folder.table("rich_club.csv", found.club.to_rows())


def show_layers(
    model: inputs.ModelSpec,
    /,
    *,
    layers: opt.Layers = (),
    data: inputs.Data = None,
    samples: inputs.TwoSamples = inputs.TWO_SAMPLES,
    weights: inputs.Weights = None,
    option: inputs.ModelOptions = (),
    seed: opt.Seed = 0,
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """List the layers of a model, and what auto takes.

    The nodes of each layer are found by one forward pass of two samples, or without --data of
    random numbers that fit what the model says it takes, or its first layer. A layer without
    nodes was not called, or gives nothing that can be averaged.

    With --layers, these only: names, globs, numbers of blocks (0:4), auto, residual, mlp_hidden,
    attention_out, or what to leave out ("!*.dropout").

    Examples
    --------
    featgraph layers resnet
    featgraph layers timm:vit_tiny_patch16_224 --layers auto
    featgraph layers net.py:build --layers "encoder.**" "!*.dropout" --json
    """
    from featgraph.features import measure_layers, select_layers
    from featgraph.features.blocks import INPUT

    net = inputs.build_model(model, weights, option, seed)
    given = None
    if data is not None or samples.arrays is not None:
        given = samples.read(data, screen, model)
    else:
        inputs.refuse_samples("without --data")
    rows = [row._asdict() for row in measure_layers(net, given)]
    auto = [row["name"] for row in rows if row["is_auto"]]
    if layers:
        names = [name.removesuffix(INPUT) for name in select_layers(net, list(layers))]
        rows = [row for row in rows if row["name"] in names]
    for row in rows:
        row["taken"] = "yes" if row["is_auto"] else ""
        row["layout"] = row["layout"] or ""
    screen.table(rows, _LAYER_COLUMNS)
    if rows and not any(row["n_nodes"] for row in rows):
        screen.say("no input was found that fits the model; give --data")
    screen.say(f"auto takes {len(auto)} layer{'s' * (len(auto) != 1)}: {', '.join(auto) or '-'}")
    return {"layers": [{key: row[key] for key in row if key != "taken"} for row in rows]}


_LAYER_COLUMNS = {
    "name": "layer",
    "type": "type",
    "n_parameters": "parameters",
    "n_nodes": "nodes",
    "layout": "layout",
    "taken": "auto",
}


STRONGEST = 8  # edges from a neuron into a layer that are drawn: all would hide each other
_WEIGHT_COLUMNS = {
    "variant": "variant", "network": "network", "alpha0": "α₀", "alpha0_low": "from",
    "alpha0_high": "to", "width": "width", "width_low": "from ", "width_high": "to ",
    "d_2": "D₂",
}  # fmt: skip


def measure_weights(
    model: inputs.ModelSpec,
    /,
    *,
    weights: inputs.Weights = None,
    option: inputs.ModelOptions = (),
    layers: opt.Layers = ("all",),
    variant: Annotated[Sequence[Literal["released", "paths"]], opt.several()] = (
        "released",
        "paths",
    ),
    nulls: Annotated[Sequence[Literal["rows", "gaussian", "untrained"]], opt.several()] = (
        "rows",
        "gaussian",
        "untrained",
    ),
    sample: Annotated[int, opt.whole(0)] = 32,
    n_samples: Annotated[int, opt.whole(1)] = 10,
    attention: Literal["published", "heads"] = "published",
    boxes: bool = False,
    seed: opt.Seed = 0,
    out: opt.Out = Path("featgraph-weights"),
    force: opt.Force = False,
    pictures: opt.Pictures = ("png", "svg"),
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """Is the network of a model's weights multifractal?

    Neurons are nodes, weights are edges of length 1/|w|. Measures the spectrum as released (of
    each neuron's own edges) and over shortest paths, beside null models, and writes tables,
    pictures, and the strongest edges of one sample as graph.gexf.

    Parameters
    ----------
    variant
        Analyses: released, paths.
    nulls
        Null models: weights permuted within rows, Gaussian rows, an untrained twin.
    sample
        Neurons per layer; 0: all of them, once (boxes and graph.gexf then take 32).
    n_samples
        Samples of neurons.
    attention
        Join keys and values to all of what attention makes, or to their own heads.
    boxes
        Also cover the network of one sample with boxes and fit its dimension.

    Examples
    --------
    featgraph weights vit -o out/
    featgraph weights hf:models/bert --n-samples 5 --nulls rows untrained
    featgraph weights net.py:build --weights net.pt --variant paths --boxes
    """
    import featgraph as fg

    if not sample:
        refuse_idle("with --sample 0", "--n-samples")
    net = inputs.build_model(model, weights, option, seed)
    chosen: Any = "all" if list(layers) == ["all"] else list(layers)
    n_neurons = sample or None
    folder = claim(out, "weights", force, pictures)
    rows: list[dict[str, Any]] = []
    for name in variant:
        found = fg.multifractal_weights(
            net, variant=name, sample=n_neurons, n_samples=n_samples, nulls=nulls, layers=chosen,
            attention=attention, rng=seed,
        )  # fmt: skip
        rows += [{"variant": name, **row} for row in found.null_rows()]
        part = folder.part(name)
        part.table("spectrum.csv", found.to_rows())
        part.result("spectrum.json", found)
        part.picture("spectrum", fg.plot.plot_weight_spectra, found)
    folder.table("summary.csv", rows)
    screen.table(rows, _WEIGHT_COLUMNS)
    how = {"sample": sample or 32, "layers": chosen, "attention": attention, "rng": seed}
    graph = fg.weight_graph(net, n_strongest=STRONGEST, **how)
    fg.write_gexf(graph, folder.path / "graph.gexf", color_by="layer", weight="similarity")
    tables: dict[str, Any] = {"weights": rows}
    if boxes:
        tables["boxes"] = _cover(fg.weight_graph(net, **how), folder, seed, screen)
    screen.say(f"written to {folder.path}")
    return tables


def _cover(graph: Any, folder: Any, seed: int, screen: Screen) -> list[dict[str, object]]:
    import featgraph as fg

    counts = fg.box_counts(graph, weight="length", method="greedy", repeats=3, rng=seed, jobs=1,
                           progress=screen.progress)  # fmt: skip
    rows = counts.to_rows()
    folder.table("box_counts.csv", rows)
    found = fg.fractality(counts, rng=seed, progress=screen.progress)
    folder.table("fractality.csv", found.to_rows())
    screen.say(f"boxes: {found}")
    return rows
