"""Colours for the box tree of a renormalisation flow: who keeps a colour, who takes another's."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.renormalization import RenormalizationFlow
from featgraph.io.colors import box_colors

__all__ = ["choose_families", "color_boxes", "flow_masses"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
#: The colours of Okabe and Ito, those of boxes everywhere, and what has none.
_COLORS, _NO_COLOR = box_colors(7).tolist(), [150, 150, 150]
#: Mixed into a colour, so that boxes of one colour differ: share of white (above 0) or black.
_SHADES = (0.0, 0.45, -0.35, 0.25, -0.18, 0.6)


def flow_masses(flow: RenormalizationFlow) -> list[Floats]:
    """Return for each node of each graph how many nodes of the first graph are in it."""
    masses: list[Floats] = [np.ones(flow.graphs[0].n_nodes)]
    for cover in flow.covers:
        masses.append(np.bincount(cover.labels, masses[-1]).astype(np.float64))
    return masses


def choose_families(flow: RenormalizationFlow, masses: list[Floats]) -> list[Ints]:
    """Return the colour number of each node of each graph, −1 without a colour.

    A head is a node that is not the heaviest of its box: what is in it goes its own way up to
    there. The heaviest heads of all graphs get the colours, and nodes that are no heads the
    colour of the box they end in.
    """
    n_steps = flow.n_steps
    heads = [np.ones(mass.size, dtype=bool) for mass in masses]
    for head, cover, mass in zip(heads, flow.covers, masses, strict=False):
        order = np.argsort(-mass, kind="stable")
        head[order[np.unique(cover.labels[order], return_index=True)[1]]] = False
    if n_steps:
        heads[0][:] = False  # single nodes are never seen as boxes
    level = np.concatenate([np.full(mass.size, k) for k, mass in enumerate(masses)])
    node = np.concatenate([np.arange(mass.size) for mass in masses])
    weight = np.concatenate(masses) * np.concatenate(heads)
    chosen = np.lexsort((-level, -weight))[: len(_COLORS)]
    found = [np.full(mass.size, -1, dtype=np.int64) for mass in masses]
    for step in range(n_steps, -1, -1):
        if step < n_steps:
            found[step] = found[step + 1][flow.covers[step].labels]
        for color, k in enumerate(chosen.tolist()):
            if level[k] == step and weight[k] > 0:
                found[step][node[k]] = color
    return found


def color_boxes(families: Ints, masses: Floats) -> Floats:
    """Return one RGB colour per box; boxes of one family differ in lightness."""
    order = np.lexsort((-masses, families))
    sorted_families = families[order]
    rank = np.arange(order.size) - np.searchsorted(sorted_families, sorted_families)
    shade = np.empty(order.size)
    shade[order] = np.array(_SHADES)[rank % len(_SHADES)]
    colors = np.array([*_COLORS, _NO_COLOR])[families] / 255  # −1 is the last row
    mixed: Floats = colors * (1 - np.abs(shade))[:, None] + np.maximum(shade, 0)[:, None]
    return mixed
