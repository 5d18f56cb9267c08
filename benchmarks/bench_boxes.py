"""Time and number of boxes per method, against plain-Python definitions, on named networks.

    python benchmarks/bench_boxes.py [--data FOLDER] [--networks ba_powergrid ...] [--plain]
    python benchmarks/bench_boxes.py --memb            # memb on a graph of 21k nodes, 91k edges
    python benchmarks/bench_boxes.py --large           # 10⁶ nodes: lattice, scale-free, flower

``--data`` (or FEATGRAPH_DATA) names a folder that holds ``networks/NAME.edges``; without it the
networks are generated. With ``--plain`` the same counts are made by plain Python
(plain_boxes.py), one run per size, and ratios are printed, without and with the time of its
tables of all distances. All times are CPU seconds, threads added up, so that they hold on a
busy machine too. Compile time stands apart.
"""

from __future__ import annotations

import argparse
import os
import random
import resource
import sys
import time
from pathlib import Path

import numpy as np
import plain_boxes as plain

from featgraph.boxes import METHODS, box_counts, box_cover
from featgraph.dimension import fit_dimension
from featgraph.graph import FeatureGraph

QUICK = ("greedy", "cbb", "memb", "max_cover", "random_sequential", "remcc", "mcwr", "merge")
MORE = ("obca", "halo", "sampling", "fnb", "sketch", "fuzzy")
PLAIN = ("greedy", "memb", "random_sequential", "cbb", "obca", "merge")


def load(name: str, folder: Path | None) -> FeatureGraph:
    """Return a network of the data folder, or a generated one in its place."""
    if folder is not None:
        edges = np.loadtxt(folder / "networks" / f"{name}.edges", dtype=np.int64)
        return FeatureGraph.from_edges(edges)
    from featgraph.datasets import make_barabasi_albert

    return make_barabasi_albert(20_000 if name == "ba_collaboration" else 5_000, 4, rng=0)


def timed(work):
    """Return the result of ``work()`` and its CPU seconds, those of all threads added up."""
    begin = time.process_time()
    found = work()
    return found, time.process_time() - begin


def bench_methods(name: str, graph: FeatureGraph, options: argparse.Namespace) -> None:
    """Print one row per method: seconds for all sizes, counts, and the ratio to plain Python."""
    sizes = options.sizes
    print(f"\n{name}: {graph.n_nodes} nodes, {graph.n_edges} edges, sizes {sizes}")
    print(
        f"{'method':18s} {'first run':>9s} {'seconds':>8s} "
        f"{'plain':>9s} {'ratio':>7s} {'+ tables':>9s}  N_B"
    )
    slow = bench_plain(graph, sizes) if options.plain else {}
    for method in options.methods or QUICK + MORE:
        # threads compile nothing twice; the first run is the compile time, or loads the cache
        _, first = timed(lambda m=method: box_counts(graph, sizes=[2], method=m, rng=0))
        counts, seconds = min(
            (
                timed(lambda m=method: box_counts(graph, sizes=sizes, method=m, rng=0))
                for _ in range(3)
            ),
            key=lambda pair: pair[1],
        )
        boxes = " ".join(f"{count:.6g}" for count in counts.counts)
        ratio = ""
        if method in slow:
            tables, spent, _ = slow[method]
            ratio = f"{spent:9.2f} {spent / seconds:7.0f} {(tables + spent) / seconds:9.0f}"
        print(f"{method:18s} {first:9.2f} {seconds:8.4f} {ratio:27s}  {boxes}")
        if method in slow:
            print(f"{'  plain Python':65s}  " + " ".join(map(str, slow[method][2])))


def bench_plain(graph: FeatureGraph, sizes: list[int]) -> dict[str, tuple[float, float, list[int]]]:
    """Return seconds for tables, seconds and some counts of every plain definition."""
    adjacency = [graph.neighbors(v).tolist() for v in range(graph.n_nodes)]
    (shells, distances), tables = timed(lambda: plain.all_shells(adjacency))
    print(f"(plain Python: tables of all distances {tables:.1f} s)")
    seconds = dict.fromkeys(PLAIN, 0.0)
    counts: dict[str, list[int]] = {method: [] for method in PLAIN}
    rng = random.Random(0)
    boxes = [{v} for v in range(graph.n_nodes)]
    for size in sizes:
        for method in PLAIN:
            if method == "merge":  # through the sizes asked for, which must not leave any out
                boxes, spent = timed(
                    lambda s=size, old=boxes: plain.merge_level(old, distances, s, rng)
                )
                count = len(boxes)
            elif method == "obca":
                count, spent = timed(lambda s=size: plain.obca(shells, distances, adjacency, s))
            else:
                count, spent = timed(lambda m=method, s=size: getattr(plain, m)(shells, s, rng))
            seconds[method] += spent
            counts[method].append(count)
    return {method: (tables, seconds[method], counts[method]) for method in PLAIN}


def bench_memb(folder: Path | None) -> None:
    """Print memb and sketch on the collaboration network, r = 1, 2, 3."""
    graph = load("ba_collaboration", folder)
    box_cover(graph, 1, method="memb", rng=0)
    print(f"\n{graph.n_nodes} nodes, {graph.n_edges} edges, r = 1, 2, 3")
    for method in ("memb", "sketch"):
        rows = [
            timed(lambda r=r, m=method: box_cover(graph, r, method=m, rng=0)) for r in (1, 2, 3)
        ]
        spent = [seconds for _, seconds in rows]
        counts = [cover.n_boxes for cover, _ in rows]
        times = " ".join(f"{seconds:.3f}" for seconds in spent)
        print(f"{method:8s} seconds {times}  total {sum(spent):.3f}  boxes {counts}")
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")


def bench_large() -> None:
    """Print greedy, random_sequential and sketch on graphs of a million nodes."""
    from featgraph.datasets import make_barabasi_albert, make_flower, make_lattice

    large = {
        "lattice 1000 × 1000": (make_lattice((1000, 1000)), (4, 8, 16, 32, 64)),
        "flower (2, 2), g = 10": (make_flower(2, 2, 10), (4, 8, 16, 32, 64)),
        "preferential, m = 3": (make_barabasi_albert(10**6, 3, rng=0), (1, 2, 3)),
    }
    for name, (graph, sizes) in large.items():
        print(f"\n{name}: {graph.n_nodes} nodes, {graph.n_edges} edges, sizes {sizes}")
        for method, arguments in (
            ("random_sequential", {}),
            ("greedy", {"order": "degree"}),
            ("sketch", {}),
        ):
            chosen = sizes if method != "greedy" else sizes[:2] if len(sizes) == 3 else sizes[:4]
            counts, seconds = timed(
                lambda m=method, s=chosen, a=arguments, g=graph: box_counts(
                    g, sizes=s, method=m, rng=0, **a
                )
            )
            slope = ""
            if len(chosen) > 3:
                fit = fit_dimension(counts, window=(chosen[0], chosen[-1]))
                slope = f"  d_B {fit.dimension:.3f} ± {fit.standard_error:.3f}"
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
            found = counts.counts.tolist()
            print(f"{method:18s} {seconds:7.1f} s  peak {peak:.2f} GiB  {found}{slope}", flush=True)


def main() -> None:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", default=os.environ.get("FEATGRAPH_DATA"))
    parser.add_argument("--networks", nargs="*", default=["ba_powergrid", "ba_protein_yeast"])
    parser.add_argument("--methods", nargs="*", choices=sorted(METHODS))
    parser.add_argument("--sizes", nargs="*", type=int, default=list(range(1, 11)))
    parser.add_argument("--plain", action="store_true", help="also plain Python (minutes)")
    parser.add_argument("--memb", action="store_true")
    parser.add_argument("--large", action="store_true")
    options = parser.parse_args()
    folder = None if options.data is None else Path(options.data)
    print(f"python {sys.version.split()[0]}, numpy {np.__version__}, {os.cpu_count()} cores")
    if options.memb:
        bench_memb(folder)
    elif options.large:
        bench_large()
    else:
        for name in options.networks if folder else ["preferential"]:
            bench_methods(name, load(name, folder), options)


if __name__ == "__main__":
    main()
