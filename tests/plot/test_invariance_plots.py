"""Pictures of invariance show the numbers they are drawn from."""

from __future__ import annotations

import functools

import numpy as np
import pytest
from matplotlib.figure import Figure

from featgraph.invariance import (
    compare_training,
    measure_correlation_dimension,
    measure_geometric_invariance,
    measure_scale_invariance,
)
from featgraph.plot import (
    plot_correlation_sum,
    plot_dimensions,
    plot_exponents,
    plot_figure2,
    plot_node_clusters,
    plot_spectra,
)
from tests.naive.clouds import make_cloud


@functools.lru_cache
def features(seed=0, n_nodes=60, n_samples=90):
    return np.random.default_rng(seed).normal(size=(n_nodes, n_samples))


@functools.lru_cache
def spectra(n_layers=2, n_resamples=0):
    layers = {f"layer{k}": features(k) for k in range(n_layers)}
    return measure_scale_invariance(layers, n_resamples=n_resamples, rivals=(), rng=0)


@functools.lru_cache
def dimensions(variant="full"):
    layers = {"a": make_cloud("square", 120).T, "b": make_cloud("3-cube", 120).T}
    return measure_geometric_invariance(
        layers, variant=variant, embedding="none", n_resamples=4, rng=0
    )


def line_of(ax, index):
    x, y = ax.lines[index].get_data()
    return np.asarray(x), np.asarray(y)


def test_spectrum_shows_every_eigenvalue_and_the_fitted_slope():
    result = spectra()
    fig, axes = plot_spectra(result)
    assert isinstance(fig, Figure)
    assert [ax.get_title(loc="left") for ax in axes] == ["layer0", "layer1"]
    for ax, row in zip(axes, result.layers, strict=True):
        x, y = line_of(ax, 0)
        np.testing.assert_array_equal(x, row.spectrum.values)
        np.testing.assert_allclose(y, np.arange(1, x.size + 1) / x.size)
        x, y = line_of(ax, 1)
        slope = np.diff(np.log(y)) / np.diff(np.log(x))
        assert slope[0] == pytest.approx(1 - row.fit.exponent)
        # The line starts where the data stand at x_min.
        assert y[0] == pytest.approx(row.fit.n_tail / row.fit.n_values)
        assert ax.get_xscale() == ax.get_yscale() == "log"
        assert f"γ = {row.fit.exponent:.2f}" in ax.texts[0].get_text()
    assert axes[0].get_xlabel() == "eigenvalue λ (activation²)"


@pytest.mark.parametrize(("n_layers", "shape"), [(1, (1,)), (4, (4,)), (5, (5,))])
def test_spectra_have_one_panel_per_layer(n_layers, shape):
    assert plot_spectra(spectra(n_layers))[1].shape == shape
    assert plot_spectra(spectra(n_layers), max_layers=1)[1].shape == (1,)


def test_exponents_carry_bars_and_labels():
    result = spectra(2, 8)
    _, ax = plot_exponents(result)
    (container,) = ax.containers
    np.testing.assert_array_equal(container.lines[0].get_ydata(), result.exponents)
    assert [label.get_text() for label in ax.get_xticklabels()] == ["layer0", "layer1"]
    assert f"σ = {result.sigma:.3f}" in ax.get_legend().get_texts()[0].get_text()
    _, ax = plot_exponents(result, spectra(), labels=("trained", "untrained"))
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["trained", "untrained"]
    with pytest.raises(ValueError, match="labels must name 1 results, got 2"):
        plot_exponents(result, labels=("a", "b"))
    with pytest.raises(ValueError, match="at least one ScaleInvariance"):
        plot_exponents()


def test_correlation_sum_shows_curve_line_and_window():
    result = dimensions()
    _, axes = plot_correlation_sum(result)
    assert axes.shape == (2, 2)
    fit = result.layers[0].correlation
    top, bottom = axes[:, 0]
    x, y = line_of(top, 0)
    np.testing.assert_array_equal(x, fit.sum.radii)
    np.testing.assert_array_equal(y, fit.sum.values)
    x, y = line_of(top, 1)
    assert (np.diff(np.log(y)) / np.diff(np.log(x)))[0] == pytest.approx(fit.dimension)
    np.testing.assert_array_equal(line_of(bottom, 1)[0], fit.window)
    np.testing.assert_array_equal(line_of(bottom, 1)[1], [fit.dimension] * 2)
    assert bottom.get_ylim()[0] == 0
    assert f"D₂ = {fit.dimension:.2f}" in top.texts[0].get_text()


def test_correlation_sum_takes_one_cloud_or_named_clouds():
    fit = measure_correlation_dimension(make_cloud("square", 100), n_resamples=0)
    assert plot_correlation_sum(fit)[1].shape == (2, 1)
    assert plot_correlation_sum({"x": fit, "y": fit, "z": fit})[1].shape == (2, 3)
    bent = measure_correlation_dimension((0.8 ** np.arange(150))[:, None], n_resamples=0)
    _, axes = plot_correlation_sum(bent)
    assert "no plateau" in axes[0, 0].texts[0].get_text()
    with pytest.raises(ValueError, match="the variant 'released' keeps none"):
        plot_correlation_sum(dimensions("released"))


def test_dimensions_stand_beside_neighbour_estimates():
    _, ax = plot_dimensions(dimensions())
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[0].startswith("D₂ full: Δ = ")
    assert labels[1:] == ["TwoNN", "likelihood, 20 neighbours"]
    np.testing.assert_array_equal(ax.containers[0].lines[0].get_ydata(), dimensions().dimensions)
    _, ax = plot_dimensions(dimensions(), dimensions("released"), neighbors=False)
    assert len(ax.containers) == 2
    with pytest.raises(ValueError, match="at least one GeometricInvariance"):
        plot_dimensions()


def test_figure2_has_two_rows_per_model_and_keeps_distances():
    before, after = {"a": features(1), "b": features(2)}, {"a": features(3), "b": features(4)}
    change = compare_training(before, after)
    _, axes = plot_figure2({"one": change, "two": change})
    assert axes.shape == (4, 2)
    assert [ax.get_ylabel() for ax in axes[:, 0]] == [
        "one, untrained", "one, trained", "two, untrained", "two, trained",
    ]  # fmt: skip
    for ax in axes.ravel():
        assert ax.collections[0].get_offsets().shape == (60, 2)
        assert ax.get_aspect() == 1.0
    measured = change.layers[0].after_linearity
    assert f"isotropy {measured.isotropy:.2f}" in axes[1, 0].get_xlabel()
    # The scale bar has the length it states, in units of the picture.
    (bar,) = [line for line in axes[0, 0].lines if line.get_gid() == "scale"]
    width = axes[0, 0].get_xlim()[1] - axes[0, 0].get_xlim()[0]
    stated = float(axes[0, 0].get_xlabel().split("C = ")[1].split("\n")[0])
    assert bar.get_xdata()[1] * width == pytest.approx(stated)


def test_figure2_of_models_of_different_depth_and_methods():
    deep = compare_training([features(1), features(2)], [features(3), features(4)])
    flat = compare_training([features(1)], [features(3)])
    _, axes = plot_figure2({"deep": deep, "flat": flat}, max_layers=3, method="metric")
    assert axes.shape == (4, 2)
    assert not axes[2, 1].axison
    assert plot_figure2(deep, max_layers=1)[1].shape == (2, 1)
    _, axes = plot_figure2({"deep": deep, "flat": flat}, max_layers=1)
    assert [ax.get_title() for ax in axes[0]] == ["deep\nlayer 0", "flat\nlayer 0"]
    with pytest.raises(ValueError, match="at least one model, got none"):
        plot_figure2({})


def test_clusters_are_drawn_once_per_level():
    change = compare_training(features(1, 40, 5), features(2, 40, 5)).layers[0]
    _, axes = plot_node_clusters(change, levels=(0.2, 0.6))
    assert axes.shape == (2, 2)
    for ax in axes.ravel():
        stated = int(ax.get_title(loc="left").split(": ")[1].split()[0])
        alone = len(ax.collections[1].get_offsets())
        discs = len(ax.collections[3].get_offsets())
        assert alone + discs == stated
    assert axes[0, 0].get_ylabel() == "untrained"
