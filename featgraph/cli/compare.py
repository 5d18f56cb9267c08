"""``featgraph compare FEATURES``: true box counts against their approximations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from featgraph.cli import inputs, options as opt
from featgraph.cli.messages import explain
from featgraph.cli.output import LOUD, Screen, claim

if TYPE_CHECKING:
    from featgraph import FeatureMatrix

__all__ = ["compare_features"]

_COLUMNS = {
    "name": "curve", "role": "what it is", "dimension": "d_B", "ss_rate": "SS_rate",
    "log_error": "|Δ log N|", "inside": "in bracket", "gaussian_z": "z (Gauss)",
    "gaussian_p": "p (Gauss)", "shuffled_z": "z (shuffled)", "shuffled_p": "p (shuffled)",
}  # fmt: skip


def compare_features(
    features: inputs.FeaturesFile,
    /,
    *,
    layers: opt.Layers = ("all",),
    curves: Annotated[Sequence[str], opt.several()] = (),
    n_theta: opt.NTheta = 256,
    repeats: opt.Repeats = 3,
    null_draws: opt.NullDraws = 39,
    time_limit: opt.TimeLimit = 10.0,
    seed: opt.Seed = 0,
    out: opt.Out = Path("featgraph-compare"),
    force: opt.Force = False,
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
    from featgraph.plot.theta_curves import plot_theta_curves
    from featgraph.selfsimilarity.grid import EqualDistancesError

    found = inputs.choose_layers(features, layers)
    folder = claim(out, "comparison", force)
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
            screen.say(f"left out: {name}: {explain(error)}\n")
            continue
        tables[name] = _add_nulls(comparison.to_rows(), F, null_draws, seed)
        part = folder.part(name)
        part.table("estimators.csv", tables[name])
        part.table("curves.csv", comparison.curve_rows())
        part.picture("theta", plot_theta_curves(comparison))
        screen.say(f"{name}: {F.n_nodes} nodes, {F.n_samples} samples\n")
        screen.table(tables[name], _COLUMNS)
        known = f"{comparison.proven:.1%} of {comparison.theta.size} box sizes"
        screen.say(f"the smallest number of boxes is proven at {known}\n")
    if flat is not None and not tables:
        raise flat
    screen.say(f"written to {folder.path}")
    return {"layers": tables}


def _add_nulls(
    rows: list[dict[str, Any]], F: FeatureMatrix, n_draws: int, seed: int
) -> list[dict[str, Any]]:
    """Add z-score and p-value of each SS_rate that costs little: not of coverings per θ."""
    from featgraph.features.null import NULLS
    from featgraph.selfsimilarity.estimators import ESTIMATORS
    from featgraph.selfsimilarity.null_scores import compare_with_nulls

    known = [row["name"] for row in rows if row["name"] in ESTIMATORS]
    quick: list[Any] = [name for name in known if ESTIMATORS[name].differentiable]
    scores: dict[str, dict[str, float]] = {}
    for item in compare_with_nulls(F, estimators=quick, n_draws=n_draws, rng=seed):
        scores.setdefault(item.estimator, {})[f"{item.null}_z"] = item.z_score
        scores[item.estimator][f"{item.null}_p"] = item.p_value
    empty = dict.fromkeys([f"{null}_{k}" for null in NULLS for k in "zp"])
    return [{**row, **scores.get(row["name"], empty)} for row in rows]
