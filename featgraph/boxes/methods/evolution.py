"""Differential evolution of the order in which greedy covering takes the nodes.

A vector of one number per node stands for the order that sorts it, and is worth the number of
boxes of greedy covering in that order. From generation to generation each vector x meets a rival:
a + ``scale`` (b − c) of three others in a random share ``crossover`` of places (at least one), x
in the rest. The rival stays if it needs fewer boxes. The best cover ever met is returned. The
vectors take O(population · n_nodes) memory.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.methods.greedy import open_fit
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.boxes.threads import map_tasks
from featgraph.core.resources import check_memory

__all__ = ["solve"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def solve(
    space: MetricSpace,
    size: float,
    rng: np.random.Generator,
    *,
    population: int,
    generations: int,
    scale: float,
    crossover: float,
) -> RawCover:
    """Return the best greedy cover that evolution met."""
    n_nodes = space.n_nodes
    check_memory(40 * population * n_nodes, f"{population} vectors of {n_nodes} numbers")
    fit = open_fit(space, size)

    def cover(vector: Floats) -> Ints:
        return fit(np.argsort(vector, kind="stable"))

    vectors = rng.random((population, n_nodes))
    covers = map_tasks(cover, list(vectors))
    for _ in range(generations):
        mutants = np.empty_like(vectors)
        for i in range(population):
            others = np.delete(np.arange(population), i)
            a, b, c = rng.choice(others, size=3, replace=False)
            mutants[i] = vectors[a] + scale * (vectors[b] - vectors[c])
        taken = rng.random(vectors.shape) < crossover
        taken[np.arange(population), rng.integers(n_nodes, size=population)] = True
        rivals = np.where(taken, mutants, vectors)
        for i, rival in enumerate(map_tasks(cover, list(rivals))):
            if rival.max() < covers[i].max():
                vectors[i], covers[i] = rivals[i], rival
    return RawCover(min(covers, key=lambda labels: int(labels.max())))
