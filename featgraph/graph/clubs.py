"""Rich club: do nodes of many neighbours join each other more than their degrees explain?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import integer
from featgraph.core.progress import track_progress
from featgraph.core.random import RandomState, as_rng
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.graph.convert import as_feature_graph
from featgraph.graph.nulls import EdgeSwapper

__all__ = ["RichClub", "rich_club"]


@dataclass(frozen=True, repr=False, eq=False)
class RichClub(Result):
    """Rich-club coefficients φ(k) beside those of rewired graphs.

    Attributes
    ----------
    degrees : ndarray of int64, shape (n_degrees,)
        k from 0 to the largest degree − 1.
    n_members : ndarray of int64, shape (n_degrees,)
        Nodes of degree above k.
    coefficients : ndarray of float, shape (n_degrees,)
        φ(k), the share of pairs of members that are joined; nan for one member.
    references : ndarray of float, shape (n_references, n_degrees)
        φ(k) of graphs of the same degrees.
    """

    _shown: ClassVar = ("max_degree", "n_references")
    _rules: ClassVar = {
        "degrees": Rule("n_degrees"),
        "n_members": Rule("n_degrees", least=0),
        "coefficients": Rule("n_degrees", least=0, most=1),
        "references": Rule("n_references n_degrees", least=0, most=1),
    }

    degrees: NDArray[np.int64]
    n_members: NDArray[np.int64]
    coefficients: NDArray[np.float64]
    references: NDArray[np.float64]

    @property
    def ratio(self) -> NDArray[np.float64]:
        """φ(k) over the mean φ(k) of the references, shape (n_degrees,); nan for 0/0."""
        mean = self.references.mean(axis=0)
        result = np.full(mean.shape, np.nan)
        np.divide(self.coefficients, mean, out=result, where=mean > 0)
        return result

    @property
    def z(self) -> NDArray[np.float64]:
        """(φ(k) − mean) / sd over the references, shape (n_degrees,); nan where sd is 0."""
        sd = self.references.std(axis=0, ddof=1 if len(self.references) > 1 else 0)
        result = np.full(sd.shape, np.nan)
        gap = self.coefficients - self.references.mean(axis=0)
        np.divide(gap, sd, out=result, where=sd > 1e-12)
        return result

    def _columns(self) -> Mapping[str, Any]:
        return {
            "degree": self.degrees,
            "n_members": self.n_members,
            "coefficient": self.coefficients,
            "reference": self.references.mean(axis=0),
            "ratio": self.ratio,
            "z": self.z,
        }

    @property
    def max_degree(self) -> int:
        """Largest degree of the graph."""
        return self.degrees.size


def rich_club(
    graph: Any,
    *,
    n_references: int = 20,
    rng: RandomState = 0,
    progress: bool | None = None,
) -> RichClub:
    """Measure the rich club of a graph against rewired graphs.

    φ(k) = 2 E_k / (N_k (N_k − 1)), N_k the nodes of degree above k and E_k the edges among them.

    Parameters
    ----------
    graph : FeatureGraph, networkx graph, igraph.Graph, PyG Data or scipy sparse matrix
        Any graph; weights do not count.
    n_references : int, default=20
        Random graphs of the same degrees, at least 1.
    rng : Generator, int or None, default=0
        Source of the references.
    progress : bool, optional
        Show a bar; default: on a terminal.

    Returns
    -------
    RichClub
        φ(k), references, ratios and z-scores.

    Raises
    ------
    ValueError
        If the graph has no edge or ``n_references`` is below 1.

    Notes
    -----
    φ(k) rises with k in any graph: only the ratio to the references says something. Time
    O(n_edges) per reference beside the rewiring.

    References
    ----------
    Zhou & Mondragón 2004, IEEE Commun. Lett. 8:180, doi:10.1109/LCOMM.2004.823426; Colizza et al.
    2006, Nat. Phys. 2:110, doi:10.1038/nphys209 (references).

    Examples
    --------
    >>> import networkx as nx
    >>> club = rich_club(nx.barbell_graph(5, 1), rng=0)
    >>> club.coefficients.round(2).tolist()
    [0.4, 0.4, 0.44, 0.44, 0.0]
    """
    n_references = integer(n_references, "n_references", least=1)
    net = as_feature_graph(graph, weight="ignore")
    if net.n_edges == 0:
        raise ValueError(f"graph must have at least one edge, got {net.n_nodes} nodes and none")
    degrees = net.degrees
    swapper, generator = EdgeSwapper.start(net), as_rng(rng)
    references = []
    for _ in track_progress(range(n_references), progress=progress, label="references"):
        other = swapper.draw("random", generator)
        references.append(_coefficients(degrees, swapper.tails, other.indices))
    largest = int(degrees.max())
    return RichClub(
        degrees=np.arange(largest),
        n_members=_above(np.bincount(degrees, minlength=largest + 1)),
        coefficients=_coefficients(degrees, swapper.tails, net.indices),
        references=np.array(references),
    )


def _above(counts: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return how many lie above each k but the last."""
    return counts[::-1].cumsum()[::-1][1:]


def _coefficients(
    degrees: NDArray[np.int64], tails: NDArray[np.int64], heads: NDArray[np.int64]
) -> NDArray[np.float64]:
    largest = int(degrees.max())
    # an edge lies in the club of k while both of its ends do
    lower = np.minimum(degrees[tails], degrees[heads])
    edges = _above(np.bincount(lower, minlength=largest + 1)) / 2
    members = _above(np.bincount(degrees, minlength=largest + 1))
    pairs = members * (members - 1) / 2
    result = np.full(largest, np.nan)
    np.divide(edges, pairs, out=result, where=pairs > 0)
    return result
