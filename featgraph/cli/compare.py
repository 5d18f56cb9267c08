"""``featgraph compare FEATURES``: true box counts against their approximations."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featgraph.boxes.methods import METHODS
from featgraph.cli.options import add_output, add_quiet, add_seed, add_time_limit, whole
from featgraph.cli.printing import format_table, say
from featgraph.selfsimilarity.estimators import ESTIMATORS

if TYPE_CHECKING:
    from featgraph.dimension.compare import DimensionComparison
    from featgraph.features.feature_matrix import FeatureMatrix

__all__ = ["add_arguments", "compare_features"]

_COLUMNS = {
    "name": "curve",
    "role": "what it is",
    "dimension": "d_B",
    "ss_rate": "SS_rate",
    "log_error": "|Δ log N|",
    "inside": "in bracket",
    "gaussian_z": "z (Gauss)",
    "gaussian_p": "p (Gauss)",
    "shuffled_z": "z (shuffled)",
    "shuffled_p": "p (shuffled)",
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
    parser.add_argument(
        "--null-draws", type=whole(2), default=39, metavar="N",
        help="draws of each null model behind z-score and p-value of SS_rate",
    )  # fmt: skip
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
    null_draws: int = 39,
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
    from featgraph.selfsimilarity.grid import EqualDistancesError

    found = load_features(features)
    names = choose_names(list(found), layers or ["all"])
    folder = claim_folder(out, kind="comparison", force=force)
    flat: EqualDistancesError | None = None
    n_compared = 0
    for name in names:
        try:
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
        except EqualDistancesError as error:
            flat = error
            say(f"left out: {name}: {error}\n", quiet=quiet)
            continue
        n_compared += 1
        F = found[name]
        rows = _add_nulls(comparison.to_rows(), F, null_draws, seed)
        say(f"{name}: {F.n_nodes} nodes, {F.n_samples} samples\n", quiet=quiet)
        say(format_table(rows, _COLUMNS), quiet=quiet)
        known = f"{comparison.proven:.1%} of {comparison.theta.size} box sizes"
        say(f"the smallest number of boxes is proven at {known}\n", quiet=quiet)
        _write(folder, name, comparison, rows)
    if flat is not None and n_compared == 0:
        raise flat
    say(f"written to {folder}", quiet=quiet)
    return 0


def _add_nulls(
    rows: list[dict[str, Any]], F: FeatureMatrix, n_draws: int, seed: int
) -> list[dict[str, Any]]:
    """Add z-score and p-value of each SS_rate that costs little: not of coverings per θ."""
    from featgraph.features.null import NULLS
    from featgraph.selfsimilarity.null_scores import compare_with_nulls

    quick: list[Any] = [
        row["name"] for row in rows
        if row["name"] in ESTIMATORS and ESTIMATORS[row["name"]].differentiable
    ]  # fmt: skip
    found = compare_with_nulls(F, estimators=quick, n_draws=n_draws, rng=seed)
    scores: dict[str, dict[str, float]] = {name: {} for name in quick}
    for item in found:
        scores[item.estimator][f"{item.null}_z"] = item.z_score
        scores[item.estimator][f"{item.null}_p"] = item.p_value
    empty = dict.fromkeys([f"{null}_{k}" for null in NULLS for k in "zp"])
    return [{**row, **scores.get(row["name"], empty)} for row in rows]


def _write(
    folder: Path, name: str, comparison: DimensionComparison, rows: list[dict[str, Any]]
) -> None:
    from featgraph.io import write_rows
    from featgraph.plot.files import save_figure
    from featgraph.plot.theta_curves import plot_theta_curves
    from featgraph.report.layer_analysis import file_key

    key = file_key(name)
    write_rows(rows, folder / f"{key}--estimators.csv")
    write_rows(comparison.curve_rows(), folder / f"{key}--curves.csv")
    save_figure(plot_theta_curves(comparison)[0], folder / f"{key}--theta")
