"""Spectrum: how fast a walk on the graph forgets where it started."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featgraph.core.result import Result
from featgraph.core.rules import SHARE
from featgraph.graph.convert import GraphLike, open_graph
from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["SpectralGap", "spectral_gap"]

_DENSE = 400  # up to this many nodes all eigenvalues are cheaper than an iteration
#: Vectors kept, and the relative residual at which the iteration ends; the error of an eigenvalue
#: is its square over the gap. 200,000 scale-free nodes, whose ends lie in a dense spectrum, take a
#: third of the products of 20 vectors down to rounding, with ten digits the same.
_BASIS, _RESIDUAL = 40, 1e-9


@dataclass(frozen=True, repr=False)
class SpectralGap(Result):
    """Gaps at the ends of two spectra, of the largest component.

    Attributes
    ----------
    laplacian : float
        λ₂ of the normalised Laplacian 1 − D^(−1/2) A D^(−1/2), in [0, 2]: near 0 where a
        bottleneck splits the graph; n/(n−1) for a complete graph.
    mixing : float
        1 − max(|μ₂|, |μ_n|) of D^(−1/2) A D^(−1/2): the gap of the random walk; 0 for bipartite
        graphs.
    adjacency : float
        Difference of the two largest eigenvalues of A.
    left_out : float
        Share of the nodes outside the largest component.
    """

    _rules: ClassVar = {
        "left_out": SHARE,
    }

    laplacian: float
    mixing: float
    adjacency: float
    left_out: float


def spectral_gap(graph: GraphLike) -> SpectralGap:
    """Return the spectral gaps of the largest component of a graph.

    Parameters
    ----------
    graph : FeatureGraph, networkx graph, igraph.Graph, PyG Data or scipy sparse matrix
        Any graph; weights do not count.

    Returns
    -------
    SpectralGap
        All nan where no component has two nodes.

    Raises
    ------
    RuntimeError
        If the iteration does not converge.

    Notes
    -----
    All eigenvalues up to 400 nodes; above, the extreme ones by Lanczos iterations
    (``scipy.sparse.linalg.eigsh``), O(n_edges + 40 · n_nodes) each, from a fixed start, to a
    relative residual of 10⁻⁹. There are some hundreds where gaps are wide (10⁶ scale-free edges:
    2000, half a minute), and many more in long chains and grids. Memory O(n_edges + 40 · n_nodes).

    References
    ----------
    Chung 1997, Spectral Graph Theory, AMS, doi:10.1090/cbms/092.

    Examples
    --------
    >>> import networkx as nx
    >>> round(spectral_gap(nx.complete_graph(5)).laplacian, 6)
    1.25
    """
    net = open_graph(graph).without_weights()
    main = net if net.n_components == 1 else net.giant_component()
    left_out = 1 - main.n_nodes / net.n_nodes
    if main.n_nodes < 2:
        return SpectralGap(math.nan, math.nan, math.nan, left_out)
    matrix = main.to_scipy(weighted=False).astype(np.float64)
    root = 1.0 / np.sqrt(main.degrees)
    walk = matrix.copy()
    walk.data = root[np.repeat(np.arange(main.n_nodes), main.degrees)] * root[main.indices]
    low, second, _ = _ends(walk, main)
    _, below, top = _ends(matrix, main, lowest=False)
    return SpectralGap(
        laplacian=1.0 - second,
        mixing=max(0.0, 1.0 - max(abs(second), abs(low))),
        adjacency=top - below,
        left_out=left_out,
    )


def _ends(matrix: Any, main: FeatureGraph, *, lowest: bool = True) -> tuple[float, float, float]:
    """Return the smallest (nan if not asked for), the second largest and the largest eigenvalue."""
    if main.n_nodes <= _DENSE:
        values: NDArray[np.float64] = np.linalg.eigvalsh(matrix.toarray())
        return float(values[0]), float(values[-2]), float(values[-1])
    from scipy.sparse.linalg import ArpackError, eigsh

    start = np.random.default_rng(0).normal(size=main.n_nodes)
    how = {"k": 3, "which": "BE"} if lowest else {"k": 2, "which": "LA"}
    try:
        values = eigsh(
            matrix, v0=start, ncv=_BASIS, tol=_RESIDUAL, return_eigenvectors=False, **how
        )
    except ArpackError as error:
        raise RuntimeError(f"eigenvalues of {main!r} did not converge: {error}") from None
    values = np.sort(values)
    return float(values[0]) if lowest else math.nan, float(values[-2]), float(values[-1])
