"""Bounds of lattices from prices alone, and from regions along the rim that are covered exactly.

    python benchmarks/bench_regions.py [--side 50] [--sizes 2 4 6 8] [--effort 100000000]

All maximal boxes of diameter ℓ are listed; prices come from the linear programme. No time limit
cuts anything short, so the bounds are the same on every run; CPU seconds are those of regions.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from featgraph.boxes.exact.cliques import list_maximal_cliques
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.highs import price_rows
from featgraph.boxes.exact.prices import ascend_prices, certify
from featgraph.boxes.exact.reductions import list_pairs
from featgraph.boxes.exact.regions import bound_by_regions
from featgraph.boxes.exact.set_cover import Covering
from featgraph.boxes.metric_space import HopSpace
from featgraph.datasets import make_lattice


def measure(side: int, size: int, effort: int) -> tuple[int, int, int, float]:
    """Return bounds from prices and from regions, rows in regions, and CPU seconds of these."""
    forever = Clock(None)
    pairs = list_pairs(HopSpace(make_lattice((side, side))), size)
    boxes = list_maximal_cliques(*pairs, forever, n_columns=10**5, n_members=10**7)
    problem = Covering.from_columns(*boxes, side * side)
    simple = ascend_prices(*problem, side * side, Clock(0.0))
    prices = price_rows(problem.matrix(), forever)
    plain = certify(prices, *boxes).bound
    start = time.process_time()
    found = bound_by_regions(problem, [simple, prices], side * side, forever, effort=effort)
    seconds = time.process_time() - start
    rows = int(np.sum([region.rows.size for region in found.regions]))
    return plain, found.bound, rows, seconds


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=50)
    parser.add_argument("--sizes", type=int, nargs="+", default=[2, 4, 6, 8])
    parser.add_argument("--effort", type=int, default=100_000_000)
    args = parser.parse_args()
    measure(7, 2, 1000)  # compiles
    print("size  prices  regions  nodes in regions  CPU s")
    for size in args.sizes:
        plain, bound, rows, seconds = measure(args.side, size, args.effort)
        print(f"{size:4d}  {plain:6d}  {bound:7d}  {rows:16d}  {seconds:5.1f}", flush=True)


if __name__ == "__main__":
    main()
