"""Tracking: what is recorded, that training does not notice, tables, films, bad input."""

from __future__ import annotations

import csv
import math

import numpy as np
import pytest
import torch
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import featgraph as fg
from featgraph.features import extract_features
from featgraph.training import track, track_training
from featgraph.training.measures import compare_partitions
from tests.naive import fractality as naive

LABELS = st.lists(st.integers(0, 3), min_size=2, max_size=9)


def make_data(n=96):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(n, 8, generator=generator)
    return TensorDataset(x, (x[:, :2].sum(1) > 0).long())


def make_net():
    with torch.random.fork_rng():
        torch.manual_seed(1)
        return nn.Sequential(
            nn.Linear(8, 24), nn.ReLU(), nn.Dropout(0.2), nn.Linear(24, 16), nn.Tanh(),
            nn.Linear(16, 2),
        )  # fmt: skip


def train(net, data, epochs, after=None):
    """A loop as a user writes it, with everything drawn from the global generator."""
    torch.manual_seed(7)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    loader = DataLoader(data, batch_size=16, shuffle=True)
    net.train()
    for epoch in range(epochs):
        for x, y in loader:
            optimizer.zero_grad()
            nn.functional.cross_entropy(net(x), y).backward()
            optimizer.step()
        if after is not None:
            after(epoch)
    return [p.detach().clone() for p in net.parameters()]


def test_training_does_not_notice_that_it_is_watched():
    data = make_data()
    alone = train(make_net(), data, 3)
    net = make_net()
    # a shuffling loader draws from the global generator too
    tracker = track(net, DataLoader(data, batch_size=32, shuffle=True), layers=["1"])
    watched = train(net, data, 3, tracker.step)
    assert net.training
    for one, other in zip(alone, watched, strict=True):
        assert torch.equal(one, other)
    assert len(tracker.rows) == 3


def test_values_are_those_of_the_functions():
    data = make_data()
    net = make_net()
    tracker = track(net, data.tensors[0], layers=["1", "4"], n_references=0)
    tracker.record(0)
    net.eval()
    features = extract_features(net, data.tensors[0], layers=["1", "4"], progress=False)
    for row in tracker.rows:
        F = features[row["layer"]]
        graph = fg.feature_graph(F)
        assert row["n_edges"] == graph.n_edges
        assert_allclose(row["ss_rate_released"], float(fg.ss_rate(F)), rtol=1e-6)
        assert_allclose(
            row["ss_rate_linkage"], float(fg.ss_rate(F, estimator="linkage")), rtol=1e-6
        )
        assert math.isnan(row["sigma"])
        assert math.isnan(row["community_stability"])
        kept = tracker.graphs[row["layer"]][0.0]
        assert_allclose(kept.node_attributes["mean_activation"], F.numpy().mean(axis=1), rtol=1e-6)


def test_every_and_the_context_record_what_they_say():
    data = make_data()
    net = make_net()
    with track(net, data.tensors[0], layers=["1"], every=3, n_references=0) as tracker:
        train(net, data, 6, tracker.step)
    assert tracker.times == [-1.0, 0.0, 3.0, 5.0]
    stability = [row["community_stability"] for row in tracker.rows]
    assert math.isnan(stability[0])
    assert all(-1 <= value <= 1 for value in stability[1:])


def test_an_unchanged_network_is_fully_stable():
    tracker = track(make_net(), make_data().tensors[0], layers=["1"])
    for _ in range(3):
        assert tracker.step()
    first, _, last = tracker.rows
    assert last["community_stability"] == 1
    assert {**first, "time": 0, "community_stability": 0} == {
        **last, "time": 0, "community_stability": 0,
    }  # fmt: skip


def test_a_shuffling_loader_gives_the_same_samples_at_every_record():
    loader = DataLoader(make_data(), batch_size=32, shuffle=True)
    tracker = track(make_net(), loader, layers=["1"], n_references=0, max_batches=1)
    first, second = tracker.record(0)[0], tracker.record(1)[0]
    assert first["epsilon"] == second["epsilon"]
    assert first["ss_rate_linkage"] == second["ss_rate_linkage"]


def test_measures_of_ones_own():
    tracker = track(
        make_net(), make_data().tensors[0], layers=["1"], n_references=0, keep_graphs=False,
        measures={"spread": lambda features, graph: features.numpy().std() + 0 * graph.n_nodes},
    )  # fmt: skip
    tracker.step(10)
    assert tracker.rows[0]["spread"] > 0
    with pytest.raises(ValueError, match="graphs were not kept"):
        tracker.write_gexf("x.gexf")


def test_table_and_film(tmp_path):
    tracker, rows = track_training(
        make_net(), make_data(), epochs=3, layers=["1", "4"], tracking={"n_references": 2}
    )
    assert [row.epoch for row in rows] == [0, 1, 2]
    assert tracker.times == [-1.0, 0.0, 1.0, 2.0]
    with tracker.write(tmp_path / "t.csv").open(newline="") as stream:
        table = list(csv.DictReader(stream))
    assert len(table) == 8
    assert {"time", "layer", "ss_rate_linkage", "sigma", "modularity"} <= set(table[0])
    film = fg.read_dynamic_gexf(tracker.write_gexf(tmp_path / "t.gexf", layer="1"))
    for time, graph in tracker.graphs["1"].items():
        assert film[time].edges.tolist() == graph.edges.tolist()
    assert len(tracker.of_layer("4")) == 4
    assert "n_times=4, n_layers=2" in repr(tracker)


def test_a_dead_layer_leaves_a_note_and_does_not_end_training():
    net = make_net()
    tracker = track(net, make_data().tensors[0], layers=["1"], n_references=0)
    tracker.record(0)
    nn.init.zeros_(net[0].weight)
    nn.init.zeros_(net[0].bias)
    dead, still = tracker.record(0.5)[0], tracker.record(1)[0]
    assert "all distances are 0" in dead["note"]
    assert still == {**dead, "time": 1.0}
    assert tracker.rows[0]["note"] == ""
    assert list(tracker.graphs["1"]) == [0.0]


@given(data=st.data(), n=st.integers(2, 9))
def test_stability_equals_its_twin(data, n):
    first, other = (data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)) for _ in "ab")
    found = compare_partitions(np.array(first), np.array(other))
    assert_allclose(found, naive.adjusted_rand(first, other), atol=1e-12)


def test_bad_input():
    net, inputs = make_net(), make_data().tensors[0]
    with pytest.raises(ValueError, match="every must be a whole number of at least 1, got 0"):
        track(net, inputs, every=0)
    tracker = track(net, inputs, layers=["1"], n_references=0)
    with pytest.raises(ValueError, match="nothing is recorded yet"):
        tracker.write_gexf("x.gexf")
    tracker.record(1)
    with pytest.raises(ValueError, match="after the last record 1.0, got 1"):
        tracker.record(1)
    with pytest.raises(ValueError, match="time must be a number, got nan"):
        tracker.record(math.nan)
    with pytest.raises(ValueError, match=r"layer must be one of \['1'\], got '2'"):
        tracker.of_layer("2")
