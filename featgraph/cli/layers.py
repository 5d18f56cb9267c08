"""``featgraph layers MODEL``: the layers of a model, their nodes, and what auto takes."""

from __future__ import annotations

from typing import Any

from featgraph.cli import inputs, options as opt
from featgraph.cli.output import LOUD, Screen

__all__ = ["show_layers"]


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
    from featgraph.features.shorthands import INPUT

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
    screen.table(rows, _COLUMNS)
    if rows and not any(row["n_nodes"] for row in rows):
        screen.say("no input was found that fits the model; give --data")
    screen.say(f"auto takes {len(auto)} layer{'s' * (len(auto) != 1)}: {', '.join(auto) or '-'}")
    return {"layers": [{key: row[key] for key in row if key != "taken"} for row in rows]}


_COLUMNS = {
    "name": "layer",
    "type": "type",
    "n_parameters": "parameters",
    "n_nodes": "nodes",
    "layout": "layout",
    "taken": "auto",
}
