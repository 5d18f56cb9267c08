"""k-cores: how deep in the graph each node lies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.graph.convert import takes_any_graph
from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["find_cores"]


@takes_any_graph()
def find_cores(graph: FeatureGraph) -> NDArray[np.int64]:
    """Return the core number of each node: the largest k whose k-core holds it.

    The k-core is what is left after removing nodes with fewer than k neighbours, again and again.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph; isolated nodes have core number 0.

    Returns
    -------
    ndarray of int64, shape (n_nodes,)
        Core numbers.

    Notes
    -----
    Time O(n_nodes + n_edges), compiled.

    References
    ----------
    Seidman 1983, Soc. Networks 5:269, doi:10.1016/0378-8733(83)90028-X; Batagelj & Zaversnik
    2011, Adv. Data Anal. Classif. 5:129, doi:10.1007/s11634-010-0079-y (algorithm).

    Examples
    --------
    >>> find_cores(FeatureGraph.from_edges([(0, 1), (1, 2), (0, 2), (2, 3)])).tolist()
    [2, 2, 2, 1]
    """
    from featgraph.graph._degree_kernels import peel_cores

    core = np.empty(graph.n_nodes, dtype=np.int64)
    peel_cores(graph.indptr, graph.indices, core)
    return core
