"""Network measures against igraph and networkx, and the graph over all layers of a large model.

    python benchmarks/bench_networks.py [--large] [--nodes 20000] [--samples 512]

First table: a small world of 500 nodes and 2500 edges. "igraph" is the time of the same call
on a graph that igraph holds already; "ratio" is its time over ours (above 0.5: within a factor
of 2). networkx.sigma of that graph takes hours with its defaults, so its time here is that of one
reference (niter=1, nrand=1): minutes.
Compile time is left out: every call runs once before.

Second table (--large): seconds and peak memory of G_M over 24 layers, each rule in a process
of its own.
"""

from __future__ import annotations

import argparse
import multiprocessing
import platform
import resource
import time
from collections.abc import Callable

import networkx as nx

ROW = "{:<34}{:>12}{:>12}{:>10}"


def best_of(call: Callable[[], object], repeats: int = 5) -> float:
    """Return the shortest of several times, in seconds."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def compare_measures() -> None:
    from featgraph import graph as fg

    net = nx.connected_watts_strogatz_graph(500, 10, 0.1, seed=0)
    graph = fg.as_feature_graph(net)
    other = graph.to_igraph()
    rows = {
        "clustering": (
            lambda: fg.average_clustering(graph),
            lambda: other.transitivity_avglocal_undirected(mode="zero"),
        ),
        "path length": (
            lambda: fg.count_hop_distances(graph).path_length,
            other.average_path_length,
        ),
        "diameter": (lambda: fg.count_hop_distances(graph).diameter, other.diameter),
        "assortativity": (lambda: fg.degree_assortativity(graph), other.assortativity_degree),
        "k-cores": (lambda: fg.find_cores(graph), other.coreness),
        "Leiden communities": (
            lambda: fg.find_communities(graph),
            lambda: other.community_leiden("modularity", n_iterations=-1),
        ),
        "triad census": (
            lambda: fg.count_motifs(graph),
            lambda: other.motifs_randesu(size=3),
        ),
        "motifs of 4": (
            lambda: fg.count_motifs(graph, size=4),
            lambda: other.motifs_randesu(size=4),
        ),
        "one random reference": (
            lambda: fg.rewire_graph(graph, rng=0),
            lambda: other.copy().rewire(10 * other.ecount()),
        ),
    }
    print(ROW.format("500 nodes, 2500 edges", "ours (ms)", "igraph (ms)", "ratio"))
    for name, (ours, theirs) in rows.items():
        mine, peer = 1e3 * best_of(ours), 1e3 * best_of(theirs)
        print(ROW.format(name, f"{mine:.3f}", f"{peer:.3f}", f"{peer / mine:.1f}"), flush=True)
    mine = best_of(lambda: fg.small_world(graph, n_references=20, rng=0), 3)
    start = time.perf_counter()
    nx.sigma(net, niter=1, nrand=1, seed=0)
    peer = time.perf_counter() - start
    print(f"small_world, 20 random and 20 lattice references: {mine:.3f} s")
    print(f"networkx.sigma, 1 reference, 1 swap per edge: {peer:.2f} s, {peer / mine:.0f} times")


def build_large(rule: object, n_nodes: int, n_samples: int) -> None:
    import torch

    from featgraph.graph import connect_layers, feature_graph

    generator = torch.Generator().manual_seed(0)
    centers = torch.randn(60, n_samples, generator=generator)
    chosen = torch.randint(0, 60, (n_nodes,), generator=generator)
    features = centers[chosen] * torch.rand(n_nodes, 1, generator=generator)
    features += 0.4 * torch.randn(n_nodes, n_samples, generator=generator)
    layers = {f"block.{k}": part for k, part in enumerate(features.chunk(24))}
    wall, cpu = time.perf_counter(), time.process_time()
    graph = feature_graph(layers, epsilon=rule)
    share = connect_layers(graph).inter_share
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{rule!s:<22}{graph.n_edges:>12}{wall:>10.1f}{cpu:>10.1f}{peak:>8.2f}{share:>9.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="only the graph over all layers")
    parser.add_argument("--nodes", type=int, default=20_000)
    parser.add_argument("--samples", type=int, default=512)
    options = parser.parse_args()
    print(f"Python {platform.python_version()}, {platform.machine()}")
    if not options.large:
        compare_measures()
        return
    head = f"{options.nodes} × {options.samples}"
    print(f"{head:<22}{'edges':>12}{'wall (s)':>10}{'CPU (s)':>10}{'GiB':>8}{'between':>9}")
    context = multiprocessing.get_context("spawn")
    for rule in (("degree", 20), ("neighbors", 10), "percolation", "mst"):
        job = context.Process(target=build_large, args=(rule, options.nodes, options.samples))
        job.start()
        job.join()


if __name__ == "__main__":
    main()
