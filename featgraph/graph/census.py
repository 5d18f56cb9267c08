"""Census: how often each small pattern of nodes occurs."""

from __future__ import annotations

from typing import Any

import numpy as np

from featgraph.core.checks import choice
from featgraph.graph.clustering import count_node_triangles
from featgraph.graph.convert import as_feature_graph

__all__ = ["MOTIFS", "count_motifs"]

#: Patterns of 3 and of 4 nodes that hang together, sparsest first.
MOTIFS: dict[int, tuple[str, ...]] = {
    3: ("empty", "edge", "path", "triangle"),
    4: ("path", "star", "cycle", "paw", "diamond", "clique"),
}
#: Row: a pattern; column: how often it holds each pattern of 4 nodes, its own or a denser one.
_HOLDS = np.array(
    [
        [1, 0, 4, 2, 6, 12],
        [0, 1, 0, 1, 2, 4],
        [0, 0, 1, 0, 1, 3],
        [0, 0, 0, 1, 4, 12],
        [0, 0, 0, 0, 1, 6],
        [0, 0, 0, 0, 0, 1],
    ]
)


def count_motifs(graph: Any, *, size: int = 3) -> dict[str, int]:
    """Count the induced subgraphs of 3 or 4 nodes by their pattern.

    Parameters
    ----------
    graph : FeatureGraph, networkx graph, igraph.Graph, PyG Data or scipy sparse matrix
        Any graph; weights do not count.
    size : {3, 4}, default=3
        3: the triad census, all sets of three nodes: "empty", "edge", "path" (two edges),
        "triangle". 4: connected sets of four: "path", "star", "cycle", "paw" (a triangle with a
        tail), "diamond" (a clique without an edge), "clique".

    Returns
    -------
    dict of str to int
        Number of node sets of each pattern.

    Raises
    ------
    ValueError
        If ``size`` is neither 3 nor 4.

    Notes
    -----
    Patterns that need not be induced are counted from degrees, triangles and common neighbours,
    and the system that ties them to the induced ones is solved, so no set of nodes is listed.
    Time O(n_edges^1.5) for 3; O(Σ degree² + triangles · degree) for 4, and by rows of bits
    O((n_nodes² + triangles) · n_nodes / 63) in graphs of a mean degree above n_nodes / 63. Memory
    O(n_nodes + n_edges).

    References
    ----------
    Milo et al. 2002, Science 298:824, doi:10.1126/science.298.5594.824; Pinar, Seshadhri &
    Vishal 2017, WWW, doi:10.1145/3038912.3052597 (counting).

    Examples
    --------
    >>> import networkx as nx
    >>> count_motifs(nx.path_graph(4))
    {'empty': 0, 'edge': 2, 'path': 2, 'triangle': 0}
    >>> count_motifs(nx.complete_graph(4), size=4)["clique"]
    1
    """
    if size not in MOTIFS:
        choice(str(size), [str(number) for number in MOTIFS], "size")
    net = as_feature_graph(graph, weight="ignore")
    n, m = net.n_nodes, net.n_edges
    if size == 3:
        triangles = int(count_node_triangles(net.indptr, net.indices).sum()) // 3
        paths = sum(k * (k - 1) // 2 for k in net.degrees.tolist()) - 3 * triangles
        edges = m * (n - 2) - 2 * paths - 3 * triangles
        empty = n * (n - 1) * (n - 2) // 6 - edges - paths - triangles
        return dict(zip(MOTIFS[3], (empty, edges, paths, triangles), strict=True))
    from featgraph.graph._bit_kernels import count_four_in_bits, pack_rows, rows_of_bits_pay
    from featgraph.graph._triangle_kernels import count_four

    counts = np.zeros(6, dtype=np.int64)
    if rows_of_bits_pay(n, net.indices.size):
        bits = pack_rows(net.indptr, net.indices)
        count_four_in_bits(net.indptr, net.indices, bits, counts)
    else:
        count_four(net.indptr, net.indices, counts)
    for row in range(5, -1, -1):
        counts[row] -= _HOLDS[row, row + 1 :] @ counts[row + 1 :]
    return dict(zip(MOTIFS[4], counts.tolist(), strict=True))
