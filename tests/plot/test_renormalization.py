"""Drawings of a renormalisation flow: what is drawn where, how large and in which colour."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from featgraph.boxes import renormalization_flow
from featgraph.datasets import make_flower, make_path
from featgraph.plot import plot_box_tree, plot_renormalization, save_figure


def parts():
    """Return a graph of components of several sizes, lone nodes among them."""
    sizes = (60, 30, 12, 7, 5, 4, 3, 2, 2, 1, 1, 1)
    return nx.disjoint_union_all([nx.path_graph(size) for size in sizes])


def nodes_of(ax):
    """Return positions, areas and colours of the nodes of a panel, in the order drawn."""
    dots = ax.collections[-1]
    return dots.get_offsets(), dots.get_sizes(), dots.get_facecolors()


@pytest.mark.parametrize(
    ("graph", "n_panels"),
    [(make_path(1), 1), (nx.empty_graph(4), 1), (nx.complete_graph(5), 2), (make_path(30), None),
     (parts(), None), (make_flower(2, 2, 4), None)],
)  # fmt: skip
def test_there_is_a_panel_for_every_graph(graph, n_panels, tmp_path):
    flow = renormalization_flow(graph, 1, rng=0)
    fig, axes = plot_renormalization(flow)
    assert len(axes) == (n_panels or flow.n_steps + 1)
    for step, (ax, net) in enumerate(zip(axes, flow.graphs, strict=True)):
        places, areas, _ = nodes_of(ax)
        assert len(places) == net.n_nodes
        assert np.isfinite(places).all()
        assert np.all(areas > 0)
        title = ax.get_title(loc="left")
        assert title.startswith(f"step {step}: {net.n_nodes} node")
        assert f"{net.n_edges} edge" in title
        low, high = ax.get_xlim()
        assert np.all((places[:, 0] > low) & (places[:, 0] < high))
    save_figure(fig, tmp_path / "flow.png")


def test_area_is_mass():
    flow = renormalization_flow(make_flower(2, 2, 4), 1, rng=0)
    axes = plot_renormalization(flow)[1]
    for step, ax in enumerate(axes[1:], start=1):
        masses = np.bincount(flow.labels(step))
        areas = nodes_of(ax)[1]
        np.testing.assert_allclose(areas, np.sort(masses)[::-1] * (areas[0] / masses.max()))


def test_nodes_of_a_colour_are_one_node_later():
    flow = renormalization_flow(make_flower(2, 2, 4), 1, rng=0)
    axes = plot_renormalization(flow)[1]
    few = next(k for k, net in enumerate(flow.graphs) if net.n_nodes <= 7)  # one colour each
    masses = np.bincount(flow.labels(few - 1))
    order = np.argsort(-masses, kind="stable")
    boxes = flow.covers[few - 1].labels[order]
    colors = [tuple(color) for color in nodes_of(axes[few - 1])[2]]
    assert len(set(colors)) == flow.graphs[few].n_nodes
    assert len(set(zip(colors, boxes, strict=True))) == flow.graphs[few].n_nodes


def test_the_same_place_is_the_same_part():
    """On a path the order along the page stays from panel to panel."""
    flow = renormalization_flow(make_path(60), 1, rng=0)
    axes = plot_renormalization(flow, rng=1)[1]
    for step in range(1, flow.n_steps):
        masses = np.bincount(flow.labels(step))
        order = np.argsort(-masses, kind="stable")
        across = np.empty(order.size)
        across[order] = nodes_of(axes[step])[0][:, 0]
        first = nodes_of(axes[0])[0][:, 0]
        centers = np.bincount(flow.labels(step), first) / masses
        assert np.corrcoef(across, centers)[0, 1] > 0.9


def test_positions_of_a_map_are_kept_and_pooled():
    flow = renormalization_flow(make_path(12), 1, rng=0)
    where = np.stack([np.arange(12.0), np.zeros(12)], axis=1)
    axes = plot_renormalization(flow, positions=where)[1]
    np.testing.assert_allclose(nodes_of(axes[0])[0], where)
    np.testing.assert_allclose(nodes_of(axes[-1])[0], [[5.5, 0.0]])
    assert len({ax.get_xlim() for ax in axes}) == 1
    with pytest.raises(ValueError, match=r"positions must be finite, of shape \(12, 2\), got"):
        plot_renormalization(flow, positions=where[:5])


def test_the_layout_repeats_itself_and_many_edges_become_a_bitmap():
    flow = renormalization_flow(nx.gnm_random_graph(200, 4000, seed=1), 1, rng=0)
    first, second = (plot_renormalization(flow, rng=3)[1][0] for _ in range(2))
    np.testing.assert_array_equal(nodes_of(first)[0], nodes_of(second)[0])
    lines = first.collections[:-1]
    assert sum(len(line.get_segments()) for line in lines) == 4000
    assert any(line.get_rasterized() for line in lines)


@pytest.mark.parametrize("graph", [make_flower(2, 2, 4), parts(), nx.complete_graph(5)])
def test_every_box_lies_under_the_box_it_is_in(graph, tmp_path):
    flow = renormalization_flow(graph, 1, rng=0)
    fig, ax = plot_box_tree(flow)
    levels = [[], *([] for _ in flow.covers)]
    for bar in ax.patches:
        step = round(bar.get_y() + 0.5)
        levels[step].append((bar.get_x(), bar.get_x() + bar.get_width()))
    for step in range(1, flow.n_steps + 1):
        assert len(levels[step]) == flow.graphs[step].n_nodes
        widths = np.sort([right - left for left, right in levels[step]])
        share = np.sort(np.bincount(flow.labels(step))) / flow.graphs[0].n_nodes
        np.testing.assert_allclose(widths, share)
        if step > 1:
            borders = {round(edge, 9) for bar in levels[step] for edge in bar}
            assert borders <= {round(edge, 9) for bar in levels[step - 1] for edge in bar}
    save_figure(fig, tmp_path / "tree.png")


def test_a_tree_needs_a_step():
    with pytest.raises(ValueError, match="flow must have at least one step, got none"):
        plot_box_tree(renormalization_flow(nx.empty_graph(3), 1))
