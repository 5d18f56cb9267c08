"""``featgraph compare FEATURES``: true box counts against their approximations."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from featgraph.boxes.methods import METHODS
from featgraph.cli.options import add_output, add_quiet, add_seed, add_time_limit, whole
from featgraph.cli.printing import format_table, say
from featgraph.selfsimilarity.estimators import ESTIMATORS

if TYPE_CHECKING:
    from featgraph.dimension.compare import DimensionComparison

__all__ = ["add_arguments", "compare_features"]

_COLUMNS = {
    "name": "curve",
    "role": "what it is",
    "dimension": "d_B",
    "ss_rate": "SS_rate",
    "log_error": "|Δ log N|",
    "inside": "in bracket",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "features", help=".npy, .npz, .pt or .safetensors with arrays of shape (nodes, samples)"
    )
    parser.add_argument(
        "--layers", nargs="+", default=["all"], metavar="NAME", help="which arrays; globs work"
    )
    parser.add_argument(
        "--curves",
        nargs="+",
        default=None,
        metavar="NAME",
        help=f"curves to compare, of {', '.join(dict.fromkeys([*ESTIMATORS, *METHODS]))}; "
        "none: the usual ones",
    )
    parser.add_argument(
        "--n-theta", type=whole(4), default=256, metavar="N", help="number of box sizes θ"
    )
    parser.add_argument(
        "-r", "--repeats", type=whole(1), default=3, metavar="N", help="runs per random method"
    )
    add_time_limit(parser)
    add_seed(parser)
    add_output(parser, "featgraph-compare")
    add_quiet(parser)


def compare_features(
    *,
    features: str,
    layers: list[str] | None = None,
    curves: list[str] | None = None,
    n_theta: int = 256,
    repeats: int = 3,
    time_limit: float | None = 10.0,
    seed: int = 0,
    out: str = "featgraph-compare",
    force: bool = False,
    quiet: bool = False,
) -> int:
    """Compare N_θ curves of each layer in a file; print and write tables and pictures.

    Returns
    -------
    int
        0; every problem is an exception.
    """
    from featgraph.dimension.compare import CURVES, compare_dimensions
    from featgraph.features.files import load_features
    from featgraph.report.folder import claim_folder
    from featgraph.report.states import choose_names

    found = load_features(features)
    names = choose_names(list(found), layers or ["all"])
    folder = claim_folder(out, kind="comparison", force=force)
    for name in names:
        comparison = compare_dimensions(
            found[name],
            curves=CURVES if curves is None else curves,
            n_theta=n_theta,
            hop_methods=(),
            repeats=repeats,
            time_limit=time_limit,
            rng=seed,
            progress=False if quiet else None,
        )
        F = found[name]
        say(f"{name}: {F.n_nodes} nodes, {F.n_samples} samples\n", quiet=quiet)
        say(format_table(comparison.to_rows(), _COLUMNS), quiet=quiet)
        known = f"{comparison.proven:.0%} of {comparison.theta.size} box sizes"
        say(f"the smallest number of boxes is proven at {known}\n", quiet=quiet)
        _write(folder, name, comparison)
    say(f"written to {folder}", quiet=quiet)
    return 0


def _write(folder: Path, name: str, comparison: DimensionComparison) -> None:
    from featgraph.export import write_rows
    from featgraph.plot.files import save_figure
    from featgraph.plot.theta_curves import plot_theta_curves
    from featgraph.report.layer_analysis import file_key

    key = file_key(name)
    write_rows(comparison.to_rows(), folder / f"{key}--estimators.csv")
    write_rows(comparison.curve_rows(), folder / f"{key}--curves.csv")
    save_figure(plot_theta_curves(comparison)[0], folder / f"{key}--theta")
