"""Layer × layer CKA of two 50-layer networks, and weight persistence of millions of edges.

Run with ``python benchmarks/bench_similarity.py``. CKA is held against the matrix products
that it needs (the cheaper of the two exact ways, done bare with torch); the target is a
factor of at most 2.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
from collections.abc import Callable, Sequence

import numpy as np
import torch

from featgraph.similarity import compare_layers, weight_persistence
from featgraph.similarity._moments import LinearMoments
from featgraph.weights import weight_graph


def best_times(works: Sequence[Callable[[], object]], repeats: int) -> list[tuple[float, float]]:
    """Smallest wall and CPU seconds of each, run in turn so that a busy machine hits all alike."""
    wall: list[list[float]] = [[] for _ in works]
    cpu: list[list[float]] = [[] for _ in works]
    for _ in range(repeats):
        for k, work in enumerate(works):
            start, spent = time.perf_counter(), time.process_time()
            work()
            cpu[k].append(time.process_time() - spent)
            wall[k].append(time.perf_counter() - start)
    return [(min(w), min(c)) for w, c in zip(wall, cpu, strict=True)]


def bench_kernels(n_layers: int, n_samples: int, width: int, repeats: int) -> dict[str, object]:
    """Few samples: kernel matrices of every layer, one product for all pairs."""
    generator = torch.Generator().manual_seed(0)
    sides = [
        {f"{k}": torch.randn(n_samples, width, generator=generator) for k in range(n_layers)}
        for _ in range(2)
    ]

    def bare() -> torch.Tensor:
        left, right = (torch.stack([(X @ X.T).flatten() for X in side.values()]) for side in sides)
        return left @ right.T

    return row("kernel matrices", n_layers, n_samples, width, repeats, bare,
               lambda: compare_layers(*sides))  # fmt: skip


def bench_sums(n_layers: int, n_samples: int, width: int, repeats: int) -> dict[str, object]:
    """Many samples: products of features, added up over batches."""
    generator = torch.Generator().manual_seed(0)
    sides = [
        [torch.randn(n_samples, width, generator=generator) for _ in range(n_layers)]
        for _ in range(2)
    ]

    def bare() -> float:
        left, right = (torch.cat(side, dim=1) for side in sides)
        total = float((left.T @ right)[0, 0])
        for side in sides:
            for X in side:
                total += float((X.T @ X)[0, 0])
        return total

    def ours() -> torch.Tensor:
        moments = LinearMoments([width] * n_layers, [width] * n_layers)
        moments.update(*sides)
        return moments.cka()

    return row("summed products", n_layers, n_samples, width, repeats, bare, ours)


def row(
    name: str, n_layers: int, n_samples: int, width: int, repeats: int,
    bare: Callable[[], object], ours: Callable[[], object],
) -> dict[str, object]:  # fmt: skip
    """One line of the table."""
    (needed, needed_cpu), (taken, taken_cpu) = best_times((bare, ours), repeats)
    return {
        "case": f"CKA, {name}",
        "size": f"{n_layers} × {n_layers} layers, n = {n_samples}, d = {width}",
        "seconds": round(taken, 4),
        "matrix products alone": round(needed, 4),
        "factor": round(taken / needed, 2),
        "factor of CPU time": round(taken_cpu / needed_cpu, 2),
    }


def bench_persistence(shapes: Sequence[tuple[int, int]], repeats: int) -> dict[str, object]:
    """Weight persistence of a stack of dense layers against sorting its edges."""
    rng = np.random.default_rng(0)
    graph = weight_graph([rng.normal(size=shape) for shape in shapes])
    works = (lambda: np.sort(graph.edge_weights), lambda: weight_persistence(graph))
    (sort, _), (taken, cpu) = best_times(works, repeats)
    return {
        "case": "weight persistence",
        "size": f"{len(graph.weights):,} edges, {graph.n_nodes:,} units",
        "seconds": round(taken, 3),
        "CPU seconds": round(cpu, 3),
        "sorting the edges alone": round(sort, 3),
    }


def main() -> None:
    """Run all cases and print one JSON object per line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    machine = {"machine": platform.processor() or platform.machine(),
               "threads": torch.get_num_threads(), "torch": torch.__version__}  # fmt: skip
    print(json.dumps(machine))
    for n_samples, width in ((256, 256), (512, 128), (512, 1024)):
        print(json.dumps(bench_kernels(50, n_samples, width, repeats), ensure_ascii=False))
    for n_samples, width in ((2048, 64), (4096, 128)):
        print(json.dumps(bench_sums(50, n_samples, width, repeats), ensure_ascii=False))
    for shapes in (((200, 784), (200, 200), (10, 200)), ((1000, 2000), (1500, 1000), (1000, 1500))):
        print(json.dumps(bench_persistence(shapes, min(repeats, 3)), ensure_ascii=False))


if __name__ == "__main__":
    main()
