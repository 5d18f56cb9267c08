"""``featgraph weights MODEL``: the network of a model's weights and its spectra."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from featgraph.cli import inputs, options as opt
from featgraph.cli.idle import refuse_idle
from featgraph.cli.output import LOUD, Screen, claim

__all__ = ["measure_weights"]

STRONGEST = 8  # edges from a neuron into a layer that are drawn: all would hide each other
_SHOWN = {
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
    folder = claim(out, "weights", force)
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
        part.picture("spectrum", fg.plot.plot_weight_spectra(found))
    folder.table("summary.csv", rows)
    screen.table(rows, _SHOWN)
    how = {"sample": sample or 32, "layers": chosen, "attention": attention, "rng": seed}
    graph = fg.weight_graph(net, n_strongest=STRONGEST, **how)
    fg.write_gexf(graph, folder.path / "graph.gexf", color_by="layer", weight="similarity")
    tables: dict[str, Any] = {"weights": rows}
    if boxes:
        tables["boxes"] = _cover(fg.weight_graph(net, **how), folder, seed, screen)
    screen.say(f"written to {folder.path}")
    return tables


def _cover(graph: Any, folder: Any, seed: int, screen: Screen) -> list[dict[str, Any]]:
    import featgraph as fg

    counts = fg.box_counts(graph, weight="length", method="greedy", repeats=3, rng=seed, jobs=1,
                           progress=screen.progress)  # fmt: skip
    rows = counts.to_rows()
    folder.table("box_counts.csv", rows)
    found = fg.fractality(counts, rng=seed, progress=screen.progress)
    folder.table("fractality.csv", found.to_rows())
    screen.say(f"boxes: {found}")
    return rows
