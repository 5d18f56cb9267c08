"""Compare box counts with those of a published comparative study, method by method.

The study (Kovács, Nagy & Molontay 2021, doi:10.1007/s41109-021-00410-6) ran each algorithm 15
times per size on five networks. This script runs featgraph's methods as often and prints, for
every algorithm, how many of the means lie within the published spread (smallest to largest of
the 15 runs, half a box or three standard errors more), and the mean ratio.

    FEATGRAPH_DATA=folder python benchmarks/compare_published.py [--runs 15] [--rows]

The folder holds ``kovacs2021_box_counts.csv`` and ``networks/NAME.edges``.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import time
from collections import defaultdict
from pathlib import Path

import numpy as np

from featgraph.boxes import box_counts
from featgraph.graph import FeatureGraph

# what the study ran, in featgraph's words, and where the definitions differ on purpose
ALGORITHMS = {
    "greedy": ("greedy", {}),
    "cbb": ("cbb", {}),
    "memb": ("memb", {"ties": "random"}),
    "obca": ("obca", {}),
    "merge": ("merge", {}),
    "mcwr_0.25": ("mcwr", {"p": 0.25}),
    "mcwr_0.5": ("mcwr", {"p": 0.5}),
    "mcwr_0.75": ("mcwr", {"p": 0.75}),
    "remcc": ("remcc", {}),
    "random_sequential": ("random_sequential", {}),
    "sampling_rs_10": ("sampling", {"boxes": "random_sequential", "n_samples": 10}),
    "sampling_rs_40": ("sampling", {"boxes": "random_sequential", "n_samples": 40}),
    "sampling_maxbox_10": ("sampling", {"n_samples": 10}),
    "sampling_maxbox_40": ("sampling", {"n_samples": 40}),
    "sa": ("annealing", {}),
    "fuzzy": ("fuzzy", {}),
}
SLOW = {
    "de_30": ("evolution", {"generations": 30}),
    "de_70": ("evolution", {"generations": 70}),
    "pso_200": ("swarm", {"particles": 99, "steps": 200}),
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("FEATGRAPH_DATA"), help="data folder")
    parser.add_argument("--runs", type=int, default=15, help="runs per size (default 15)")
    parser.add_argument("--rows", action="store_true", help="print every size")
    parser.add_argument("--slow", action="store_true", help="also evolution and swarm")
    parser.add_argument("--only", nargs="*", help="algorithms, by the study's names")
    options = parser.parse_args()
    if options.data is None:
        sys.exit("name the data folder: --data FOLDER or FEATGRAPH_DATA=FOLDER")
    folder = Path(options.data)
    published = defaultdict(dict)
    with (folder / "kovacs2021_box_counts.csv").open() as file:
        for row in csv.DictReader(file):
            published[row["algorithm"], row["network"]][int(row["box_size"])] = row
    known = {**ALGORITHMS, **(SLOW if options.slow else {})}
    names = options.only or list(known)
    graphs = {}
    print(f"{'algorithm':20s} {'inside':>9s} {'mean ratio':>11s} {'largest':>8s} {'seconds':>8s}")
    for name in names:
        compare(name, {**ALGORITHMS, **SLOW}[name], published, folder, graphs, options)


def compare(name, chosen, published, folder, graphs, options) -> None:
    """Run one algorithm on all networks that the study has it for."""
    method, arguments = chosen
    inside, ratios, rows = [], [], []
    begin = time.perf_counter()
    for network in sorted({network for algorithm, network in published if algorithm == name}):
        if network not in graphs:
            edges = np.loadtxt(folder / "networks" / f"{network}.edges", dtype=np.int64)
            graphs[network] = FeatureGraph.from_edges(edges)
        table = published[name, network]
        sizes = sorted(size for size in table if size > 0)
        runs = 1 if name == "fuzzy" else options.runs
        counts = box_counts(
            graphs[network], sizes=sizes, method=method, repeats=runs, rng=0, **arguments
        )
        for s, size in enumerate(sizes):
            row = table[size]
            mean, error = counts.mean[s], counts.std[s] / np.sqrt(max(runs - 1, 1))
            slack = max(0.5, 3 * error, 3 * float(row["nb_std"]) / np.sqrt(14))
            low, high = float(row["nb_min"]) - slack, float(row["nb_max"]) + slack
            fixed = float(row["nb_min"]) == float(row["nb_max"])
            runs_of_size = counts.counts_per_repeat[:, s]
            met = runs_of_size.min() <= float(row["nb_mean"]) <= runs_of_size.max()
            inside.append(low <= mean <= high or (fixed and met))
            ratios.append(mean / float(row["nb_mean"]))
            rows.append((network, size, row, mean, counts.std[s], inside[-1]))
    seconds = time.perf_counter() - begin
    worst = ratios[int(np.argmax(np.abs(np.log(ratios))))]
    share = f"{sum(inside)}/{len(inside)}"
    print(f"{name:20s} {share:>9s} {np.mean(ratios):11.3f} {worst:8.3f} {seconds:8.1f}")
    for network, size, row, mean, std, fits in rows if options.rows else []:
        spread = f"{float(row['nb_mean']):8.2f} ({row['nb_min']}–{row['nb_max']})"
        mark = "" if fits else "  outside"
        print(f"    {network} {size:3d}  published {spread:26s} ours {mean:8.2f} ± {std:.2f}{mark}")


if __name__ == "__main__":
    main()
