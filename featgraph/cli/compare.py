"""``featgraph compare`` and ``featgraph sweep``: box counts and thresholds of saved features."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

from featgraph.cli import inputs, options as opt
from featgraph.cli.messages import explain
from featgraph.cli.output import LOUD, Screen, claim

__all__ = ["compare_features", "sweep_epsilon"]

_COLUMNS = {
    "name": "curve", "role": "what it is", "dimension": "d_θ", "ss_rate": "SS_rate",
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
    jobs: opt.Jobs = 1,
    cluster: opt.Cluster = None,
    seed: opt.Seed = 0,
    out: opt.Out = Path("featgraph-compare"),
    force: opt.Force = False,
    pictures: opt.Pictures = ("png", "svg"),
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
    from featgraph.core.parallel import joined_cluster, own_workers
    from featgraph.dimension import compare_network
    from featgraph.dimension.compare import CURVES
    from featgraph.plot import plot_theta_curves
    from featgraph.selfsimilarity.grid import EqualDistancesError

    found = inputs.choose_layers(features, layers)
    folder = claim(out, "comparison", force, pictures)
    workers = own_workers(1 if cluster else jobs, "featgraph.dimension.compare")
    with joined_cluster(cluster), workers:
        compared = compare_network(
            found,
            n_draws=null_draws,
            rng=seed,
            jobs=jobs,
            progress=screen.progress,
            curves=curves or CURVES,
            n_theta=n_theta,
            hop_methods=(),
            repeats=repeats,
            time_limit=time_limit,
        )
    tables: dict[str, Any] = {}
    for name, item in compared.items():
        comparison = item.comparison
        if comparison is None:
            screen.say(f"left out: {name}: {explain(item.reason)}\n")
            continue
        tables[name] = item.to_rows()
        part = folder.part(name)
        part.table("estimators.csv", tables[name])
        part.table("curves.csv", comparison.curve_rows())
        part.picture("theta", plot_theta_curves, comparison)
        screen.say(f"{name}: {found[name].n_nodes} nodes, {found[name].n_samples} samples\n")
        screen.table(tables[name], _COLUMNS)
        known = f"{comparison.proven:.1%} of {comparison.theta.size} box sizes"
        screen.say(f"the smallest number of boxes is proven at {known}\n")
    if not tables:
        raise EqualDistancesError(next(iter(compared.values())).reason)
    screen.say(f"written to {folder.path}")
    return {"layers": tables}


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
    pictures: opt.Pictures = ("png", "svg"),
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
    folder = claim(out, "sweep", force, pictures)
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
        part.picture("sweep", fg.plot.plot_epsilon_sweep, sweep)
        screen.say(f"{name}: {sweep.n_nodes} nodes\n")
        # "too dense" stands in place of a σ that is left out for it
        shown = [
            row | {"sigma": "too dense"} if row["sigma_note"] == "too dense" else row
            for row in tables[name]
        ]
        screen.table(shown, _SHOWN)
        screen.say(f"\n{sweep.describe(sweep.percolation)}\n")
    screen.say(f"written to {folder.path}")
    return {"layers": tables}
