"""Differential evolution of the order in which greedy covering takes the nodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes._run import run_cover
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.first_fit import map_tasks, open_fit
from featgraph.boxes.memory import check_memory
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.core.checks import fraction, integer, positive
from featgraph.core.random import RandomState

__all__ = ["cover_evolution", "solve"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


def cover_evolution(
    graph: Any,
    size: float,
    *,
    population: int = 40,
    generations: int = 30,
    scale: float = 0.9,
    crossover: float = 0.85,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
) -> BoxCover:
    """Cover a graph by greedy boxes in an order found by differential evolution.

    A vector of one number per node stands for the order that sorts it, and is worth the
    number of boxes of greedy covering in that order. From generation to generation each
    vector x meets a rival: a + ``scale`` (b − c) of three others in a random share
    ``crossover`` of places (at least one), x in the rest. The rival stays if it needs fewer
    boxes. The best cover ever met is returned.

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        Graph to cover.
    size : float
        Largest distance inside a box, inclusive: whole hops, or any number with ``weight``.
    population : int, default=40
        Number of vectors, at least 4; as in the comparative study of Kovács et al. 2021.
    generations : int, default=30
        Number of generations, at least 0; 30 and 70 in that study.
    scale : float, default=0.9
        Weight of the difference, above 0; F in the paper.
    crossover : float, default=0.85
        Probability of each place of the rival to come from the mutant, in [0, 1]; CR.
    weight : str, optional
        Name of the edge weights that are distances; default: hops.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of vectors and choices; an int makes the run repeatable.

    Returns
    -------
    BoxCover
        Diameter boxes of the best order.

    Raises
    ------
    ValueError
        If an option breaks its rule, or ``size`` is negative or a fraction of a hop.

    Notes
    -----
    population × (generations + 1) greedy coverings of O(n_nodes · b) each, b the mean number
    of nodes within ``size`` of a node; their lists take O(n_nodes · b) memory, the vectors
    O(population · n_nodes).

    References
    ----------
    Kuang, Zhao, Wang, Li, Yu & Li 2014, "A differential evolution box-covering algorithm for
    fractal dimension on complex networks", IEEE Congress on Evolutionary Computation 693.

    Examples
    --------
    >>> import networkx
    >>> cover_evolution(networkx.cycle_graph(9), 2, rng=0).n_boxes
    3
    """
    return run_cover(
        solve,
        "evolution",
        graph,
        size,
        weight=weight,
        as_undirected=as_undirected,
        rng=rng,
        options={
            "population": population,
            "generations": generations,
            "scale": scale,
            "crossover": crossover,
        },
    )


def solve(
    space: MetricSpace,
    size: float,
    rng: np.random.Generator,
    *,
    population: int = 40,
    generations: int = 30,
    scale: float = 0.9,
    crossover: float = 0.85,
) -> RawCover:
    """Return the best greedy cover that evolution met."""
    integer(population, "population", least=4)
    integer(generations, "generations")
    positive(scale, "scale")
    fraction(crossover, "crossover")
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
