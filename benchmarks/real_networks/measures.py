"""What is measured of every layer: formulas, proven boxes, null models, leverage, the test."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import featgraph as fg
from featgraph.distances import feature_distances
from featgraph.selfsimilarity import (
    compare_with_nulls,
    measure_leverage,
    self_similarity_test,
    ss_rate,
    theta_grid,
)

from ..lines import add_line, open_lines
from .networks import N_SAMPLES, NETWORKS, load_features

__all__ = ["RESULTS", "run", "set_loud_aside"]

RESULTS = "results.jsonl"
FEWER_SAMPLES = (128, 256)
SEEDS = (0, 1, 2)
ESTIMATORS = ("released", "paper", "midpoint", "linkage")
#: A neuron more than this many times as far from the mean neuron as the median is set aside.
LOUD = 2.0
N_DRAWS = 19
N_THETA = 96


def set_loud_aside(F: np.ndarray) -> np.ndarray:
    """Return F without the neurons farther from the mean neuron than twice the median."""
    norms = np.linalg.norm(F - F.mean(axis=0), axis=1)
    return F[norms <= LOUD * np.median(norms)]


def measure_rates(F: np.ndarray, seed: int) -> dict[str, object]:
    """Return SS_rate by every estimator, of null models, on other grids, without few."""
    found: dict[str, object] = {"n_nodes": len(F)}
    for estimator in ESTIMATORS:
        found[estimator] = float(ss_rate(F, estimator=estimator))
    for estimator in ("released", "midpoint"):
        robust = ss_rate(F, estimator=estimator, grid="quantile", scale="log")
        found[f"{estimator}_robust"] = float(robust)
    if F.shape[1] < N_SAMPLES:
        return found
    nulls = compare_with_nulls(F, estimators=("released", "midpoint"), n_draws=N_DRAWS, rng=seed)
    for row in nulls:
        found[f"{row.null}_{row.estimator}"] = [row.mean, row.sd]
    leverage = measure_leverage(F, n_draws=N_DRAWS, rng=seed)
    found["leverage"] = [leverage.change, leverage.n_moving, float(leverage.norms[0])]
    found["ruled_by_few"] = leverage.is_ruled_by_few
    return found


def prove_rate(F: np.ndarray, time_limit: float) -> dict[str, object]:
    """Return SS_rate of the smallest number of boxes, and the share of sizes that are proven."""
    from featgraph.boxes import minimum_box_counts

    matrix = fg.features.as_feature_matrix(F)
    theta = theta_grid(feature_distances(matrix), N_THETA).double().numpy()
    counts = minimum_box_counts(
        matrix, sizes=np.unique(theta), time_limit=time_limit, rng=0, progress=False
    )
    sizes = np.asarray(counts.sizes)
    x = (np.log1p(sizes) - np.log1p(sizes[0])) / (np.log1p(sizes[-1]) - np.log1p(sizes[0]))
    rates = {}
    for name, values in (("minimum", counts.counts), ("minimum_low", counts.lower_bounds)):
        gap = np.abs(np.log(values) / np.log(len(F)) - (1 - x))
        rates[name] = float(2 * np.trapezoid(gap, x))
    return {**rates, "proven": float(np.mean(counts.counts == counts.lower_bounds))}


def judge_layer(F: np.ndarray) -> dict[str, object]:
    """Return whether the layer is self-similar beyond its spectrum and its norms."""
    found = self_similarity_test(F, rng=1)
    names = ("verdict", "p_values", "dimension", "interval", "n_scales", "n_distinct")
    return {name: getattr(found, name) for name in names}


def tasks() -> Iterator[tuple[str, str, int | None, int, bool]]:
    """Yield (part, net, seed or None for trained, n_samples, without loud neurons)."""
    # Proofs take most of the time: of the most samples, trained and first seed.
    few, every = (None, SEEDS[0]), (None, *SEEDS)
    parts = [("rates", N_SAMPLES, every), ("test", N_SAMPLES, few), ("proof", N_SAMPLES, few)]
    parts += [("rates", n_samples, every) for n_samples in FEWER_SAMPLES]
    for part, n_samples, seeds in parts:
        for name in NETWORKS:
            for seed in seeds:
                for is_quiet in (False, True):
                    yield part, name, seed, n_samples, is_quiet


def run(folder: Path, photos: Path | None, time_limit: float) -> None:
    """Compute what is missing, line by line."""
    path = folder / RESULTS
    done = open_lines(path)
    missing = {}
    for net, network in NETWORKS.items():
        missing[net] = [n for n in network.packages if importlib.util.find_spec(n) is None]
        if network.needs_photos and photos is None:
            missing[net].append("--photos")
    for net, names in missing.items():
        if names:
            print(f"{net} is left out: {', '.join(names)} missing", flush=True)
    for part, net, seed, n_samples, is_quiet in tasks():
        if missing[net]:
            continue
        for layer, values in load_features(net, seed, folder, photos).items():
            key = (part, net, seed, n_samples, is_quiet, layer)
            if key in done:
                continue
            F = values[:, :n_samples].astype(np.float64)
            F = set_loud_aside(F) if is_quiet else F
            started = time.process_time()
            if part == "rates":
                found = measure_rates(F, 0)
            else:
                found = prove_rate(F, time_limit) if part == "proof" else judge_layer(F)
            add_line(path, {"key": key, **found, "cpu_seconds": time.process_time() - started})
