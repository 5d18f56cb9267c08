"""How the work of reading and covering sparse graphs grows: steps and bytes, not time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest

from featgraph import box_cover, read_graph
from featgraph.datasets import make_barabasi_albert
from featgraph.graph import FeatureGraph
from featgraph.io import write_graph

MOST = 1.3  # exponent: linear, and room for the border of small graphs and for logarithms

# Counts every line that runs, kernels too, which are plain Python here.
COUNT = """
import json, sys, threading
from featgraph import box_cover
from featgraph.graph import FeatureGraph
from tests.boxes.test_growth import make_grid

def count(work):
    steps = 0
    def step(frame, event, argument):
        nonlocal steps
        steps += event == "line"
        return step
    sys.settrace(step); threading.settrace(step)
    try:
        work()
    finally:
        sys.settrace(None); threading.settrace(None)
    return steps

method, *sides = sys.argv[1:]
found = []
for side in map(int, [sides[0], *sides]):
    graph = make_grid(side)
    found.append(count(lambda: box_cover(graph, 2, method=method, rng=0)))
print(json.dumps(found[1:]))  # the first run imports
"""


def make_grid(side):
    place = np.arange(side * side).reshape(side, side)
    across = np.column_stack([place[:, :-1].ravel(), place[:, 1:].ravel()])
    down = np.column_stack([place[:-1].ravel(), place[1:].ravel()])
    return FeatureGraph.from_edges(np.vstack([across, down]))


def exponent(sizes, amounts):
    """Return the slope of log amount against log size."""
    return np.polyfit(np.log(sizes), np.log(amounts), 1)[0]


def peak_bytes(work):
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_the_exponent_tells_linear_from_square():
    sizes = np.array([10, 100, 1000])
    assert exponent(sizes, 7 * sizes) == pytest.approx(1)
    assert exponent(sizes, sizes**2) > MOST


@pytest.mark.parametrize("method", ["greedy", "memb", "cbb", "random_sequential"])
def test_steps_of_covering_a_grid_grow_with_its_nodes(method):
    sides = (30, 42, 60)  # beyond the few hundred nodes where rows of bits cost less than searches
    done = subprocess.run(
        [sys.executable, "-c", COUNT, method, *map(str, sides)],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    steps = json.loads(done.stdout)
    assert exponent(np.square(sides), steps) < MOST


@pytest.mark.parametrize("method", ["greedy", "memb", "cbb", "random_sequential", "sketch", "auto"])
def test_bytes_of_covering_a_grid_grow_with_its_nodes(method):
    sides = (50, 90, 160)
    grids = [make_grid(side) for side in sides]
    box_cover(grids[0], 3, method=method, rng=0)
    used = [peak_bytes(lambda g=g: box_cover(g, 3, method=method, rng=0)) for g in grids]
    assert exponent(np.square(sides), used) < MOST


READ = pytest.mark.parametrize("suffix", ["edges", "graphml", "gexf"])


def write_scale_free(path, n_nodes):
    graph = make_barabasi_albert(n_nodes, 3, rng=0)
    if path.suffix == ".edges":
        np.savetxt(path, graph.edges, fmt="%d")
    else:
        write_graph(graph, path)


@READ
def test_bytes_of_reading_grow_with_the_edges(tmp_path, suffix):
    sizes, path, used = (500, 2_000, 8_000), tmp_path / f"graph.{suffix}", []
    for size in (sizes[0], *sizes):  # the first run imports
        write_scale_free(path, size)
        used.append(peak_bytes(lambda: read_graph(path)))
    assert exponent(sizes, used[1:]) < MOST


@READ
def test_lines_of_reading_grow_with_the_edges(tmp_path, suffix):
    sizes, path, steps = (200, 400, 800), tmp_path / f"graph.{suffix}", []

    def step(frame, event, argument):
        steps[-1] += event == "line"
        return step

    before = sys.gettrace()
    for size in (sizes[0], *sizes):
        write_scale_free(path, size)
        steps.append(0)
        sys.settrace(step)
        try:
            read_graph(path)
        finally:
            sys.settrace(before)
    assert min(steps) > 100  # something was counted
    assert exponent(sizes, steps[1:]) < MOST
