"""Pictures of verdicts, spectra, flows and training: what stands on the axes."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from featgraph.datasets import make_flower, make_lattice
from featgraph.dimension import analyze_flow, fractality, multifractal_boxes, multifractal_sandbox
from featgraph.plot import plot_flow, plot_fractality, plot_multifractal, plot_tracking


def draw(fig):
    fig.canvas.draw()  # a picture that cannot be drawn is found here


def test_verdict_and_numbers_stand_in_the_picture():
    result = fractality(make_flower(2, 2, 5), scale=2, method="greedy", rng=0, jobs=1)
    fig, ax = plot_fractality(result)
    draw(fig)
    assert ax.get_title(loc="right") == "fractal: the power law holds"
    assert "hops" in ax.get_xlabel()
    assert ax.get_ylabel() == "number of boxes N"
    assert any("$d_B$ = 2.00" in text.get_text() for text in ax.texts)


def test_spectra_and_theory():
    torus = make_lattice((20, 20), periodic=True)
    spectra = {
        "sandbox": multifractal_sandbox(torus, radii=[1, 2, 3, 4, 5]),
        "boxes": multifractal_boxes(torus, method="greedy", repeats=1),
    }
    fig, axes = plot_multifractal(spectra, theory={"exact": (np.array([-5, 5]), np.full(2, 2.0))})
    draw(fig)
    assert [text.get_text() for text in axes[0].get_legend().get_texts()] == [
        "exact", "sandbox", "boxes",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="spectra must hold at least one"):
        plot_multifractal({})


def test_axes_of_a_flow_show_plain_numbers_that_do_not_touch():
    from featgraph.graph import FeatureGraph

    pairs = [(hub, leaf) for hub in range(4) for leaf in range(4, 34)]
    fig, axes = plot_flow(analyze_flow(FeatureGraph.from_edges(pairs), sizes=[1, 2], rng=0))
    assert "nan" not in fig.get_suptitle()
    fig.draw_without_rendering()
    for ax in axes.flat:
        for labels in (ax.get_xticklabels(which="both"), ax.get_yticklabels(which="both")):
            shown = [label for label in labels if label.get_text() and label.get_visible()]
            assert "10^" not in "".join(label.get_text() for label in shown)
            boxes = [label.get_window_extent() for label in shown]
            assert not any(a.overlaps(b) for a, b in itertools.pairwise(boxes))


def test_flow():
    analysis = analyze_flow(make_flower(2, 2, 4), sizes=[1, 2])
    fig, axes = plot_flow(analysis, size=2)
    draw(fig)
    assert all(ax.get_xlabel() and ax.get_ylabel() for ax in axes.flat)
    with pytest.raises(ValueError, match=r"size must be one of \[1.0, 2.0\], got 9"):
        plot_flow(analysis, size=9)


def test_tracking_with_gaps():
    rows = [
        {"time": t - 1.0, "layer": layer, "sigma": math.nan, "n_communities": t, "dimension": None}
        for t in range(3)
        for layer in ("a", "b")
    ]
    fig, axes = plot_tracking(rows, measures=["sigma", "n_communities", "dimension"])
    draw(fig)
    assert "before training" in axes[0].get_xlabel()
    assert [text.get_text() for text in axes[0].texts] == ["no value"]
    with pytest.raises(ValueError, match="did you mean 'sigma'"):
        plot_tracking(rows, measures=["sigmo"])
    with pytest.raises(ValueError, match="at least one entry"):
        plot_tracking([])
