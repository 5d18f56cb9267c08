"""Validation: every estimator of N_θ held against true coverings, on clouds and networks."""

from __future__ import annotations

import argparse
import math
import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.reproduce.run_folder import RunFolder, add_jobs
from benchmarks.reproduce.sources import list_sources
from featgraph.core.checks import choice

if TYPE_CHECKING:
    from featgraph.features.feature_matrix import FeatureMatrix

__all__ = ["ESTIMATORS", "SCALES", "add_arguments", "run"]

SCALES = {
    "quick": "a minute: two clouds' draws, one net, 32 box sizes",
    "small": "ten minutes: five kinds of clouds, six nets on digits, 128 box sizes",
    "full": "as small, with 256 box sizes and more draws",
}
_SIZES: dict[str, dict[str, Any]] = {
    "quick": {
        "nets": ("mlp",),
        "epochs": 2, "n_seeds": 1, "n_theta": 32, "n_null": 9, "seconds": 1.0,
    },
    "small": {
        "nets": ("mlp", "cnn", "resnet", "resmlp", "mixer", "vit"),
        "epochs": 15, "n_seeds": 3, "n_theta": 128, "n_null": 39, "seconds": 10.0,
    },
    "full": {
        "nets": ("mlp", "cnn", "resnet", "resmlp", "mixer", "vit"),
        "epochs": 30, "n_seeds": 10, "n_theta": 256, "n_null": 99, "seconds": 60.0,
    },
}  # fmt: skip
ESTIMATORS = ("paper", "released", "caro_wei", "packing", "linkage", "midpoint", "greedy")


def add_arguments(parser: argparse._ActionsContainer) -> None:
    """Declare the options of the experiment."""
    parser.add_argument(
        "-d", "--data", default=None, metavar="FOLDER",
        help="folder with weights/nets.py (which is run), its weights, and "
        "images/cifar10_test2000.npz: adds ResNet-20, ResNet-56 and two transformers",
    )  # fmt: skip
    add_jobs(parser)


def run(
    out: str | os.PathLike[str],
    *,
    scale: str = "small",
    seed: int = 0,
    data: str | None = None,
    jobs: int | None = None,
    force: bool = False,
    progress: bool | None = None,
) -> Path:
    """Compare all estimators of N_θ with the smallest number of boxes.

    Parameters
    ----------
    out : str or path-like
        Folder; every finished source is kept.
    scale : {"quick", "small", "full"}, default="small"
        See ``SCALES``.
    seed : int, default=0
        Seed of clouds, weights, training and coverings.
    data : str or None, default=None
        Folder of trained networks, see ``python -m benchmarks.reproduce validation --help``.
    jobs : int or None, default=None
        Sources at once, each in a process of its own.
    force : bool, default=False
        Write into a folder that holds other things.
    progress : bool or None, default=None
        Show a bar.

    Returns
    -------
    Path
        The page to read first, README.md.
    """
    import torch  # noqa: F401  hold_threads reaches the threads of what is loaded

    from featgraph.core.resources import hold_threads

    size = _SIZES[choice(scale, SCALES, "scale")]
    folder = RunFolder(out, "validation", {"scale": scale, "seed": seed, "data": data}, force=force)
    sources = list_sources(
        size["nets"], data=data, seed=seed, epochs=size["epochs"], n_seeds=size["n_seeds"]
    )
    steps = {
        name.replace(" ", "-"): partial(_measure_source, name, source, size, seed)
        for name, source in sources.items()
    }
    with hold_threads():
        found = folder.finish_steps(steps, jobs=jobs, progress=progress, label="sources")
    return _write(folder, [row for rows in found.values() for row in rows])


def _measure_source(
    name: str, source: Any, size: Mapping[str, Any], seed: int
) -> list[dict[str, Any]]:
    """Return one row per state, layer and curve; layers without any distance are left out."""
    from featgraph.selfsimilarity.grid import EqualDistancesError

    rows = []
    for state, layers in source().items():
        for layer, F in layers.items():
            try:
                found = _measure_layer(F, size, seed)
            except EqualDistancesError:
                continue
            head = {"source": name, "state": state, "layer": layer, "n_nodes": F.n_nodes}
            rows += [{**head, **row} for row in found]
    return rows


def _measure_layer(F: FeatureMatrix, size: Mapping[str, Any], seed: int) -> list[dict[str, Any]]:
    from featgraph.dimension.compare import compare_dimensions
    from featgraph.selfsimilarity.null_scores import compare_with_null

    comparison = compare_dimensions(
        F,
        curves=ESTIMATORS,
        n_theta=size["n_theta"],
        time_limit=size["seconds"],
        hop_methods=(),
        rng=seed,
        progress=False,
    )
    best = comparison.row("best")
    gap = float((comparison.best / comparison.lower).mean())
    rows = []
    for row in comparison.rows:
        known = {
            "curve": row.name,
            "role": row.role,
            "ss_rate": row.ss_rate,
            "ss_rate_true": best.ss_rate,
            "ss_rate_error": abs(row.ss_rate - best.ss_rate),
            "dimension": row.dimension,
            "dimension_error": abs(row.dimension - best.dimension),
            "log_error": row.log_error,
            "inside": row.inside,
            "bracket": gap,
            "proven": comparison.proven,
        }
        if row.name in ("released", "linkage"):
            null = compare_with_null(F, estimator=row.name, n_draws=size["n_null"], rng=seed)  # type: ignore[arg-type]
            known |= {"null_mean": null.mean, "null_z": null.z_score, "null_p": null.p_value}
        if row.name == "best":
            known |= judge_layer(F, seed)
        rows.append({k: v if _is_plain(v) else None for k, v in known.items()})
    return rows


def judge_layer(F: FeatureMatrix, seed: int) -> dict[str, Any]:
    """Return whether a layer is self-similar beyond its spectrum."""
    from featgraph.selfsimilarity.scaling import self_similarity_test

    found = self_similarity_test(F, rng=seed)
    return {"verdict": found.verdict, "test_p": found.p_value, "n_scales": found.n_scales}


def _is_plain(value: Any) -> bool:
    return not isinstance(value, float) or math.isfinite(value)


def summarize_estimators(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per estimator and group of sources: errors, and order of the layers."""
    groups = {"synthetic": True, "networks": False}
    table = []
    for group, is_synthetic in groups.items():
        mine = [row for row in rows if (row["state"] == "synthetic") == is_synthetic]
        for name in ESTIMATORS:
            found = [row for row in mine if row["curve"] == name]
            if not found:
                continue
            table.append({
                "sources": group,
                "estimator": name,
                "role": found[0]["role"],
                "n_layers": len(found),
                "log_error": _mean(found, "log_error"),
                "worst_log_error": max(row["log_error"] for row in found),
                "inside": _mean(found, "inside"),
                "ss_rate_error": _mean(found, "ss_rate_error"),
                "dimension_error": _median(found, "dimension_error"),
                "rank_correlation": _rank(found),
                "order_in_network": None if is_synthetic else _concordance(found),
                "direction": _direction(found),
            })  # fmt: skip
    return table


def summarize_networks(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per network: mean SS_rate untrained and trained, released and true."""
    names = dict.fromkeys(row["source"] for row in rows if row["state"] != "synthetic")
    table = []
    for name in names:
        mine = [row for row in rows if row["source"] == name]
        entry: dict[str, Any] = {"network": name}
        for curve, column in (("released", "ss_rate"), ("best", "ss_rate")):
            for state in ("untrained", "trained"):
                found = [r for r in mine if r["curve"] == curve and r["state"] == state]
                label = "true" if curve == "best" else curve
                entry[f"{label} {state}"] = _mean(found, column)
        for curve in ("released", "linkage"):
            found = [r for r in mine if r["curve"] == curve and r["state"] == "trained"]
            below = [r["null_p"] is not None and r["null_p"] <= 0.05 for r in found]
            entry[f"beyond null, {curve}"] = f"{sum(below)} of {len(below)}"
        for state in ("untrained", "trained"):
            verdicts = [r["verdict"] for r in mine if r["curve"] == "best" and r["state"] == state]
            n_yes = verdicts.count("self-similar")
            entry[f"self-similar {state}"] = f"{n_yes} of {len(verdicts)}"
        table.append(entry)
    return table


def _mean(rows: Sequence[Mapping[str, Any]], column: str) -> float | None:
    values = [row[column] for row in rows if row[column] is not None]
    return sum(values) / len(values) if values else None


def _median(rows: Sequence[Mapping[str, Any]], column: str) -> float | None:
    values = sorted(row[column] for row in rows if row[column] is not None)
    middle = len(values) // 2
    return (values[middle] + values[~middle]) / 2 if values else None


def _direction(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """Share of layers whose SS_rate changes in training in the direction in which it truly does."""
    before = {(r["source"], r["layer"]): r for r in rows if r["state"] == "untrained"}
    agree = []
    for row in rows:
        old = before.get((row["source"], row["layer"]))
        if row["state"] == "trained" and old is not None:
            change = row["ss_rate"] - old["ss_rate"]
            agree.append(change * (row["ss_rate_true"] - old["ss_rate_true"]) > 0)
    return sum(agree) / len(agree) if agree else None


def _rank(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """Spearman correlation with the true SS_rate over all layers."""
    from scipy.stats import spearmanr

    pairs = [(row["ss_rate"], row["ss_rate_true"]) for row in rows]
    if len(pairs) < 3:
        return None
    rank = float(spearmanr(*zip(*pairs, strict=True)).statistic)
    return rank if math.isfinite(rank) else None


def _concordance(rows: Sequence[Mapping[str, Any]]) -> float | None:
    """Share of pairs of layers of one network in one state that are in the true order."""
    agree = []
    for number, one in enumerate(rows):
        for other in rows[number + 1 :]:
            if (one["source"], one["state"]) == (other["source"], other["state"]):
                measured = one["ss_rate"] - other["ss_rate"]
                agree.append(measured * (one["ss_rate_true"] - other["ss_rate_true"]) > 0)
    return sum(agree) / len(agree) if agree else None


def _write(folder: RunFolder, rows: Sequence[Mapping[str, Any]]) -> Path:
    from benchmarks.reproduce.validation_plots import plot_estimator_errors, plot_rate_agreement

    estimators, networks = summarize_estimators(rows), summarize_networks(rows)
    folder.write_table("layers", rows)
    folder.write_table("estimators", estimators)
    folder.write_table("networks", networks)
    folder.write_figure("errors", plot_estimator_errors(rows)[0])
    folder.write_figure("agreement", plot_rate_agreement(rows)[0])
    tables = {
        name: (folder.folder / f"{name}.md").read_text(encoding="utf-8").rstrip()
        for name in ("estimators", "networks")
    }
    truth = [row for row in rows if row["curve"] == "best"]
    gap, proven = _mean(truth, "bracket"), _mean(truth, "proven")
    parts = [
        "# Validation: estimators of the number of boxes against true coverings",
        f"The truth is the smallest number of boxes, proven at {proven:.1%} of the box sizes; "
        f"over all, the smallest covering found has {gap:.4f} times as many boxes as the "
        "certified lower bound on average. "
        "`log_error`: mean |log N − log N_best| over θ. `inside`: share of θ at which N lies "
        "within the certified bracket. Errors of SS_rate (mean) and d_θ (median): absolute "
        "difference to those of the smallest covering. `rank_correlation`: Spearman, over all "
        "layers. `order_in_network`: share of pairs of layers of the same network in the true "
        "order (0.5 by chance). `direction`: share of layers whose SS_rate changes in training in "
        "the direction in which that of the smallest covering does.",
        tables["estimators"],
        "![errors](errors.png)",
        "## Networks, untrained and trained",
        "Mean SS_rate over the layers, by the released formula and by the smallest covering. "
        "`beyond null`: trained layers whose SS_rate differs from Gaussian features of the same "
        "spectrum with p ≤ 0.05. `self-similar`: layers that `self_similarity_test` calls so; "
        "layers.csv has the verdict and the p-value of each.",
        tables["networks"],
        "![agreement](agreement.png)",
        f"Settings: {', '.join(f'{k} {v}' for k, v in folder.settings.items())}. Every layer: "
        "[layers.csv](layers.csv). Versions and machine: [provenance.json](provenance.json).",
    ]
    return folder.write_page("\n\n".join(parts) + "\n")
