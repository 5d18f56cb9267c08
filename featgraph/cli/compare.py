"""``featgraph compare FEATURES``: true box counts against their approximations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from featgraph.cli.inputs import FeaturesFile, choose_layers
from featgraph.cli.options import (
    Force,
    Layers,
    NTheta,
    NullDraws,
    Out,
    Repeats,
    Seed,
    TimeLimit,
    several,
)
from featgraph.cli.screen import LOUD, Screen
from featgraph.selfsimilarity.estimators import ESTIMATORS

if TYPE_CHECKING:
    from featgraph.dimension.compare import DimensionComparison
    from featgraph.features.feature_matrix import FeatureMatrix

__all__ = ["compare_features"]

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


def compare_features(
    features: FeaturesFile,
    /,
    *,
    layers: Layers = ("all",),
    curves: Annotated[Sequence[str], several()] = (),
    n_theta: NTheta = 256,
    repeats: Repeats = 3,
    null_draws: NullDraws = 39,
    time_limit: TimeLimit = 10.0,
    seed: Seed = 0,
    out: Out = Path("featgraph-compare"),
    force: Force = False,
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """Compare true box counts with their approximations.

    Measures N_θ of each layer in a file by estimators and by true coverings, and the smallest
    number that is proven, and writes tables and pictures.

    Parameters
    ----------
    curves
        Estimators and covering methods to compare, as 'featgraph methods' lists them; none:
        the usual ones.

    Examples
    --------
    featgraph compare features.npz -o out/
    featgraph compare features.npz --layers "blocks.*" --curves released linkage greedy
    """
    from featgraph.dimension.compare import CURVES, compare_dimensions
    from featgraph.report.folder import claim_folder
    from featgraph.selfsimilarity.grid import EqualDistancesError

    found = choose_layers(features, layers)
    folder = claim_folder(out, kind="comparison", force=force)
    flat: EqualDistancesError | None = None
    tables: dict[str, Any] = {}
    for name, F in found.items():
        try:
            comparison = compare_dimensions(
                F,
                curves=curves or CURVES,
                n_theta=n_theta,
                hop_methods=(),
                repeats=repeats,
                time_limit=time_limit,
                rng=seed,
                progress=screen.progress,
            )
        except EqualDistancesError as error:
            flat = error
            screen.say(f"left out: {name}: {error}\n")
            continue
        tables[name] = _add_nulls(comparison.to_rows(), F, null_draws, seed)
        _write(folder, name, comparison, tables[name])
        screen.say(f"{name}: {F.n_nodes} nodes, {F.n_samples} samples\n")
        screen.table(tables[name], _COLUMNS)
        known = f"{comparison.proven:.1%} of {comparison.theta.size} box sizes"
        screen.say(f"the smallest number of boxes is proven at {known}\n")
    if flat is not None and not tables:
        raise flat
    screen.say(f"written to {folder}")
    return {"layers": tables}


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
