"""How often ``fractality`` is right: networks whose construction decides the answer.

    python -m benchmarks.calibrate_fractality run --seeds 5   # resumable
    python -m benchmarks.calibrate_fractality tables

One line of ``fractality.jsonl`` per network. "between": near a transition, where either answer
or none is right.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path

import networkx as nx
import numpy as np

from benchmarks.lines import add_line, open_lines, read_lines
from featgraph.datasets import (
    make_barabasi_albert,
    make_flower,
    make_lattice,
    make_song_havlin_makse,
    make_watts_strogatz,
)
from featgraph.dimension import fractality


def grow_apollonian(n_nodes: int, seed: int) -> nx.Graph:
    """Return a random Apollonian network: each new node splits a random triangle."""
    rng = np.random.default_rng(seed)
    edges, faces = [(0, 1), (0, 2), (1, 2)], [(0, 1, 2), (0, 1, 2)]
    for node in range(3, n_nodes):
        k = int(rng.integers(len(faces)))
        a, b, c = faces[k]
        faces[k] = (a, b, node)
        faces += [(a, c, node), (b, c, node)]
        edges += [(a, node), (b, node), (c, node)]
    return nx.Graph(edges)


def rewire_grid(side: int, share: float, seed: int, *, to_hubs: bool = False) -> nx.Graph:
    """Return a square grid, a share of whose edges have one end drawn anew.

    With ``to_hubs`` a node is drawn in proportion to its degree, after Zakar-Polyák, Nagy and
    Molontay (2022, arXiv:2210.15505).
    """
    rng = np.random.default_rng(seed)
    graph = nx.convert_node_labels_to_integers(nx.grid_2d_graph(side, side))
    for u, v in list(graph.edges):
        if rng.random() < share:
            edge = list(graph.edges)[rng.integers(graph.number_of_edges())] if to_hubs else None
            w = edge[rng.integers(2)] if edge else int(rng.integers(len(graph)))
            if w not in (u, v) and not graph.has_edge(u, w):
                graph.remove_edge(u, v)
                graph.add_edge(u, w)
    return graph


def grow_by_hubs(
    generation: int, m: int, at_hubs: float, seed: int, *, elsewhere: float = 0.1
) -> nx.Graph:
    """Grow by multiplied links; edges between two hubs stay with ``at_hubs``, or ``elsewhere``.

    Hub attraction dynamical growth (Kuang et al. 2013); a hub has half of the largest degree.
    With ``at_hubs`` 0 only the hubs always repel. Where edges stay with probability e, distances
    grow by at least the factor 3 - 2e while nodes grow by 2m + 1: fractal for every e below 1.
    """
    rng = np.random.default_rng(seed)
    edges, n_nodes = [(0, 1)], 2
    for _ in range(generation):
        degree = np.bincount(np.ravel(edges), minlength=n_nodes)
        leaves: dict[int, list[int]] = {}
        grown, end = [], n_nodes
        for node in range(n_nodes):
            leaves[node] = list(range(end, end + m * int(degree[node])))
            end += m * int(degree[node])
            grown += [(node, leaf) for leaf in leaves[node]]
        for u, v in edges:
            is_hub = min(degree[u], degree[v]) > degree.max() / 2
            if rng.random() < (at_hubs if is_hub else elsewhere):
                grown.append((u, v))
            else:
                grown.append((leaves[u].pop(), leaves[v].pop()))
        edges, n_nodes = grown, end
    return nx.Graph(edges)


FAMILIES = {
    "fractal": {
        "(u, v)-flowers, u ≥ 2": [
            lambda s, a=a: make_flower(*a)
            for a in ((2, 2, 4), (2, 2, 5), (2, 3, 4), (3, 3, 3), (3, 3, 4), (2, 4, 4))
        ],
        "Song–Havlin–Makse, hubs repel": [
            lambda s, a=a: make_song_havlin_makse(*a)
            for a in ((2, 1, 4), (2, 1, 5), (3, 1, 3), (3, 1, 4), (2, 2, 4))
        ],
        "mixed growth, hubs mostly repel": [
            lambda s, g=g: make_song_havlin_makse(2, 1, g, keep=0.1, rng=s) for g in (4, 5)
        ],
        "hub attraction, dynamical growth": [
            lambda s, g=g, h=h: grow_by_hubs(g, 2, h, s) for g in (3, 4) for h in (0.5, 0.9)
        ],
        "hubs repel, three in ten others stay": [
            lambda s, g=g, m=m: grow_by_hubs(g, m, 0.0, s, elsewhere=0.3)
            for g, m in ((3, 2), (4, 2), (3, 3))
        ],
        "grids and tori": [
            lambda s, a=a, p=p: make_lattice(a, periodic=p)
            for a, p in (((15, 15), False), ((30, 30), False), ((15, 15), True), ((40, 40), True))
        ],
        "cubes": [lambda s, n=n: make_lattice((n, n, n)) for n in (6, 8)],
        "rings": [lambda s, n=n: make_watts_strogatz(n, 4, 0.0, rng=s) for n in (200, 1000)],
        "random trees": [
            lambda s, n=n: nx.random_labeled_tree(n, seed=s) for n in (200, 600, 2000)
        ],
    },
    "small world": {
        "(1, v)-flowers": [
            lambda s, a=a: make_flower(1, *a) for a in ((2, 5), (2, 7), (3, 5), (4, 4))
        ],
        "Song–Havlin–Makse, hubs attract": [
            lambda s, a=a: make_song_havlin_makse(*a, keep=1.0, rng=s)
            for a in ((2, 1, 4), (2, 1, 5), (3, 1, 3))
        ],
        "Barabási–Albert": [
            lambda s, n=n, m=m: make_barabasi_albert(n, m, rng=s)
            for n in (200, 700, 2500) for m in (1, 2, 4)
        ],
        "Erdős–Rényi, mean degree 2 to 6": [
            lambda s, n=n, k=k: nx.gnp_random_graph(n, k / n, seed=s)
            for n in (300, 1000, 3000) for k in (2, 4, 6)
        ],
        "Watts–Strogatz, 10 % and more": [
            lambda s, n=n, p=p: make_watts_strogatz(n, 4, p, rng=s)
            for n in (200, 600, 2000) for p in (0.1, 0.3)
        ],
        "grids, 10 % and more rewired": [
            lambda s, n=n, p=p: rewire_grid(n, p, s) for n in (15, 30) for p in (0.1, 0.3)
        ],
        "grids, 10 % and more rewired to hubs": [
            lambda s, n=n, p=p: rewire_grid(n, p, s, to_hubs=True)
            for n in (15, 30) for p in (0.1, 0.3)
        ],
        "Apollonian": [lambda s, n=n: grow_apollonian(n, s) for n in (200, 800, 2500)],
    },
    "between": {
        "rings, 1 in 100 rewired": [
            lambda s, n=n: make_watts_strogatz(n, 4, 0.01, rng=s) for n in (300, 1000)
        ],
        "grids, 1 in 100 rewired": [lambda s, n=n: rewire_grid(n, 0.01, s) for n in (15, 30)],
        "Erdős–Rényi, mean degree 1.2": [
            lambda s, n=n: nx.gnp_random_graph(n, 1.2 / n, seed=s) for n in (1000, 3000)
        ],
    },
}  # fmt: skip


def run(path: Path, n_seeds: int) -> None:
    """Judge what is missing, seed by seed."""
    done = open_lines(path)
    for seed in range(n_seeds):
        for kind, families in FAMILIES.items():
            for family, makers in families.items():
                for k, make in enumerate(makers):
                    key = (kind, family, k, seed)
                    if key in done:
                        continue
                    graph = make(seed)
                    started = time.process_time()
                    found = fractality(graph, rng=seed, jobs=1, progress=False)
                    line = {
                        "key": key,
                        "verdict": found.verdict,
                        "tendency": found.growth.tendency,
                        "n_nodes": found.growth.n_nodes,
                        "cpu_seconds": time.process_time() - started,
                    }
                    add_line(path, line)


def show_table(path: Path) -> None:
    """Print a Markdown table of the shares of verdicts by family."""
    groups = defaultdict(list)
    for line in read_lines(path):
        groups[tuple(line["key"][:2])].append(line)
        groups[line["key"][0], "**all**"].append(line)
    print("| built to be | family | networks | nodes | fractal | not fractal | undecided |")
    print("|---|---|---|---|---|---|---|")
    order = {kind: k for k, kind in enumerate(FAMILIES)}
    for (kind, family), lines in sorted(groups.items(), key=lambda item: order[item[0][0]]):
        nodes = [line["n_nodes"] for line in lines]
        shares = [
            f"{sum(line['verdict'] == verdict for line in lines) / len(lines):.0%}"
            for verdict in ("fractal", "not fractal", "undecided")
        ]
        cells = [kind, family, str(len(lines)), f"{min(nodes)}–{max(nodes)}", *shares]
        print("| " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("what", choices=("run", "tables"))
    parser.add_argument("--path", type=Path, default=Path("fractality.jsonl"))
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args()
    if options.what == "run":
        run(options.path, options.seeds)
    show_table(options.path)


if __name__ == "__main__":
    main()
