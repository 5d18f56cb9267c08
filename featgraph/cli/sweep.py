"""``featgraph sweep FEATURES``: what becomes of the network while ε grows."""

from __future__ import annotations

import argparse
from pathlib import Path

from featgraph.boxes.methods import METHODS
from featgraph.cli.options import add_output, add_quiet, add_seed, one_of, whole
from featgraph.cli.printing import format_table, say

__all__ = ["add_arguments", "sweep_epsilon"]

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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument("features", help="features: .npy, .npz, .pt or .safetensors")
    parser.add_argument(
        "-l", "--layers", nargs="+", default=["all"], metavar="NAME", help="layers; globs work"
    )
    parser.add_argument(
        "-n", "--steps", type=whole(2), default=20, metavar="N", help="thresholds per layer"
    )
    parser.add_argument(
        "-m",
        "--method",
        type=one_of(METHODS, "--method"),
        default="greedy",
        metavar="NAME",
        help=f"covering method behind d_B: {', '.join(METHODS)}",
    )
    parser.add_argument(
        "-r", "--references", type=whole(0), default=5, metavar="N", help="references of σ; 0: no σ"
    )
    add_seed(parser)
    add_output(parser, "featgraph-sweep")
    add_quiet(parser)


def sweep_epsilon(
    *,
    features: str,
    layers: list[str] | None = None,
    steps: int = 20,
    method: str = "greedy",
    references: int = 5,
    seed: int = 0,
    out: str = "featgraph-sweep",
    force: bool = False,
    quiet: bool = False,
) -> int:
    """Measure the network of each layer over a ladder of thresholds; write tables and pictures.

    Returns
    -------
    int
        0; every problem is an exception.
    """
    from featgraph.dimension.sweep import epsilon_sweep
    from featgraph.features.files import load_features
    from featgraph.io import write_rows
    from featgraph.plot.files import save_figure
    from featgraph.plot.sweeps import plot_epsilon_sweep
    from featgraph.report.folder import claim_folder
    from featgraph.report.layer_analysis import file_key
    from featgraph.report.states import choose_names

    found = load_features(Path(features))
    names = choose_names(list(found), layers or ["all"])
    folder = claim_folder(out, kind="sweep", force=force)
    for name in names:
        sweep = epsilon_sweep(
            found[name],
            n_steps=steps,
            method=method,
            n_references=references,
            rng=seed,
            progress=False if quiet else None,
        )
        rows, key = sweep.to_rows(), file_key(name)
        write_rows(rows, folder / f"{key}--sweep.csv")
        sweep.save(folder / f"{key}--sweep.json")
        save_figure(plot_epsilon_sweep(sweep)[0], folder / f"{key}--sweep")
        say(f"{name}: {sweep.n_nodes} nodes\n\n{format_table(rows, _SHOWN)}\n", quiet=quiet)
        say(f"{sweep.describe(sweep.percolation)}\n", quiet=quiet)
    say(f"written to {folder}", quiet=quiet)
    return 0
