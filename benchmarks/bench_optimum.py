"""Smallest numbers of boxes of real networks: count, certified bound, time, best known before.

    python benchmarks/bench_optimum.py FOLDER [NAME ...]

Counts are of diameter boxes of inclusive size ℓ and of radius boxes of inclusive radius r. "Best
known" are the smallest counts known before this solver; a star marks those that were proven.
Compile time is left out: a small graph is solved first.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import networkx as nx

from featgraph.boxes.api import box_cover
from featgraph.boxes.minimum import minimum_box_cover
from featgraph.io.files import read_graph

#: Diameter boxes: size -> (best known, proven before); radius boxes: optima at r = 1, 2, …
BEST_DIAMETER = {
    "dol": {2: (13, True), 3: (6, True), 4: (4, True), 5: (2, True)},
    "pol": {2: (12, True), 3: (5, True), 4: (2, True), 5: (2, True)},
    "cel": {2: (29, True), 3: (15, True), 4: (7, True), 5: (5, True), 6: (3, True)},
    "phd": {
        2: (245, True), 3: (176, True), 4: (96, True), 5: (68, True),
        6: (53, True), 8: (33, True), 10: (20, True), 12: (12, True),
    },
    "ful": {
        2: (337, False), 3: (294, False), 4: (70, True), 5: (53, True),
        6: (27, True), 8: (10, True), 10: (5, True), 12: (2, True),
    },
}  # fmt: skip
BEST_RADIUS = {
    "dol": [14, 4, 2],
    "pol": [13, 2, 2],
    "cel": [29, 7, 3],
    "phd": [245, 96, 53, 33, 20, 12],
    "ful": [346, 71, 27, 11, 5, 2],
}
#: Networks without published optima, with the sizes that are run.
FURTHER = ("ba_protein_yeast", "ba_powergrid", "flower_2_2_g5", "flower_2_3_g5", "grid_50x50")
COLUMNS = "{:<18}{:>9}{:>8}{:>8}{:>8}{:>9}{:>9}{:>7}{:>11}"


def show(name: str, graph: object, kind: str, size: int, limit: float, known: str) -> float:
    """Print one row and return the gap between count and bound as a share of the bound."""
    start = time.perf_counter()
    cover = minimum_box_cover(graph, size, kind=kind, time_limit=limit, rng=0, progress=False)
    seconds = time.perf_counter() - start
    cover.validate(graph)
    heuristic = ""
    if kind == "diameter":
        heuristic = str(box_cover(graph, size, method="iterated_greedy", rng=0).n_boxes)
    letter = "ℓ" if kind == "diameter" else "r"
    proven = "yes" if cover.is_optimal else "no"
    row = (f"{letter} = {size}", heuristic, cover.n_boxes, cover.lower_bound, proven)
    print(COLUMNS.format(name, *row, f"{seconds:.2f}", known, ""), flush=True)
    return cover.n_boxes / cover.lower_bound - 1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, help="folder with NAME.edges files")
    parser.add_argument("names", nargs="*", help="default: all that are known")
    parser.add_argument("--time-limit", type=float, default=30.0, help="seconds per row")
    options = parser.parse_args()
    minimum_box_cover(nx.grid_2d_graph(6, 6), 3, time_limit=5, rng=0)
    minimum_box_cover(nx.grid_2d_graph(6, 6), 2, kind="radius", time_limit=5, rng=0)
    head = ("network", "size", "ig", "boxes", "bound", "proven", "seconds", "known", "")
    print(COLUMNS.format(*head))
    gaps = []
    for name in options.names or [*BEST_DIAMETER, *FURTHER]:
        graph = read_graph(options.folder / f"{name}.edges")
        best = BEST_DIAMETER.get(name, dict.fromkeys((1, 2, 3, 4, 6, 8), (None, False)))
        for size, (count, proven) in best.items():
            known = "" if count is None else f"{count}{'*' if proven else ''}"
            gaps.append(show(name, graph, "diameter", size, options.time_limit, known))
        radii = BEST_RADIUS.get(name, [None, None, None])
        for radius, count in enumerate(radii, start=1):
            known = "" if count is None else f"{count}*"
            gaps.append(show(name, graph, "radius", radius, options.time_limit, known))
    print(f"mean gap to the certified bound: {100 * sum(gaps) / len(gaps):.3f} %")


if __name__ == "__main__":
    main()
