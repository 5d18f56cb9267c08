"""METHODS as a table, and the methods that choose a method."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import networkx as nx
import numpy as np
import pytest

from featgraph.boxes.api import box_counts, box_cover
from featgraph.boxes.methods import METHODS
from featgraph.boxes.methods.auto import choose_method


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_row_has_its_function(name):
    row = METHODS[name]
    assert row.name == name
    assert row.box in ("diameter", "radius", "none")
    assert row.summary
    assert row.source
    assert row.cost
    assert row.advice
    module = importlib.import_module(f"featgraph.boxes.methods.{name}")
    if row.box == "none":
        assert callable(getattr(module, f"count_{name}"))
        return
    cover = getattr(module, f"cover_{name}")
    parameters = inspect.signature(cover).parameters
    assert list(parameters)[:2] == ["graph", "size"]
    assert {"weight", "as_undirected", "rng"} <= set(parameters)
    assert all(p.kind is p.KEYWORD_ONLY for p in list(parameters.values())[2:])
    if row.kind_option is not None:
        assert row.kind_option[0] in parameters


def test_the_table_loads_no_compiled_code():
    code = "import sys, featgraph.boxes.methods; print('numba' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_auto_says_what_it_chose():
    cover = box_cover(nx.cycle_graph(12), 2, method="auto", rng=0)
    assert (cover.method, cover.options["chosen_by"]) == ("iterated_greedy", "auto")
    cover = box_cover(nx.cycle_graph(12), 1, method="auto", kind="radius", rng=0)
    assert (cover.method, cover.kind) == ("memb", "radius")
    counts = box_counts(nx.cycle_graph(12), sizes=[2], method="auto", rng=0)
    assert (counts.method, counts.options["chosen_by"]) == ("iterated_greedy", "auto")
    assert choose_method(10**6, "diameter") == ("greedy", {"order": "degree"})
    assert choose_method(10**6, "radius") == ("sketch", {})


@pytest.mark.parametrize(
    ("graph", "size", "kind", "fewest"),
    [
        (nx.petersen_graph(), 1, "diameter", 5),
        (nx.petersen_graph(), 1, "radius", 3),
        (nx.grid_2d_graph(5, 5), 2, "diameter", 7),
        (nx.grid_2d_graph(5, 5), 2, "radius", 4),
        (nx.hypercube_graph(4), 2, "diameter", 4),
        (nx.balanced_tree(2, 4), 3, "diameter", 9),
    ],
)
def test_best_finds_known_answers(graph, size, kind, fewest):
    cover = box_cover(graph, size, method="best", kind=kind, time_limit=2.0, rng=0)
    cover.validate(graph)
    assert cover.n_boxes == fewest


def test_best_without_time_is_still_a_cover():
    graph = nx.gnp_random_graph(40, 0.08, seed=1)
    for kind in ("diameter", "radius"):
        box_cover(graph, 2, method="best", kind=kind, time_limit=0, rng=0).validate(graph)


def test_best_is_at_least_as_good_as_its_parts():
    graph = nx.gnp_random_graph(150, 0.02, seed=1)
    best = box_cover(graph, 3, method="best", time_limit=1.0, rng=0).n_boxes
    parts = [box_cover(graph, 3, order=o, rng=0).n_boxes for o in ("dsatur", "smallest_last")]
    assert best <= np.min(parts)
