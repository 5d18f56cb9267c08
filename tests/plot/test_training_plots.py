"""Pictures of training show what was logged, and keep layers apart."""

from __future__ import annotations

import pytest
from matplotlib.colors import to_hex

from featgraph.plot import plot_rate_trajectories


def rows_of(n_layers):
    return [
        {"epoch": e, "layer": f"blocks.{k}", "released": 0.1 * e, "linkage": 0.02 * k}
        for k in range(n_layers)
        for e in (0, 1, 2)
    ]


@pytest.mark.parametrize("n_layers", [1, 7, 8, 24])
def test_every_layer_has_a_colour_of_its_own(n_layers):
    _, ax = plot_rate_trajectories(rows_of(n_layers))
    assert len(ax.lines) == 2 * n_layers
    assert len({to_hex(line.get_color()) for line in ax.lines}) == n_layers
    assert ax.lines[0].get_ydata() == pytest.approx([0.0, 0.1, 0.2])
    names = [text.get_text() for text in ax.get_legend().get_texts()]
    assert names[:n_layers] == [f"blocks.{k}" for k in range(n_layers)]
