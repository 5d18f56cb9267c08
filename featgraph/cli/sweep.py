"""``featgraph sweep FEATURES``: what becomes of the network while ε grows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from featgraph.cli import inputs, options as opt
from featgraph.cli.output import LOUD, Screen, claim

__all__ = ["sweep_epsilon"]

_SHOWN = {
    "epsilon": "ε", "density": "density", "n_components": "parts", "giant_share": "giant",
    "clustering": "C", "sigma": "σ", "dimension": "d_B", "verdict": "verdict",
}  # fmt: skip


def sweep_epsilon(
    features: inputs.FeaturesFile,
    /,
    *,
    layers: opt.Layers = ("all",),
    steps: Annotated[int, opt.whole(2, alias="-n")] = 20,
    method: opt.MethodChoice = "greedy",
    references: opt.References = 5,
    seed: opt.Seed = 0,
    out: opt.Out = Path("featgraph-sweep"),
    force: opt.Force = False,
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """Follow the network of a layer while its threshold ε grows.

    Measures density, parts, clustering, small world and d_B over a range of thresholds, layer
    by layer, and writes tables and pictures.

    Parameters
    ----------
    steps
        Thresholds per layer.

    Examples
    --------
    featgraph sweep features.npz -o out/
    featgraph sweep features.npz --layers "blocks.*" --steps 40 --references 0
    """
    import featgraph as fg

    found = inputs.choose_layers(features, layers)
    folder = claim(out, "sweep", force)
    tables: dict[str, Any] = {}
    for name, F in found.items():
        sweep = fg.epsilon_sweep(
            F,
            n_steps=steps,
            method=method,
            n_references=references,
            rng=seed,
            progress=screen.progress,
        )
        tables[name], part = sweep.to_rows(), folder.part(name)
        part.table("sweep.csv", tables[name])
        part.result("sweep.json", sweep)
        part.picture("sweep", fg.plot.plot_epsilon_sweep(sweep))
        screen.say(f"{name}: {sweep.n_nodes} nodes\n")
        screen.table([_say_why(row) for row in tables[name]], _SHOWN)
        screen.say(f"\n{sweep.describe(sweep.percolation)}\n")
    screen.say(f"written to {folder.path}")
    return {"layers": tables}


def _say_why(row: dict[str, Any]) -> dict[str, Any]:
    """Put "too dense" in place of a σ that is left out for it."""
    return row | {"sigma": row["sigma_note"]} if row["sigma_note"] == "too dense" else row
