"""``featgraph sweep FEATURES``: what becomes of the network while ε grows."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from featgraph.cli.inputs import FeaturesFile, choose_layers
from featgraph.cli.options import Force, Layers, MethodChoice, Out, References, Seed, whole
from featgraph.cli.screen import LOUD, Screen

__all__ = ["sweep_epsilon"]

_SHOWN = {
    "epsilon": "ε",
    "density": "density",
    "n_components": "parts",
    "giant_share": "giant",
    "clustering": "C",
    "sigma": "σ",
    "dimension": "d_B",
    "verdict": "verdict",
}


def sweep_epsilon(
    features: FeaturesFile,
    /,
    *,
    layers: Layers = ("all",),
    steps: Annotated[int, whole(2, alias="-n", help="Thresholds per layer.")] = 20,
    method: MethodChoice = "greedy",
    references: References = 5,
    seed: Seed = 0,
    out: Out = Path("featgraph-sweep"),
    force: Force = False,
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """Follow the network of a layer while its threshold ε grows.

    Measures density, parts, clustering, small world and d_B over a range of thresholds, layer
    by layer, and writes tables and pictures.

    Examples
    --------
    featgraph sweep features.npz -o out/
    featgraph sweep features.npz --layers "blocks.*" --steps 40 --references 0
    """
    from featgraph.dimension.sweep import epsilon_sweep
    from featgraph.io import write_rows
    from featgraph.plot.files import save_figure
    from featgraph.plot.sweeps import plot_epsilon_sweep
    from featgraph.report.folder import claim_folder
    from featgraph.report.layer_analysis import file_key

    found = choose_layers(features, layers)
    folder = claim_folder(out, kind="sweep", force=force)
    tables: dict[str, Any] = {}
    for name, F in found.items():
        sweep = epsilon_sweep(
            F,
            n_steps=steps,
            method=method,
            n_references=references,
            rng=seed,
            progress=screen.progress,
        )
        tables[name], key = sweep.to_rows(), file_key(name)
        write_rows(tables[name], folder / f"{key}--sweep.csv")
        sweep.save(folder / f"{key}--sweep.json")
        save_figure(plot_epsilon_sweep(sweep)[0], folder / f"{key}--sweep")
        screen.say(f"{name}: {sweep.n_nodes} nodes\n")
        screen.table(tables[name], _SHOWN)
        screen.say(f"\n{sweep.describe(sweep.percolation)}\n")
    screen.say(f"written to {folder}")
    return {"layers": tables}
