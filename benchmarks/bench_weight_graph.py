"""Speed of networks of weights: both analyses, beside plain transcriptions of their definitions.

    python -m benchmarks.bench_weight_graph

CPU seconds of one thread, the fastest of three runs (kernels are compiled before), and the largest
memory of the process. The transcription of the released analysis goes through the weights
one by one, as the published code does; that of the other one asks networkx for the shortest paths
of some nodes and is scaled to all.
"""

from __future__ import annotations

import math
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import networkx
import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import nn

import featgraph as fg

N_SOURCES = 24


def build(width: int, n_blocks: int) -> nn.Module:
    """Return an encoder of blocks with 12 heads and a perceptron of four times the width."""
    torch.manual_seed(0)
    block = nn.TransformerEncoderLayer(width, 12, 4 * width, batch_first=True)
    return nn.TransformerEncoder(block, n_blocks, enable_nested_tensor=False).eval()


def measure(work: Callable[[], Any]) -> float:
    """Return the CPU seconds of the fastest of three runs after the first."""
    work()
    times = []
    for _ in range(3):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def transcribe_released(model: nn.Module, q: list[float]) -> float:
    """Return the width of the released spectrum, one weight after the other."""
    rows: dict[tuple[str, int], list[float]] = {}
    for name, weight in model.named_parameters():
        if weight.ndim == 2:
            matrix = weight.detach().numpy()
            for j in range(matrix.shape[0]):
                for i in range(matrix.shape[1]):
                    if matrix[j, i] != 0:
                        rows.setdefault((name, i), []).append(1 / abs(float(matrix[j, i])))
    kept = []
    for row in rows.values():
        usable = [length for length in row if 1 < length <= 150]
        if len(usable) > 10:
            kept.append(Counter(round(length) for length in usable))
    radii = sorted({length for counts in kept for length in counts})
    masses = np.ones((len(kept), len(radii)))
    for i, counts in enumerate(kept):
        for j, r in enumerate(radii):
            masses[i, j] += sum(n for length, n in counts.items() if length <= r)
    x = np.log(np.array(radii) / radii[-1])
    tau = [np.polyfit(x, np.log(((masses / masses[:, -1:]) ** k).sum(axis=0)), 1)[0] for k in q]
    return float(np.ptp(np.diff(tau) / np.diff(q)))


def transcribe_paths(graph: fg.FeatureGraph) -> float:
    """Return the CPU seconds that networkx would need for the shortest paths of all nodes."""
    twin = networkx.Graph()
    for (i, j), length in zip(graph.edges.tolist(), graph.edge_weights.tolist(), strict=True):
        twin.add_edge(i, j, weight=length)
    began = time.process_time()
    for node in range(0, graph.n_nodes, math.ceil(graph.n_nodes / N_SOURCES)):
        networkx.single_source_dijkstra_path_length(twin, node)
    return (time.process_time() - began) / N_SOURCES * graph.n_nodes


def print_row(what: str, own: float, plain: float | None = None, note: str = "") -> None:
    """Print one row of the table."""
    other = "" if plain is None else f"{plain:10.2f} {plain / own:8.0f}"
    print(f"{what:48s} {own:8.3f} {other:19s} {note}")


MEMORY = """
import re
import featgraph as fg
from benchmarks.bench_weight_graph import build

def peak():
    # getrusage would tell of the process that started this one
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024

fg.multifractal_weights(build(48, 1), sample=None, n_resamples=2)
model = build({width}, {n_blocks})
before = peak()
{work}
print(round(before), round(peak() - before))
"""


def measure_memory(width: int, n_blocks: int, work: str) -> tuple[int, int]:
    """Return the memory of a process with a model, and what work adds to it at most, in MB."""
    code = MEMORY.format(width=width, n_blocks=n_blocks, work=work)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, more = done.stdout.split()
    return int(before), int(more)


def main() -> None:
    """Print the table."""
    torch.set_num_threads(1)
    threadpool_limits(1)
    q = [k / 10 for k in range(-30, 31)]
    print(f"{'':48s} {'CPU s':>8s} {'plain':>10s} {'times':>8s}")
    for side in (384, 768):
        block = build(side, 1)
        work = partial(fg.multifractal_weights, block, sample=None, n_resamples=2)
        began = time.process_time()
        width = transcribe_released(block, q)
        plain = time.process_time() - began
        print_row(f"released, one whole block of width {side}", measure(work), plain,
                  f"widths {work().width:.6f} and {width:.6f}")  # fmt: skip
    large = build(768, 12)
    graph = fg.weight_graph(large, sample=32, rng=0)
    paths = measure(lambda: fg.multifractal_weights(graph, variant="paths", n_resamples=2))
    print_row(f"paths, a sample of {graph.n_nodes} neurons of 12 × 768", paths,
              transcribe_paths(graph))  # fmt: skip
    sample = measure(lambda: fg.multifractal_weights(large, n_samples=10, n_resamples=2))
    print_row("released, ten published samples of 12 × 768", sample)
    weights = sum(w.nbytes for w in large.parameters()) / 2**20
    whole = measure(lambda: fg.multifractal_weights(large, sample=None, n_resamples=2))
    _, more = measure_memory(768, 12, "fg.multifractal_weights(model, sample=None, n_resamples=2)")
    print_row("released, all neurons of 12 × 768", whole, None,
              f"{weights:.0f} MB of weights and {more} MB more")  # fmt: skip
    encoder = build(384, 6)
    began = time.process_time()
    graph = fg.weight_graph(encoder)
    seconds = time.process_time() - began
    before, more = measure_memory(384, 6, "graph = fg.weight_graph(model)")
    print_row(f"graph of 6 × 384, {graph.n_edges / 1e6:.1f} million edges", seconds, None,
              f"process of {before} MB and {more} MB more")  # fmt: skip


if __name__ == "__main__":
    main()
