"""HALO: balls around hubs and compact boxes from the rim, the redundant ones dropped.

Proposed are the balls of the centres that ``memb`` finds for half the size (rounded down), and
compact boxes: from an uncovered seed of lowest degree, random nodes within ``size`` of all
members join, uncovered ones first, until none is left; again until all are covered. Then, by
rising number of uncovered nodes, each proposal is dropped unless it alone still holds some node.
Boxes come in order of choice, each without what older ones hold. The name stands for hub-collision
avoidance and leaf-node options.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.candidate_boxes import (
    Boxes,
    join_proposals,
    open_table,
    propose_boxes,
)
from featgraph.boxes.centers import select_centers
from featgraph.boxes.greedy_set_cover import choose_boxes
from featgraph.boxes.metric_space import MetricSpace, RawCover

__all__ = ["solve"]

Ints = NDArray[np.int64]


def solve(space: MetricSpace, size: float, rng: np.random.Generator) -> RawCover:
    """Return the boxes chosen from balls and compact boxes."""
    graph = space.neighbors(size)
    ties = rng.permutation(space.n_nodes)
    by_degree = ties[np.argsort((graph.stops - graph.starts)[ties], kind="stable")]
    grown = propose_boxes(open_table(space, size), by_degree, 0, rng, prefer_uncovered=True)
    boxes = join_proposals(_hub_balls(space, size, rng), grown)
    return RawCover(choose_boxes(boxes, space.n_nodes, "small_first")[1])


def _hub_balls(space: MetricSpace, size: float, rng: np.random.Generator) -> Boxes:
    radius = space.half(size)
    if radius == 0 and space.name == "hop":  # balls of single nodes
        nodes = np.arange(space.n_nodes, dtype=np.int64)
        return np.arange(space.n_nodes + 1, dtype=np.int64), nodes
    centers, _ = select_centers(space, radius, rng.permutation(space.n_nodes))
    near = space.pairs(radius)
    balls = [np.append(near.indices[near.starts[c] : near.stops[c]], c) for c in centers.tolist()]
    return np.concatenate([[0], np.cumsum([ball.size for ball in balls])]), np.concatenate(balls)
