"""Pictures of networks show what they say."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from featgraph.dimension import epsilon_sweep
from featgraph.graph import connect_layers, feature_graph, fit_tail, small_world
from featgraph.plot import (
    plot_degrees,
    plot_epsilon_sweep,
    plot_layer_matrix,
    plot_small_world,
    save_figure,
)


def features(n_nodes=30, seed=0):
    return np.random.default_rng(seed).normal(size=(n_nodes, 6))


def test_degrees_fall_from_one_and_their_laws_start_at_the_tail(tmp_path):
    pytest.importorskip("powerlaw")
    degrees = [k for _, k in nx.barabasi_albert_graph(300, 3, seed=1).degree()]
    tail = fit_tail(degrees)
    fig, ax = plot_degrees(degrees, tail=tail)
    points = ax.collections[0].get_offsets()
    assert points[0].tolist() == [min(degrees), 1.0]
    laws = [line for line in ax.lines if len(line.get_xdata()) > 2]
    assert len(laws) == 3
    share = np.mean(np.array(degrees) >= tail.x_min)
    for law in laws:
        assert law.get_xdata()[0] == pytest.approx(tail.x_min)
        assert law.get_ydata()[0] == pytest.approx(share)
        assert np.all(np.diff(law.get_ydata()) <= 0)
    save_figure(fig, tmp_path / "degrees.png")


@pytest.mark.parametrize("values", [[2, 2, 2], [0, 1], [0.5, 1.5]])
def test_degrees_without_a_tail_are_points_alone(values):
    _, ax = plot_degrees(values)
    assert not ax.lines


def test_no_degrees_are_refused():
    with pytest.raises(ValueError, match="values must hold a number above 0"):
        plot_degrees([0, 0])


def test_sweep_marks_percolation_and_the_chosen(tmp_path):
    sweep = epsilon_sweep(features(), n_steps=4, n_references=1, progress=False)
    fig, axes = plot_epsilon_sweep(sweep, chosen=1.5 * sweep.percolation)
    for ax in axes:
        marks = {line.get_xdata()[0] for line in ax.lines if len(line.get_xdata()) == 2}
        assert {sweep.percolation, 1.5 * sweep.percolation} <= marks
    np.testing.assert_array_equal(axes[0].lines[2].get_ydata(), sweep.measures["giant_share"])
    save_figure(fig, tmp_path / "sweep.png")
    bare = epsilon_sweep(features(4), n_references=0, progress=False)
    save_figure(plot_epsilon_sweep(bare)[0], tmp_path / "bare.png")


@pytest.mark.parametrize("n_layers", [1, 3, 14])
def test_layer_matrix_shows_every_pair(n_layers, tmp_path):
    layers = {f"block.{k}": features(12, k) + 3 * (k == 2) for k in range(n_layers)}
    found = connect_layers(feature_graph(layers, epsilon=("degree", 3)))
    fig, ax = plot_layer_matrix(found)
    empty = int((found.edges == 0).sum())
    assert len(ax.patches) == empty
    assert len(ax.texts) == (n_layers**2 - empty if n_layers <= 12 else 0)
    save_figure(fig, tmp_path / "matrix.png")


@pytest.mark.parametrize("net", [nx.karate_club_graph(), nx.complete_graph(5), nx.path_graph(20)])
def test_small_world_stands_among_its_references(net, tmp_path):
    result = small_world(nx.Graph(net.edges), n_references=3)
    fig, ax = plot_small_world(result)
    own = ax.collections[2].get_offsets()[0].tolist()
    assert own == [result.path_length, result.clustering]
    save_figure(fig, tmp_path / "world.png")
