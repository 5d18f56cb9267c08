"""How time and memory grow with the size of the input, against another build and other packages.

    python -m benchmarks.bench_growth                         # this build and the other packages
    python -m benchmarks.bench_growth --old FOLDER            # another build of featgraph too
    python -m benchmarks.bench_growth --cases greedy auto     # some rows
    python -m benchmarks.bench_growth --graph                 # all of featgraph.graph, to 10⁶ edges

Every number comes from a process of its own: CPU seconds of one thread after a run on the
smallest input has loaded and compiled what is needed, and by how much the memory of the process
grew (its peak). A process ends after ``--limit`` CPU seconds, and larger sizes of its row are
then left out ("–"); what other work the machine has changes no limit. Numbers are kept in
``--keep`` as they come: a run that was stopped goes on there, and a changed build begins anew.

The exponent is the slope of log seconds against log size over all sizes that take a twentieth of
a second or more. One that is more than 0.25 above what the docstring states is marked with an
exclamation mark, and a last line names them.
"""

from __future__ import annotations

import argparse
import inspect
import json
import math
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

TOLERANCE = 0.25  # of an exponent: caches, and logarithms, are no part of a docstring
ENOUGH_SECONDS, MOST_RUNS = 1.0, 1000
MEASURABLE = 0.05  # seconds; below, the exponent is that of what does not grow


class Case(NamedTuple):
    """One question: how to make the input of a size, what is run, and the exponent stated."""

    make: Callable[[int], Any]
    run: Callable[[Any], Any]
    sizes: tuple[int, ...]
    stated: float
    peer: Callable[[Any], Any] | None = None


def scale_free(n_nodes: int) -> Any:
    """Return a Barabási–Albert graph of about five edges per node."""
    from featgraph.datasets import make_barabasi_albert

    return make_barabasi_albert(n_nodes, 5, rng=0)


def lattice(n_nodes: int) -> Any:
    """Return a square grid."""
    from featgraph.graph import FeatureGraph

    side = int(n_nodes**0.5)
    place = np.arange(side * side).reshape(side, side)
    across = np.column_stack([place[:, :-1].ravel(), place[:, 1:].ravel()])
    down = np.column_stack([place[:-1].ravel(), place[1:].ravel()])
    return FeatureGraph.from_edges(np.vstack([across, down]))


def edge_file(n_nodes: int) -> str:
    """Write a scale-free graph as an edge list and return the name of the file."""
    import tempfile

    path = Path(tempfile.mkdtemp()) / "graph.edges"
    np.savetxt(path, scale_free(n_nodes).edges, fmt="%d")
    return str(path)


def cloud(n_points: int, width: int = 16) -> Any:
    """Return normal points."""
    return np.random.default_rng(0).normal(size=(n_points, width))


def distances(n_points: int) -> Any:
    """Return all distances of normal points in eight dimensions."""
    from scipy.spatial.distance import pdist, squareform

    return squareform(pdist(cloud(n_points, 8)))


def two_layers(n_samples: int) -> Any:
    """Return two layers of 256 features."""
    return cloud(n_samples, 256), cloud(n_samples, 256)[::-1].copy()


def ask(name: str, **options: Any) -> Callable[[Any], Any]:
    """Return a call of a function of featgraph, found when it is needed."""

    def call(data: Any) -> Any:
        import featgraph

        function: Any = featgraph
        for part in name.split("."):
            function = getattr(function, part)
        return function(*(data if isinstance(data, tuple) else (data,)), **options)

    return call


def leiden(graph: Any) -> Any:
    """Run two rounds of igraph's Leiden."""
    return graph.to_igraph().community_leiden(objective_function="modularity", n_iterations=2)


def powerlaw_fit(values: Any) -> Any:
    """Fit with the powerlaw package."""
    import powerlaw

    return powerlaw.Fit(values, verbose=False).alpha


def bare_neighbours(data: Any) -> Any:
    """Take the nearest of every sample from one matrix of distances, for both layers."""
    import torch

    return [torch.cdist(X, X).topk(11, largest=False).indices for X in map(torch.as_tensor, data)]


def fit_alone(values: Any) -> Any:
    """Fit a power law without resamples, by the name that the option has in each build."""
    from featgraph.invariance import fit_power_law

    names = inspect.signature(fit_power_law).parameters
    option = "n_resamples" if "n_resamples" in names else "n_bootstrap"
    return fit_power_law(values, rivals=(), **{option: 0})


def pareto(n_values: int) -> Any:
    """Return values with a power-law tail."""
    return (1 - np.random.default_rng(0).random(n_values)) ** (-1 / 1.5)


CASES = {
    "reading": Case(edge_file, ask("read_graph"), (2_000, 20_000, 100_000), 1.0),
    "greedy": Case(
        scale_free, ask("box_counts", method="greedy", rng=0), (5_000, 10_000, 40_000), 2.0
    ),
    "greedy, grid": Case(
        lattice, ask("box_cover", size=8, method="greedy", rng=0), (10_000, 40_000, 160_000), 1.0
    ),
    "auto, size 4": Case(
        scale_free, ask("box_cover", size=4, method="auto", rng=0), (5_000, 10_000, 20_000), 2.0
    ),
    "memb": Case(scale_free, ask("box_counts", method="memb", rng=0), (5_000, 10_000, 20_000), 2.0),
    "fractality": Case(
        scale_free, ask("fractality", rng=0, progress=False), (5_000, 10_000, 20_000), 2.0
    ),
    "communities": Case(
        scale_free, ask("graph.find_communities"), (10_000, 40_000, 160_000), 1.0, leiden
    ),
    "loops": Case(distances, ask("similarity.distance_persistence"), (256, 512, 1024), 2.0),
    "neighbours": Case(
        two_layers,
        ask("similarity.mutual_knn", distance="euclidean"),
        (1_000, 2_000, 4_000),
        2.0,
        bare_neighbours,
    ),
    "rsa": Case(two_layers, ask("similarity.rsa"), (1_000, 2_000, 4_000), 2.0),
    "cka, rbf": Case(two_layers, ask("similarity.cka", kernel="rbf"), (1_000, 2_000, 4_000), 2.0),
    "power law": Case(
        pareto,
        fit_alone,
        (1_000, 5_000, 20_000),
        2.0,
        powerlaw_fit,
    ),
    "two_nn": Case(cloud, ask("invariance.estimate_two_nn"), (2_000, 4_000, 8_000), 2.0),
}


def labelled(n_nodes: int) -> Any:
    """Return a scale-free graph with weights, in ten layers."""
    from featgraph.graph import FeatureGraph

    edges = scale_free(n_nodes).edges
    layer = np.arange(n_nodes) % 10
    return FeatureGraph.from_edges(
        edges, weights=1.0 + edges[:, 0] / n_nodes, node_attributes={"layer": layer}
    )


def grouped(n_nodes: int) -> Any:
    """Return the same graph and a group for each node."""
    graph = labelled(n_nodes)
    return graph, graph.node_attributes["layer"]


#: Functions of ``graph`` that take a graph: exponent of the docstring in n and m, and options.
ON_GRAPHS: list[tuple[str, float, dict[str, Any]]] = [
    ("average_clustering", 1.5, {}),
    ("connect_layers", 1.0, {}),
    ("count_hop_distances", 2.0, {}),
    ("count_motifs", 1.5, {}),
    ("count_motifs", 1.5, {"size": 4}),
    ("degree_assortativity", 1.0, {}),
    ("degree_statistics", 1.0, {"tails": False}),
    ("degree_statistics", 1.5, {}),
    ("edge_strengths", 1.0, {}),
    ("find_communities", 1.0, {}),
    ("find_cores", 1.0, {}),
    ("local_clustering", 1.5, {}),
    ("local_efficiency", 1.5, {}),
    ("network_summary", 1.5, {"n_references": 1, "progress": False}),
    ("node_strengths", 1.0, {}),
    ("rewire_graph", 1.0, {"rng": 0}),
    ("rewire_graph", 1.0, {"rng": 0, "kind": "lattice"}),
    ("rich_club", 1.0, {"n_references": 1, "progress": False}),
    ("small_world", 1.5, {"n_references": 1, "progress": False}),
    ("spectral_gap", 1.0, {}),
]
MILLION = (12_500, 50_000, 200_000)  # nodes; the largest has 10⁶ edges
GRAPH_CASES = {
    f"{name} {' '.join(map(str, options.values()))}".strip(): Case(
        labelled, ask(f"graph.{name}", **options), MILLION, stated
    )
    for name, stated, options in ON_GRAPHS
}
GRAPH_CASES |= {
    name: Case(grouped, ask(f"graph.{name}"), MILLION, 1.0)
    for name in ("measure_modularity", "spread_over_layers")
}
GRAPH_CASES["as_feature_graph"] = Case(
    lambda n_nodes: labelled(n_nodes).to_scipy(),
    ask("graph.as_feature_graph", weight="weight"),
    MILLION,
    1.0,
)
CASES |= GRAPH_CASES


def measure(name: str, size: int, *, of_peer: bool) -> dict[str, float]:
    """Return seconds and MiB of one run in this process."""
    case = CASES[name]
    work = case.peer if of_peer and case.peer is not None else case.run
    work(case.make(case.sizes[0]))
    data = case.make(size)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    runs: list[float] = []
    while sum(runs) < ENOUGH_SECONDS and len(runs) < MOST_RUNS:
        begin = time.process_time()
        work(data)
        runs.append(time.process_time() - begin)
    seconds = float(np.median(runs))  # the least may be 0: clocks of a busy machine stand still
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return {"seconds": seconds, "mib": grown / 1024}


Run = dict[str, float] | None


def start(name: str, size: int, root: Path, limit: int, of_peer: bool) -> Run:
    """Return the same from a process of its own with the build in ``root``; None if it fails."""
    words = [sys.executable, __file__, "--one", name, str(size), *(["--peer"] if of_peer else [])]
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    done = subprocess.run(
        words,
        env=os.environ | one_thread | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit, limit)),
    )
    if done.returncode:
        why = done.stderr.strip().splitlines()[-1:] or [f"ended after {limit} CPU seconds"]
        print(f"{name}, {size:,}: {why[0]}", file=sys.stderr)
        return None
    return dict(json.loads(done.stdout.splitlines()[-1]))


def slope(sizes: tuple[int, ...], runs: list[Run]) -> float:
    """Return the exponent over all sizes that take long enough, nan if these are fewer than two."""
    pairs = zip(sizes, runs, strict=True)
    known = [(n, run["seconds"]) for n, run in pairs if run and run["seconds"] >= MEASURABLE]
    if len(known) < 2:
        return math.nan
    x, y = np.log(np.array(known)).T
    return float(np.polyfit(x, y, 1)[0])


class Kept:
    """Numbers of an earlier run of the same builds, in a file."""

    def __init__(self, file: Path, build: str) -> None:
        self.file, self.build = file, build
        known = json.loads(file.read_text()) if file.exists() else {}
        self.runs: dict[str, Run] = known["runs"] if known.get("build") == build else {}

    def get(self, key: str, words: tuple[str, int, Path, int, bool]) -> Run:
        """Return what is kept under a key, or measure and keep it."""
        if key not in self.runs:
            self.runs[key] = start(*words)
            self.file.parent.mkdir(parents=True, exist_ok=True)
            partial = self.file.with_suffix(".part")
            partial.write_text(json.dumps({"build": self.build, "runs": self.runs}, indent=1))
            partial.replace(self.file)
        return self.runs[key]


def run_sizes(name: str, label: str, root: Path, limit: int, kept: Kept) -> list[Run]:
    """Return the runs of a case by rising size; after one that fails the others are left out."""
    runs: list[Run] = []
    for size in CASES[name].sizes:
        if runs and runs[-1] is None:
            runs.append(None)
            continue
        words = name, size, root, limit, label == "other package"
        runs.append(kept.get(f"{name}, {label}, {size}", words))
    return runs


def show(name: str, builds: dict[str, Path], limit: int, kept: Kept) -> str | None:
    """Print the rows of a case; return its name if it grows faster than stated."""
    case, slow = CASES[name], None
    for label, root in builds.items():
        if label == "other package" and case.peer is None:
            continue
        runs = run_sizes(name, label, root, limit, kept)
        cells = [f"{r['seconds']:.3g} s, {r['mib']:.0f} MiB" if r else "–" for r in runs]
        found = slope(case.sizes, runs)
        mark = "!" if label == "this build" and found > case.stated + TOLERANCE else ""
        slow = name if mark else slow
        row = [name, label, *(f"{n:,}: {cell}" for n, cell in zip(case.sizes, cells, strict=True))]
        print(
            "| " + " | ".join([*row, f"{found:.2f}{mark}", f"{case.stated:g}"]) + " |", flush=True
        )
    return slow


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    usual = [name for name in CASES if name not in GRAPH_CASES]
    parser.add_argument("--cases", nargs="+", choices=CASES, default=usual)
    parser.add_argument("--graph", action="store_true", help="all of featgraph.graph instead")
    parser.add_argument("--old", type=Path, help="folder of another build of featgraph")
    parser.add_argument("--limit", type=int, default=60, help="CPU seconds of a process")
    parser.add_argument("--keep", type=Path, default=Path("build/bench_growth.json"))
    parser.add_argument("--one", nargs=2, metavar=("CASE", "SIZE"), help=argparse.SUPPRESS)
    parser.add_argument("--peer", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one[0], int(options.one[1]), of_peer=options.peer)))
        return
    from featgraph.core.package import hash_sources

    here = Path(__file__).resolve().parents[1]
    builds = {"this build": here, "other package": here}
    if options.old is not None:
        builds["old build"] = options.old.resolve()
    kept = Kept(options.keep, f"{hash_sources()} {options.old} {options.limit}")
    print("| case | of | small | medium | large | exponent | stated |")
    print("|---|---|---|---|---|---|---|")
    names = list(GRAPH_CASES) if options.graph else options.cases
    slow = [name for name in names if show(name, builds, options.limit, kept)]
    print(f"\ngrow faster than stated: {', '.join(slow) or 'none'}")


if __name__ == "__main__":
    main()
