"""Every picture shows its data on the axes it promises."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from featgraph.boxes import BoxCounts, box_counts, box_cover
from featgraph.dimension import compare_dimensions, fit_dimension
from featgraph.graph import FeatureGraph
from featgraph.plot import (
    layout_graph,
    plot_box_counts,
    plot_graph,
    plot_mds,
    plot_ss_rate,
    plot_theta_curves,
)
from featgraph.plot.count_curves import exponential_curve

CURVES = ("paper", "released", "caro_wei", "packing", "linkage", "greedy")


@pytest.fixture(scope="module")
def features():
    rng = np.random.default_rng(0)
    centers = rng.normal(size=(4, 12))
    return centers[rng.integers(0, 4, 24)] + 0.3 * rng.normal(size=(24, 12))


@pytest.fixture(scope="module")
def comparison(features):
    return compare_dimensions(
        features, curves=CURVES, n_theta=32, hop_methods=(), time_limit=None, rng=0, progress=False
    )


@pytest.fixture(scope="module")
def counts():
    sizes = [0, 1, 2, 3, 4, 6, 8, 12, 20, 119]
    return box_counts(nx.path_graph(120), sizes=sizes, repeats=3, bounds=True, rng=0)


def line(ax, name):
    (found,) = [entry for entry in ax.lines if entry.get_gid() == name]
    return found


class TestThetaCurves:
    def test_shows_every_curve_as_it_is(self, comparison):
        _, ax = plot_theta_curves(comparison)
        for name, values in {**comparison.curves, "best": comparison.best}.items():
            np.testing.assert_array_equal(line(ax, name).get_xdata(), comparison.theta)
            np.testing.assert_array_equal(line(ax, name).get_ydata(), values)

    def test_axes_make_a_power_law_straight(self, comparison):
        fig, ax = plot_theta_curves(comparison)
        fig.draw_without_rendering()
        theta = comparison.theta
        power = 24.0 * ((1 + theta) / (1 + theta[0])) ** -2.5
        x, y = ax.transData.transform(np.column_stack([theta, power])).T
        residual = y - np.polyval(np.polyfit(x, y, 1), x)
        assert np.abs(residual).max() < 1e-6 * np.ptp(y)  # rounding of the pixel transform
        assert "θ (activation distance per sample)" in ax.get_xlabel()
        assert ax.get_ylabel() == "number of boxes N"

    def test_roles_differ_without_colour(self, comparison):
        _, ax = plot_theta_curves(comparison)
        assert line(ax, "best").get_linestyle() == "-"
        assert line(ax, "linkage").get_linestyle() == "-"
        dashes = {line(ax, name).get_linestyle() for name in ("paper", "released")}
        assert "-" not in dashes
        widths = [line(ax, name).get_linewidth() for name in ("best", "linkage")]
        assert widths[0] > widths[1]

    def test_bracket_is_shaded_between_bounds(self, comparison):
        comparison = replace(comparison, lower=np.maximum(comparison.best - 2, 1.0))
        _, ax = plot_theta_curves(comparison)
        assert "bracket of the minimum" in [text.get_text() for text in ax.texts]
        (band,) = [entry for entry in ax.collections if entry.get_gid() == "bracket"]
        points = band.get_paths()[0].vertices
        heights = set(np.round(points[:, 1], 9))
        assert set(np.round(comparison.best, 9)) <= heights
        assert set(np.round(comparison.lower, 9)) <= heights

    def test_ideal_line_runs_from_all_nodes_to_one_box(self, comparison):
        _, ax = plot_theta_curves(comparison)
        assert list(line(ax, "ideal").get_ydata()) == [24, 1]
        assert list(line(ax, "ideal").get_xdata()) == list(comparison.theta[[0, -1]])

    def test_key_is_ordered_as_the_curves_lie(self, comparison):
        _, ax = plot_theta_curves(comparison)
        labels = [text.get_text() for text in ax.texts]
        assert labels.index("paper, Eq. 9 as printed") < labels.index("smallest number, proven")
        assert "bracket of the minimum" not in labels
        assert f"{comparison.row('released').ss_rate:.3f}" in labels

    def test_draws_a_choice_and_refuses_others(self, comparison):
        _, ax = plot_theta_curves(comparison, curves=["paper"])
        names = {entry.get_gid() for entry in ax.lines}
        assert "paper" in names
        assert "linkage" not in names
        with pytest.raises(ValueError, match=r"curves must be one of .* did you mean 'linkage'"):
            plot_theta_curves(comparison, curves=["linkge"])


class TestBoxCounts:
    def test_counts_stand_at_their_sizes(self, counts):
        _, ax = plot_box_counts(counts)
        np.testing.assert_array_equal(line(ax, "counts").get_xdata(), counts.sizes)
        np.testing.assert_array_equal(line(ax, "counts").get_ydata(), counts.counts)
        assert (ax.get_xscale(), ax.get_yscale()) == ("function", "log")
        assert "box size ℓ (hops)" in ax.get_xlabel()

    def test_only_proven_counts_are_called_proven(self, counts):
        proven = replace(counts, method="optimum", lower_bounds=counts.counts)
        for curve, name in [(proven, "smallest number, proven"),
                            (replace(proven, lower_bounds=None), "optimum")]:  # fmt: skip
            _, ax = plot_box_counts(curve)
            assert ax.get_legend_handles_labels()[1] == [name]

    def test_fit_shows_window_line_and_rival(self, counts):
        fit = fit_dimension(counts)
        _, ax = plot_box_counts(counts, fit=fit)
        labels = ax.get_legend_handles_labels()[1]
        assert {"fit window", "power law", "exponential", "certified bracket"} <= set(labels)
        assert f"{fit.dimension:.2f}" in ax.texts[0].get_text()
        assert fit.verdict in ax.get_title(loc="right")

    def test_exponential_is_least_squares_on_all_usable_sizes(self, counts):
        fit = fit_dimension(counts)
        residual = np.log(fit.counts) - np.log(exponential_curve(fit, fit.sizes))
        rmse = np.sqrt(np.mean(residual**2))
        np.testing.assert_allclose(rmse, fit.rmse_exponential, rtol=1e-9)

    def test_radius_boxes_stand_at_their_diameter(self):
        counts = BoxCounts(np.arange(4), np.array([[9, 4, 2, 1]]), "memb", "radius", 9)
        _, ax = plot_box_counts(counts)
        assert list(line(ax, "counts").get_xdata()) == [0, 2, 4, 6]

    def test_several_curves_have_names_and_colours(self, counts):
        other = BoxCounts(np.arange(3), np.array([[120, 40, 20]]), "memb", "radius", 120)
        _, ax = plot_box_counts([counts, other], labels=["one", "two"])
        labels = ax.get_legend_handles_labels()[1]
        assert {"one", "two"} <= set(labels)
        marked = [entry for entry in ax.lines if entry.get_label() in ("one", "two")]
        assert len({to_hex(entry.get_color()) for entry in marked}) == 2

    def test_same_method_twice_is_told_apart(self, counts):
        _, ax = plot_box_counts([counts, counts], labels=["before", "after"])
        marked = [entry for entry in ax.lines if entry.get_label() in ("before", "after")]
        assert len({to_hex(entry.get_color()) for entry in marked}) == 2

    def test_refuses_nothing_mixed_units_and_missing_names(self, counts):
        metric = BoxCounts(
            np.array([0.5, 1]), np.array([[3, 1]]), "greedy", "diameter", 3, "metric"
        )
        with pytest.raises(ValueError, match="at least one BoxCounts, got none"):
            plot_box_counts([])
        with pytest.raises(ValueError, match="share one unit of size"):
            plot_box_counts([counts, metric])
        with pytest.raises(ValueError, match="labels must name 1 curves, got 2"):
            plot_box_counts([counts], labels=["a", "b"])


class TestMds:
    def test_panels_share_one_scale(self, features):
        _, axes = plot_mds(features, features / 2)
        widths = [np.ptp(ax.get_xlim()) for ax in axes]
        np.testing.assert_allclose(widths[0], widths[1], rtol=1e-12)
        assert axes[0].get_title(loc="left") == "before training"

    def test_much_smaller_panel_gets_its_own_scale(self, features):
        _, axes = plot_mds(features, features / 100)
        assert np.ptp(axes[0].get_xlim()) > 50 * np.ptp(axes[1].get_xlim())

    def test_distances_are_those_of_the_plane(self):
        rng = np.random.default_rng(1)
        flat = np.column_stack([rng.normal(size=(9, 2)), np.zeros((9, 3))])
        _, axes = plot_mds(flat)
        points = axes[0].collections[-1].get_offsets()
        wanted = np.linalg.norm(flat[:, None] - flat[None], axis=2) / np.sqrt(5)
        found = np.linalg.norm(points[:, None] - points[None], axis=2)
        np.testing.assert_allclose(found, wanted, atol=1e-6)

    def test_states_the_share_that_is_kept(self, features):
        _, axes = plot_mds(features)
        assert any("% of squared distances kept" in text.get_text() for text in axes[0].texts)

    def test_same_neuron_same_colour_in_both_panels(self, features):
        groups = np.arange(24) % 3
        _, axes = plot_mds(features, features[:, ::-1], groups=groups)
        colors = [ax.collections[-1].get_facecolor() for ax in axes]
        np.testing.assert_array_equal(colors[0], colors[1])
        assert len(np.unique(colors[0], axis=0)) == 3

    def test_edges_are_drawn_where_a_graph_is_given(self, features):
        graph = FeatureGraph.from_edges([(0, 1), (1, 2)], n_nodes=24)
        _, axes = plot_mds(features, graphs=[graph])
        assert len(axes[0].collections[0].get_segments()) == 2

    def test_refuses_wrong_numbers(self, features):
        with pytest.raises(ValueError, match="groups must have one entry per node"):
            plot_mds(features, groups=[0, 1])
        with pytest.raises(ValueError, match="titles must name 2 panels, got 1"):
            plot_mds(features, features, titles=["one"])
        with pytest.raises(ValueError, match="ax must hold 2 axes, got 1"):
            plot_mds(features, features, ax=Figure().add_subplot())


class TestGraph:
    def test_edges_inside_a_box_have_its_colour(self):
        cycle = nx.cycle_graph(12)
        cover = box_cover(cycle, 2, rng=0)
        _, ax = plot_graph(cycle, cover=cover)
        segments = sum(len(entry.get_segments()) for entry in ax.collections[:2])
        assert segments == 12
        assert f"{cover.n_boxes} boxes at ℓ = 2 (greedy)" in ax.get_title(loc="left")

    def test_positions_are_taken_as_given(self):
        points = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 2.0]])
        _, ax = plot_graph(nx.path_graph(3), positions=points)
        np.testing.assert_array_equal(ax.collections[-1].get_offsets(), points)

    def test_layout_repeats_and_leaves_global_state_alone(self):
        import random

        graph = FeatureGraph.from_edges(nx.karate_club_graph().edges)
        random.seed(5)
        before = random.getstate()
        first, second = layout_graph(graph, rng=3), layout_graph(graph, rng=3)
        np.testing.assert_array_equal(first, second)
        assert random.getstate() == before

    def test_single_nodes_leave_the_component_its_place(self):
        graph = nx.disjoint_union(nx.cycle_graph(60), nx.empty_graph(40))
        points = layout_graph(graph)
        ring, single = points[:60], points[60:]
        assert np.ptp(ring, axis=0).max() > 0.45 * np.ptp(points, axis=0).max()
        assert single[:, 1].max() < ring[:, 1].min()
        near = np.linalg.norm(single[:, None] - single, axis=2)
        assert near[~np.eye(40, dtype=bool)].min() > 0.1

    def test_components_stand_apart_and_fill_the_page(self):
        graph = nx.disjoint_union_all([nx.cycle_graph(n) for n in (30, 20, 20, 12, 12, 8)])
        points = layout_graph(graph)
        boxes = [points[list(nodes)] for nodes in nx.connected_components(graph)]
        for one, other in combinations(boxes, 2):
            apart = np.maximum(one.min(axis=0) - other.max(axis=0),
                               other.min(axis=0) - one.max(axis=0))  # fmt: skip
            assert apart.max() > 0
        assert 0.4 < np.divide(*np.ptp(points, axis=0)) < 2.5

    def test_a_path_does_not_cross_itself_and_is_no_thin_strip(self):
        points = layout_graph(nx.path_graph(40))
        steps = np.diff(points[:, 0])
        assert (steps > 0).all() or (steps < 0).all()
        _, ax = plot_graph(nx.path_graph(40), positions=points * [1, 0])
        width, height = ax.figure.get_size_inches()
        assert height < 0.35 * width

    @pytest.mark.parametrize("n_nodes", [1, 2])
    def test_tiny_graphs_are_drawn(self, n_nodes):
        graph = FeatureGraph.from_edges(np.empty((0, 2), dtype=int), n_nodes=n_nodes)
        fig, _ = plot_graph(graph, cover=box_cover(graph, 1, rng=0))
        fig.draw_without_rendering()

    def test_a_layer_of_any_name_leaves_room_for_the_picture(self):
        edges = np.array([(0, 1), (1, 2)])
        fig, ax = plot_graph(FeatureGraph.from_edges(edges, layer="encoder." * 40 + "fc"))
        fig.draw_without_rendering()  # warns, and so fails, where the title takes all
        name, facts = ax.get_title(loc="left").split("\n")
        assert name.startswith("…")
        assert name.endswith(".fc")
        assert facts == "3 nodes, 2 edges"

    def test_refuses_what_does_not_fit(self):
        graph = nx.path_graph(4)
        with pytest.raises(ValueError, match=r"positions must be finite, of shape \(4, 2\)"):
            plot_graph(graph, positions=np.zeros((3, 2)))
        with pytest.raises(ValueError, match="cover must have one label for each of the 4 nodes"):
            plot_graph(graph, cover=box_cover(nx.path_graph(3), 1, rng=0))


class TestSsRate:
    rows = (
        {"layer": "fc1", "before": 0.2, "after": 0.5, "null_mean": 0.19, "null_sd": 0.01},
        {"layer": "fc2", "before": None, "after": 0.4},
    )

    def test_rates_stand_in_the_order_of_layers(self):
        _, ax = plot_ss_rate(self.rows, estimator="released")
        assert [label.get_text() for label in ax.get_yticklabels()] == ["fc1", "fc2"]
        top, bottom = sorted(ax.get_ylim())
        assert ax.get_ylim() == (bottom, top)  # the first layer is on top
        after = ax.collections[1].get_offsets()
        np.testing.assert_allclose(after[:, 0], [0.5, 0.4])
        assert "released" in ax.get_xlabel()

    def test_null_band_spans_two_deviations(self):
        _, ax = plot_ss_rate(self.rows)
        (band,) = ax.patches
        np.testing.assert_allclose([band.get_x(), band.get_width()], [0.17, 0.04])

    def test_refuses_no_rows_and_nameless_rows(self):
        with pytest.raises(ValueError, match="at least one layer, got none"):
            plot_ss_rate([])
        with pytest.raises(ValueError, match="row 0 has"):
            plot_ss_rate([{"after": 0.1}])


def test_figures_stay_out_of_pyplot(counts, comparison, features):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    plot_box_counts(counts)
    plot_theta_curves(comparison)
    plot_mds(features)
    assert plt.get_fignums() == before


def test_given_axes_are_used(counts, comparison):
    figure = Figure(figsize=(8, 4))
    axes = figure.subplots(1, 2)
    assert plot_box_counts(counts, ax=axes[0]) == (figure, axes[0])
    assert plot_theta_curves(comparison, ax=axes[1]) == (figure, axes[1])
    nested = Figure().subfigures(1, 2)[0]
    inner = nested.add_subplot()
    assert plot_ss_rate(TestSsRate.rows, ax=inner) == (nested.figure, inner)
