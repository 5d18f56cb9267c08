"""How the work of a summary grows with a sparse graph: lines of kernels run, and bytes."""

from __future__ import annotations

import inspect
import json
import os
import subprocess
import sys

import numpy as np
import pytest

from featgraph import graph

SIZES = (300, 600, 1200)
#: Plain Python, so that every line that a kernel runs is counted: searches, swaps, look-ups.
COUNT = """
import json, sys, tracemalloc
import networkx as nx
from featgraph.graph import as_feature_graph, clustering, network_summary, nulls, spectrum

nulls.RANDOM_SWAPS = nulls.LATTICE_TRIES = 1.0
nulls._SOURCES = clustering.SOURCES = 63  # a sample also of these small graphs
clustering.EXACT_NODES = spectrum._DENSE = 0
n_lines = n_peeled = 0

def count(frame, event, _):
    global n_lines
    n_lines += event == "line"
    return count

def count_peeling(frame, event, _):
    global n_peeled
    n_peeled += event == "line"
    return count_peeling

def watch(frame, event, _):
    if frame.f_code.co_name == "_peel_cores":
        return count_peeling
    return count if "kernel" in frame.f_code.co_filename else None

network_summary(nx.barabasi_albert_graph(300, 2, seed=2), n_references=1, progress=False)  # imports
found = []
for size in map(int, sys.argv[1:]):
    graph = as_feature_graph(nx.barabasi_albert_graph(size, 2, seed=1))
    n_lines = n_peeled = 0
    sys.settrace(watch)
    tracemalloc.start()
    network_summary(graph, n_references=1, tails=False, progress=False)
    sys.settrace(None)
    found.append((n_lines, tracemalloc.get_traced_memory()[1], n_peeled))
    tracemalloc.stop()
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def work():
    """Lines, bytes, and lines of finding cores, at each size."""
    found = subprocess.run(
        [sys.executable, "-c", COUNT, *map(str, SIZES)],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return np.array(json.loads(found.stdout))


@pytest.mark.parametrize("what", [0, 1])
def test_summarising_grows_no_faster_than_the_power_1_3(work, what):
    assert (work[:, what] > 10_000).all()  # something was counted
    assert np.polyfit(np.log(SIZES), np.log(work[:, what]), 1)[0] < 1.3


def test_finding_cores_grows_as_the_graph(work):
    assert (work[:, 2] > 3_000).all()
    assert np.polyfit(np.log(SIZES), np.log(work[:, 2]), 1)[0] < 1.05


def test_every_public_function_says_what_it_costs():
    functions = [getattr(graph, name) for name in graph.__all__]
    texts = {f.__name__: f.__doc__ for f in functions if inspect.isfunction(f)}
    says = ("O(", "Cost of", "Time and memory of")
    assert not [name for name, text in texts.items() if not any(word in text for word in says)]
