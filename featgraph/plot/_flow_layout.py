"""Positions for all graphs of a renormalisation flow, so that a box stands where its node will."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.renormalization import RenormalizationFlow
from featgraph.plot.graph_drawing import center_layout, settle
from featgraph.plot.positions import align_positions

__all__ = ["layout_flow", "mass_centers"]

Floats = NDArray[np.float64]
#: Above this number of nodes an overlap is a point on a point, and pairs are too many.
_MOST_SEPARATED = 600


def layout_flow(
    flow: RenormalizationFlow,
    masses: list[Floats],
    *,
    radius: float,
    generator: np.random.Generator,
) -> list[Floats]:
    """Lay out every graph, each starting where the nodes of the next one stand.

    The layout comes out of the boxes themselves, coarse before fine, as in multilevel drawing
    (Walshaw 2003, doi:10.7155/jgaa.00070). Each is scaled to the unit square; ``radius`` is
    that of a node of all the mass, and nodes move apart until none covers another.
    """
    last = flow.graphs[-1]
    places = [_sunflower(masses[-1])]
    if last.n_edges:
        heat = 0.6 * np.sqrt(last.n_nodes)
        places = [settle(last, places[0], heat=heat, n_iter=300, generator=generator)]
    for graph, cover in zip(flow.graphs[-2::-1], flow.covers[::-1], strict=True):
        n_nodes = graph.n_nodes
        spread = np.sqrt(n_nodes / cover.n_boxes)  # an edge wants length 1 in every graph
        start = spread * places[0][cover.labels] + generator.normal(scale=0.7, size=(n_nodes, 2))
        heat = max(1.0, 0.06 * np.sqrt(n_nodes))
        # Large graphs begin near their end, and a round of theirs costs most of a second.
        n_iter = int(np.clip(min(1e6 / n_nodes, 3e9 / n_nodes**2), 10, 300))
        places.insert(0, settle(graph, start, heat=heat, n_iter=n_iter, generator=generator))
    places[0] = center_layout(places[0])
    for k, cover in enumerate(flow.covers):  # forces turn a graph as a whole; turn it back
        target = _pool(places[k], cover.labels, masses[k])
        places[k + 1] = align_positions(_center(places[k + 1]), _center(target))
    return [
        _separate(_fit(points), radius * np.sqrt(mass / mass.sum()))
        for points, mass in zip(places, masses, strict=True)
    ]


def mass_centers(flow: RenormalizationFlow, masses: list[Floats], first: Floats) -> list[Floats]:
    """Return mean positions of the nodes of the first graph in each node of each graph."""
    found = [first]
    for cover, mass in zip(flow.covers, masses, strict=False):
        found.append(_pool(found[-1], cover.labels, mass))
    return found


def _pool(points: Floats, labels: NDArray[np.int64], mass: Floats) -> Floats:
    sums = [np.bincount(labels, mass * points[:, k]) for k in (0, 1)]
    return np.stack(sums, axis=1) / np.bincount(labels, mass)[:, None]


def _center(points: Floats) -> Floats:
    centered: Floats = points - points.mean(axis=0)
    return centered


def _sunflower(mass: Floats) -> Floats:
    """Place nodes without edges on a spiral, the heaviest inside, each with room by its mass."""
    order = np.argsort(-mass, kind="stable")
    before = np.cumsum(mass[order]) - mass[order]
    angle = np.arange(mass.size) * np.pi * (3 - np.sqrt(5))
    distance = np.sqrt((before + mass[order] / 2) / mass.mean()) * (mass.size > 1)
    places = np.empty((mass.size, 2))
    places[order] = distance[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return places


def _fit(points: Floats) -> Floats:
    """Scale positions to the square from −1 to 1; fewer than nine nodes leave more of it free."""
    low, high = points.min(axis=0), points.max(axis=0)
    extent = max(float((high - low).max()) / 2, 1e-12)
    scaled: Floats = (points - (low + high) / 2) / extent * min(1.0, np.sqrt(len(points)) / 3)
    return scaled


def _separate(points: Floats, radii: Floats, n_iter: int = 60) -> Floats:
    """Push discs apart along the line between them until none covers another."""
    if not 1 < len(points) <= _MOST_SEPARATED:
        return points
    need = 1.1 * (radii[:, None] + radii[None, :])
    share = radii[None, :] / (radii[:, None] + radii[None, :])  # the lighter one gives way
    for _ in range(n_iter):
        apart = points[:, None] - points[None, :]
        gaps = np.maximum(np.linalg.norm(apart, axis=2), 1e-9)
        push = np.maximum(need - gaps, 0) * share / gaps
        np.fill_diagonal(push, 0)
        if not push.any():
            break
        points = points + (push[:, :, None] * apart).sum(axis=1)
    return _fit(points)
