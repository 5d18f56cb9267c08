"""Automatic choice of a method by the number of nodes."""

from __future__ import annotations

from typing import Any

import numpy as np

from featgraph.boxes._run import find_module, solve_beside, wrap_cover
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.metric_space import MetricSpace, RawCover, open_graph_space
from featgraph.core.checks import choice
from featgraph.core.random import RandomState, as_rng

__all__ = ["choose_method", "cover_auto", "solve"]


KINDS = ("diameter", "radius")

# up to this many nodes the method that makes fewest boxes in about a second; then faster ones
FEW, MANY = 2_000, 50_000


def cover_auto(
    graph: Any,
    size: float,
    *,
    kind: str = "diameter",
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
) -> BoxCover:
    """Cover a graph by the method that suits its number of nodes.

    Diameter boxes: ``iterated_greedy`` up to 2,000 nodes, ``greedy`` in DSATUR order up to
    50,000, and in order of degree beyond. Radius boxes: ``memb`` up to 50,000 nodes, ``sketch``
    beyond.

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        Graph to cover.
    size : float
        Inclusive bound of the distances inside a box, or radius: whole hops, or any number with
        ``weight``.
    kind : {"diameter", "radius"}, default="diameter"
        What ``size`` bounds.
    weight : str, optional
        Name of the edge weights that are distances; default: hops.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of randomness; an int makes the run repeatable.

    Returns
    -------
    BoxCover
        The cover; ``method`` and ``options`` say what was chosen, and by ``auto``.

    Raises
    ------
    ValueError
        If ``kind`` is unknown, or ``size`` is negative or a fraction of a hop.

    Notes
    -----
    Costs are those of the method chosen.

    References
    ----------
    Those of the methods.

    Examples
    --------
    >>> import networkx
    >>> cover_auto(networkx.path_graph(9), 2, rng=0)
    BoxCover(n_boxes=3, n_nodes=9, size=2, kind='diameter', method='iterated_greedy')
    """
    choice(kind, KINDS, "kind")
    space = open_graph_space(graph, weight=weight, as_undirected=as_undirected)
    method, options = choose_method(space.n_nodes, kind)
    checked = space.size(size)
    found = solve_beside(find_module(method).solve, space, checked, as_rng(rng), options)
    chosen = {**options, "chosen_by": "auto"}
    return wrap_cover(found, space, checked, method, rng, chosen)


def choose_method(n_nodes: int, kind: str) -> tuple[str, dict[str, Any]]:
    """Return the method for so many nodes, and its options.

    Examples
    --------
    >>> choose_method(10_000, "diameter")
    ('greedy', {'order': 'dsatur'})
    """
    if kind == "radius":
        return ("memb" if n_nodes <= MANY else "sketch"), {}
    if n_nodes <= FEW:
        return "iterated_greedy", {"iterations": 1000, "patience": 200}
    return "greedy", {"order": "dsatur" if n_nodes <= MANY else "degree"}


def solve(
    space: MetricSpace, size: float, rng: np.random.Generator, *, kind: str = "diameter"
) -> RawCover:
    """Return what the chosen method finds."""
    method, options = choose_method(space.n_nodes, choice(kind, KINDS, "kind"))
    found: RawCover = find_module(method).solve(space, size, rng, **options)
    return found
