"""METHODS as a table, and the methods that choose a method."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from featgraph.boxes import api, box_counts, box_cover, describe_method
from featgraph.boxes.methods import METHODS
from featgraph.boxes.methods.auto import choose_method
from featgraph.graph import FeatureGraph


@pytest.mark.parametrize("name", sorted(METHODS))
def test_every_row_has_its_algorithm(name):
    row = METHODS[name]
    assert row.name == name
    assert row.box in ("diameter", "radius", "none")
    assert row.summary
    assert row.source
    assert row.cost
    assert row.advice
    options = [option.name for option in row.options]
    wanted = ["solve"] if row.box != "none" and name != "auto" else []
    wanted += ["count_sizes"] if row.one_pass else []
    for function in wanted:
        parameters = inspect.signature(getattr(row.algorithm, function)).parameters.values()
        assert next(p.name for p in parameters) == "space"
        own = [p for p in parameters if p.kind is p.KEYWORD_ONLY and p.name != "note"]
        assert [p.name for p in own] == options
        assert all(p.default is p.empty for p in own)  # the default stands in the row alone
    assert row.check_options(row.defaults) == row.defaults
    assert row.box_kind({}) == row.box


WRONG = {
    "str": ("radus", "must be one of"),
    "int": (-1, "must be a whole number of at least"),
    "float": (-1.0, "must (be a finite number|lie in)"),
    "bool": ("yes", "must be True or False, got 'yes'"),
}


@pytest.mark.parametrize(
    ("name", "option"),
    [(name, option) for name, row in sorted(METHODS.items()) for option in row.options],
    ids=lambda value: getattr(value, "name", value),
)
def test_options_are_checked_before_the_graph_is_opened(name, option):
    value, message = WRONG[option.type]
    for door in (box_cover, lambda graph, size, **how: box_counts(graph, sizes=[size], **how)):
        with pytest.raises(ValueError, match=f"{option.name} {message}"):
            door(None, 1, method=name, **{option.name: value})


@pytest.mark.parametrize("name", sorted(METHODS))
def test_an_unknown_option_names_the_method_and_its_options(name):
    known = ", ".join(option.name for option in METHODS[name].options) or "none"
    message = f"method '{name}' has no option 'banana'; there is: {known}"
    for door in (box_cover, lambda graph, size, **how: box_counts(graph, sizes=[size], **how)):
        with pytest.raises(TypeError, match=message):
            door(nx.path_graph(3), 1, method=name, banana=1)


def test_a_misspelt_option_suggests_the_nearest():
    with pytest.raises(TypeError, match="no option 'orde'; there is: order; did you mean 'order'"):
        box_counts(nx.path_graph(3), orde="index")
    with pytest.raises(ValueError, match="kind must be one of .*did you mean 'radius'"):
        box_counts(nx.path_graph(3), method="auto", kind="radus")


def test_the_kind_of_a_method_follows_its_options():
    for method, options, kind in (
        ("auto", {"kind": "radius"}, "radius"),
        ("best", {"kind": "radius", "time_limit": 0}, "radius"),
        ("optimum", {"kind": "radius"}, "radius"),
        ("sampling", {"boxes": "random_sequential"}, "radius"),
        ("sampling", {"strategy": "big_first"}, "diameter"),
    ):
        assert box_cover(nx.path_graph(9), 1, method=method, **options).kind == kind
        assert box_counts(nx.path_graph(9), sizes=[1], method=method, **options).kind == kind


@pytest.mark.parametrize("name", sorted(METHODS))
def test_a_description_says_all_that_is_known(name):
    row, text = METHODS[name], " ".join(describe_method(name).split())
    for fact in (row.source, row.cost, row.advice, row.doi or "", *row.text):
        assert fact in text
    for option in row.options:
        assert f"{option.name} : {option.rule}, default={option.default!r}" in text


def test_a_greedy_cover_passes_through_few_files():
    """One door, one row, one space, one algorithm: a call that can be followed can be changed."""
    graph = FeatureGraph.from_edges(list(nx.gnp_random_graph(60, 0.03, seed=1).edges))
    box_cover(graph, 3, rng=0)  # compiles what it needs
    room, files = str(Path(api.__file__).parent), set()

    def note(frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith(room):
            files.add(frame.f_code.co_filename)

    sys.setprofile(note)
    try:
        box_cover(graph, 3, method="greedy", rng=0)
    finally:
        sys.setprofile(None)
    assert len(files) <= 8, sorted(files)


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
