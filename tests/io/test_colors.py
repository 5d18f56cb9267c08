"""Colours: distinct, stable, and apart for colour-blind eyes."""

from __future__ import annotations

import numpy as np
import pytest

from featgraph.io import box_colors, value_colors
from featgraph.io.colors import _seen_colors


@pytest.mark.parametrize("n_colors", [0, 1, 7, 8, 256, 257, 20_000])
def test_colors_are_distinct_bytes(n_colors):
    colors = box_colors(n_colors)
    assert colors.shape == (n_colors, 3)
    assert len(np.unique(colors, axis=0)) == n_colors
    assert n_colors == 0 or (colors.min() >= 0 and colors.max() <= 255)


def test_a_color_does_not_depend_on_how_many_there_are():
    most = box_colors(300)
    for n_colors in (3, 7, 8, 100, 256, 257):
        np.testing.assert_array_equal(box_colors(n_colors), most[:n_colors])


def test_the_first_twenty_are_apart_for_every_kind_of_vision():
    seen = _seen_colors(box_colors(20))
    gaps = np.linalg.norm(seen[:, :, None] - seen[:, None], axis=3)
    gaps[:, range(20), range(20)] = np.inf
    # 0.02 is about one just noticeable difference of OKLab
    assert gaps.min() > 0.07


def test_callers_cannot_change_the_palette():
    box_colors(20)[:] = 0
    assert box_colors(20).max() > 0


def test_values_rise_in_lightness_and_gaps_are_grey():
    colors = value_colors([np.nan, 3.0, 1.0, 2.0, np.inf])
    assert colors[[0, 4]].tolist() == [[128, 128, 128]] * 2
    lightness = _seen_colors(colors[[2, 3, 1]])[0, :, 0]
    assert (np.diff(lightness) > 0).all()


def test_values_of_every_size():
    assert value_colors([]).shape == (0, 3)
    assert len(np.unique(value_colors([5.0, 5.0]), axis=0)) == 1
    assert value_colors([-1e308, 1e308]).tolist() == [[0, 34, 78], [254, 232, 56]]


def test_bad_input():
    with pytest.raises(ValueError, match="n_colors must be a whole number of at least 0, got -1"):
        box_colors(-1)
    with pytest.raises(ValueError, match="n_colors must be at most 1000000"):
        box_colors(2_000_000)
    with pytest.raises(ValueError, match="values must be an array of real numbers"):
        value_colors(["a"])
