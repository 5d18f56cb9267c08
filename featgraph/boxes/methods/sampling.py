"""Sampling: many boxes are drawn, then as few as possible of them are chosen.

Maximal boxes grow from a random node that no sample holds yet (from any, once all are held) by
random nodes within ``size`` of all members, covered or not, until none is left; there are
``n_samples`` times as many as random sequential covering needs. Random sequential boxes are those
of ``n_samples`` runs. Then boxes are chosen until all is covered. They come in order of choice,
each without what older ones hold.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.candidate_boxes import Boxes, open_table, propose_boxes
from featgraph.boxes.greedy_set_cover import choose_boxes
from featgraph.boxes.methods.random_sequential import solve as solve_sequential
from featgraph.boxes.metric_space import MetricSpace, RawCover

__all__ = ["solve"]

Ints = NDArray[np.int64]


def solve(
    space: MetricSpace,
    size: float,
    rng: np.random.Generator,
    *,
    boxes: str,
    strategy: str,
    n_samples: int,
) -> RawCover:
    """Return the chosen boxes."""
    if boxes == "random_sequential":
        drawn, centers = _draw_sequential(space, size, n_samples, rng)
        chosen, labels = choose_boxes(drawn, space.n_nodes, strategy)
        return RawCover(labels, centers[chosen])
    radius = space.half(size)
    few = solve_sequential(space, radius, rng, seeds="uncovered").labels.max() + 1
    seeds = rng.permutation(space.n_nodes)
    wanted = n_samples * int(few)
    drawn = propose_boxes(open_table(space, size), seeds, wanted, rng, prefer_uncovered=False)
    return RawCover(choose_boxes(drawn, space.n_nodes, strategy)[1])


def _draw_sequential(
    space: MetricSpace, size: float, n_samples: int, rng: np.random.Generator
) -> tuple[Boxes, Ints]:
    runs = [solve_sequential(space, size, rng, seeds="uncovered") for _ in range(n_samples)]
    masses = np.concatenate([np.bincount(run.labels) for run in runs])
    members = np.concatenate([np.argsort(run.labels, kind="stable") for run in runs])
    centers = [run.centers for run in runs if run.centers is not None]
    return (np.concatenate([[0], np.cumsum(masses)]), members), np.concatenate(centers)
