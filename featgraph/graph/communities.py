"""Communities: groups of nodes with more edges inside than chance would put there."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray

from featgraph._checks import positive
from featgraph._random import RandomState, as_rng
from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["find_communities"]


def find_communities(
    graph: FeatureGraph, *, resolution: float = 1.0, rng: RandomState = 0
) -> NDArray[np.int64]:
    """Return the community of each node by the Leiden method for modularity.

    Every edge counts 1, whatever its weight: weights of a FeatureGraph are distances, and
    modularity would read them as strengths.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph; components never share a community.
    resolution : float, default=1.0
        Above 1 gives more and smaller communities.
    rng : Generator, int or None, default=0
        Source of the order in which nodes are visited.

    Returns
    -------
    ndarray of int64, shape (n_nodes,)
        Numbers from 0, the largest community first.

    Raises
    ------
    ValueError
        If ``resolution`` is not above 0.

    Notes
    -----
    Time about O(n_nodes + n_edges). The igraph library draws from one generator per process;
    it is lent a private one for the call and given back Python's ``random``, its default.

    References
    ----------
    Traag, Waltman & van Eck 2019, Sci. Rep. 9:5233, doi:10.1038/s41598-019-41695-z.

    Examples
    --------
    >>> graph = FeatureGraph.from_edges([(0, 1), (1, 2), (0, 2), (3, 4), (5, 6)])
    >>> find_communities(graph).tolist()
    [0, 0, 0, 1, 1, 2, 2]
    """
    import igraph

    resolution = positive(resolution, "resolution")
    seed = int(as_rng(rng).integers(2**63))
    bare = igraph.Graph(n=graph.n_nodes, edges=graph.edges.tolist())
    igraph.set_random_number_generator(random.Random(seed))
    try:
        parts = bare.community_leiden(
            objective_function="modularity", resolution=resolution, n_iterations=-1
        )
    finally:
        igraph.set_random_number_generator(random)
    labels = np.array(parts.membership, dtype=np.int64)
    # stable: of communities of equal size the one with the first node comes first
    first = np.unique(labels, return_index=True)[1]
    order = np.lexsort((first, -np.bincount(labels)))
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    result: NDArray[np.int64] = rank[labels]
    return result
