"""Figures on disk."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from matplotlib.figure import Figure

from featgraph.plot import plot_ss_rate, save_figure


@pytest.fixture
def figure():
    return plot_ss_rate([{"layer": "fc1", "after": 0.3}])[0]


def test_writes_both_formats(figure, tmp_path):
    png, svg = save_figure(figure, tmp_path / "rates")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert ElementTree.parse(svg).getroot().tag.endswith("svg")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rates.png", "rates.svg"]


def test_suffix_is_the_only_format_and_dots_in_names_stay(figure, tmp_path):
    assert [path.name for path in save_figure(figure, tmp_path / "a.pdf")] == ["a.pdf"]
    written = save_figure(figure, tmp_path / "blocks.0", formats=["svg"])
    assert [path.name for path in written] == ["blocks.0.svg"]


def test_same_figure_same_bytes(tmp_path):
    names = []
    for name in ("a", "b"):
        fig, _ = plot_ss_rate([{"layer": "fc1", "after": 0.3}])
        names.append(save_figure(fig, tmp_path / name)[1])
    assert names[0].read_bytes() == names[1].read_bytes()


def test_refuses_unknown_format(tmp_path):
    with pytest.raises(ValueError, match="formats must be one of"):
        save_figure(Figure(), tmp_path / "a", formats=["bmp"])
