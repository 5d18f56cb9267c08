"""Pictures of similarity: what stands on them, and that nothing stays open in pyplot."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from matplotlib.colors import to_rgb
from torch import nn
from torch.utils.data import TensorDataset

from featgraph import plot, similarity as sim, weight_graph


def matrix(values, measure="cka", *, larger=True):
    values = np.asarray(values, dtype=float)
    rows, columns = (tuple(f"{side}{k}" for k in range(n)) for side, n in
                     zip("ab", values.shape, strict=True))  # fmt: skip
    return sim.SimilarityMatrix(values, rows, columns, measure, larger, 10)


def build(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(5, 12), nn.ReLU(), nn.Linear(12, 3))


DATA = TensorDataset(torch.randn(40, 5, generator=torch.Generator().manual_seed(0)),
                     torch.arange(40) % 3)  # fmt: skip


def texts(ax):
    return [item.get_text() for item in ax.texts]


def test_heat_map_names_layers_and_marks_matches():
    fig, ax = plot.plot_similarity(matrix([[0.9, 0.2], [0.3, 1.0]]), names=("A", "B"))
    assert [t.get_text() for t in ax.get_xticklabels()] == ["b0", "b1"]
    assert [t.get_text() for t in ax.get_yticklabels()] == ["a0", "a1"]
    assert ax.get_ylabel() == "layers of A"
    assert texts(ax) == [".90", ".20", ".30", "1.00"]
    assert [tuple(map(float, p.get_xy())) for p in ax.patches] == [(-0.5, -0.5), (0.5, 0.5)]
    assert ax.images[0].get_clim() == (0.0, 1.0)
    assert fig.axes[1].get_ylabel() == "linear CKA (larger: more alike)"
    assert not plt.get_fignums()


@pytest.mark.parametrize(
    ("scores", "limits"),
    [
        ([[0.98, 0.88], [0.9, 0.95]], (0.85, 1.0)),
        ([[1.0, 1.0], [1.0, 1.0]], (0.95, 1.0)),
        ([[0.49, 0.9], [0.6, 0.9]], (0.0, 1.0)),
        ([[-0.2, 0.9], [0.6, 0.9]], (-0.2, 0.9)),
    ],
)
def test_colors_tell_scores_near_one_apart_and_numbers_can_be_read(scores, limits):
    _, ax = plot.plot_similarity(matrix(scores))
    (image,) = ax.images
    assert image.get_clim() == pytest.approx(limits)
    for text in ax.texts:
        column, row = text.get_position()
        ground = image.to_rgba(image.get_array())[row, column, :3]
        assert contrast(to_rgb(text.get_color()), ground) > 4.5  # what WCAG asks of text


def contrast(one, other):
    """Return the ratio of luminances as WCAG 2 defines it."""
    linear = [np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)
              for c in map(np.asarray, (one, other))]  # fmt: skip
    dark, bright = sorted(float(c @ [0.2126, 0.7152, 0.0722]) for c in linear)
    return (bright + 0.05) / (dark + 0.05)


def test_heat_map_of_distances_marks_the_smallest():
    fig, ax = plot.plot_similarity(matrix([[0.1, 2.0], [3.0, 0.2]], "spectrum", larger=False))
    assert [tuple(map(float, p.get_xy())) for p in ax.patches] == [(-0.5, -0.5), (0.5, 0.5)]
    assert ax.images[0].get_clim() == (0.0, 3.0)
    assert "smaller: more alike" in fig.axes[1].get_ylabel()


def test_heat_map_of_many_layers_thins_names_and_numbers():
    fig, ax = plot.plot_similarity(matrix(np.random.default_rng(0).random((60, 60))))
    assert len(ax.get_xticks()) == 20
    assert not ax.texts
    fig.savefig("/dev/null", format="png")


def test_triangle_has_six_panels():
    views = sim.triangle(build(0), build(1), DATA, layers=["1", "2"], sparsities=(0.0, 0.5),
                         n_alphas=3)  # fmt: skip
    fig, axes = plot.plot_triangle(views)
    assert axes.shape == (2, 3)
    assert "divergence" in axes[0, 2].get_title()
    legend = [t.get_text() for t in axes[0, 2].get_legend().get_texts()]
    assert legend[0].startswith("as they are: barrier")
    assert legend[1].startswith("neurons aligned: barrier")
    assert axes[0, 0].get_ylabel() == "layers of Sequential (A)"
    n_outlined = len(axes[0, 0].patches)
    assert n_outlined == len(views.static.divergent)
    fig.savefig("/dev/null", format="png")


def test_triangle_says_what_is_missing():
    torch.manual_seed(2)
    other = nn.Sequential(nn.Linear(5, 9), nn.ReLU(), nn.Linear(9, 4))
    views = sim.triangle(
        build(0), other, DATA.tensors[0], layers=["1"], sparsities=(0.0, 0.5), names=("A", "B")
    )
    _, axes = plot.plot_triangle(views)
    assert "no line between the weights" in texts(axes[0, 2])[0]
    assert "divergence unknown" in axes[0, 2].get_title()
    assert texts(axes[1, 0]) == ["no labels in the data"]


@pytest.mark.parametrize("what", ["similarity", "accuracy", "ss_rate", "dimension"])
def test_pruning_curves_are_those_of_the_sweep(what):
    sweep = sim.sweep_pruning(build(0), build(1), DATA, sparsities=(0.0, 0.4, 0.8), layers=["1"])
    _, ax = plot.plot_pruning(sweep, what=what)
    first = ax.lines[0]
    np.testing.assert_allclose(first.get_xdata(), [0, 40, 80])
    expected = {"similarity": sweep.own_a[:, 0], "accuracy": sweep.accuracy_a,
                "ss_rate": sweep.ss_rate_a[:, 0], "dimension": sweep.dimension_a[:, 0]}  # fmt: skip
    np.testing.assert_allclose(first.get_ydata(), expected[what])
    with pytest.raises(ValueError, match="what must be one of"):
        plot.plot_pruning(sweep, what="loss")


def test_persistence_pictures():
    rng = np.random.default_rng(0)
    graph = weight_graph([rng.normal(size=(90, 80)), rng.normal(size=(4, 90))])
    diagrams = sim.weight_persistence(graph)
    fig, ax = plot.plot_persistence(diagrams)
    labels = [t.get_text() for t in ax.get_legend().get_texts()]
    assert labels[0] == "H₀, components: 173"
    n_loops = len(diagrams.points[1])
    assert labels[1] == f"H₁, loops: {n_loops:,}, births of {n_loops:,} above"
    (births,) = [patch for patch in ax.patches if hasattr(patch, "get_data")]
    heights = births.get_data().values - births.get_data().baseline
    expected = np.histogram(diagrams.points[1][:, 0], births.get_data().edges)[0]
    np.testing.assert_allclose(heights / heights.sum(), expected / expected.sum())
    assert "never dies" in texts(ax)
    fig, ax = plot.plot_barcode(diagrams, max_bars=5)
    assert [t.get_text() for t in ax.get_yticklabels()] == [
        "H₀, components\n5 of 173", f"H₁, loops\n5 of {len(diagrams.points[1]):,}"
    ]  # fmt: skip
    _, ax = plot.plot_landscape({"a": diagrams, "b": diagrams})
    np.testing.assert_allclose(ax.lines[0].get_ydata(), ax.lines[1].get_ydata())
    with pytest.raises(ValueError, match="max_bars must be a whole number of at least 1"):
        plot.plot_barcode(diagrams, max_bars=0)
    fig.savefig("/dev/null", format="png")


def test_empty_diagrams_can_be_drawn():
    empty = sim.PersistenceDiagrams({0: np.empty((0, 2)), 1: np.empty((0, 2))})
    for draw in (plot.plot_persistence, plot.plot_barcode, plot.plot_landscape):
        draw(empty)[0].savefig("/dev/null", format="png")


def test_betti_curves_stand_beside_box_counts():
    from featgraph.boxes import box_counts
    from featgraph.features import FeatureMatrix

    F = FeatureMatrix.from_array(np.random.default_rng(0).normal(size=(20, 5)))
    diagrams = sim.distance_persistence(F, max_dimension=0)
    counts = box_counts(F, sizes=np.linspace(0.2, 2.5, 12), rng=0)
    fig, ax = plot.plot_betti_curves(diagrams, counts=counts, epsilons=[0.1, 1.0, 2.0])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == [
        "boxes N(θ)", "β₀, components"
    ]  # fmt: skip
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), diagrams.betti([0.1, 1.0, 2.0]))
    fig.savefig("/dev/null", format="png")


def test_cross_views_show_intervals():
    table = np.random.default_rng(0).normal(size=(6, 6))
    views = sim.correlate_views(
        {"cka": table + table.T, "aligned_connectivity": table * table.T}, n_resamples=40, rng=0
    )
    _, ax = plot.plot_cross_views(views)
    assert [t.get_text() for t in ax.get_yticklabels()] == ["cka – aligned connectivity"]
    np.testing.assert_allclose(ax.lines[1].get_xdata(), views.correlations[0].interval)
