"""Arguments are checked at the face, and so are objects, however they were made."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest
import torch

from featgraph import boxes, datasets, graph, io, similarity
from featgraph.core.rules import Rule, check_rules
from featgraph.selfsimilarity import soft_caro_wei
from featgraph.similarity import cross_view_correlations

PATH = datasets.make_path(9)
NETS = {f"net{k}": torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU()) for k in range(4)}

NEVER_NAMED = """
import featgraph as fg
counts = fg.box_counts(fg.datasets.make_path(40), rng=0, progress=False)
try:
    fg.fit_dimension(counts).predict("x")
except ValueError as error:
    print(error)
"""


def test_objects_of_classes_that_nobody_named_are_checked():
    said = subprocess.run([sys.executable, "-c", NEVER_NAMED], capture_output=True, text=True)
    assert said.stdout == "sizes must be an array of real numbers, got 'x'\n", said.stderr


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: datasets.make_star(2**62), r"star\(\d+\) would have 4\.61e\+18 edges, more than"),
        (lambda: datasets.make_point_cloud("ball", n_points=4e16), "n_points must be smaller"),
        (
            lambda: graph.find_communities(PATH, n_iterations=10**12),
            "n_iterations must be .* 1000000",
        ),
        (
            lambda: boxes.box_counts(PATH, sizes=range(10**11)),
            "sizes must be a list .*, got more than 10,000,000 values",
        ),
        (
            lambda: boxes.minimum_box_counts(PATH, sizes=itertools.count()),
            "sizes must be a list .*, got more than 10,000,000 values",
        ),
        (lambda: boxes.minimum_box_cover(PATH, 1, rng=10**77), r"rng must be a seed .* 2\*\*63"),
        (lambda: io.read_tables({4: 10**30}), "edges must hold a list of cells under 4, got 10"),
        (lambda: similarity.compare_measures({"": None}), "features_a must be a mapping to .* ''"),
        (lambda: soft_caro_wei(torch.ones(3, 3), [1e-300, 1e-300]), "theta must rise by more than"),
        (lambda: cross_view_correlations(NETS, [[1, [1, 2]], 1]), "data must hold samples of num"),
    ],
)
def test_what_cannot_be_used_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_axes_of_a_stated_length():
    check_rules({"interval": np.ones((4, 2))}, {"interval": Rule("n_times 2")})
    with pytest.raises(ValueError, match=r"interval must have shape \(n_times, 2\), got \(4, 3\)"):
        check_rules({"interval": np.ones((4, 3))}, {"interval": Rule("n_times 2")})
