"""Pictures of gains show the numbers they are drawn from."""

import pytest

from benchmarks.reproduce.gain_plots import plot_gain_scatter


def test_gains_stand_where_they_were_measured():
    rows = [
        {"network": "a", "gain": 1.0, "gain_low": 0.5, "gain_high": 1.5, "σ": 0.1, "Δ": 0.3},
        {"network": "b", "gain": -1.0, "σ": 0.4, "Δ": None},
    ]
    fig, axes = plot_gain_scatter(rows, ["σ", "Δ"])
    points = [line for line in axes[0].lines if line.get_gid() == "net"]
    assert [line.get_xydata().tolist() for line in points] == [[[0.1, 1.0]], [[0.4, -1.0]]]
    assert len([line for line in axes[1].lines if line.get_gid() == "net"]) == 1
    assert [text.get_text() for text in fig.legends[0].get_texts()] == ["a", "b"]
    with pytest.raises(ValueError, match="at least one measure"):
        plot_gain_scatter(rows, [])
