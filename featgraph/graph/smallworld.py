"""Small world: clustered like a lattice, yet with paths as short as in a random graph?"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import integer
from featgraph.core.result import Result
from featgraph.core.rules import SHARE, Rule
from featgraph.core.values import RandomState, as_rng
from featgraph.graph.clustering import (
    EXACT_NODES,
    SOURCES,
    ClusteringKind,
    clustering_of,
    local_efficiency,
    sample_hops,
)
from featgraph.graph.convert import GraphLike, open_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.nulls import (
    MANY_EDGES,
    OF_MANY,
    References,
    divide_known,
    divide_sigma,
    draw_references,
    find_interval,
)

__all__ = ["SmallWorld", "small_world", "watch_references"]

_LEAST_ROOM = 0.02  # between C of lattice and random references, for a propensity


@dataclass(frozen=True, repr=False, eq=False)
class SmallWorld(Result):
    """How much of a small world a graph is, beside graphs of the same degrees.

    C, L, the diameter and the references are those of the largest component; efficiencies are
    those of the whole graph. C, L and their ratios refer to hops.

    Attributes
    ----------
    sigma : float
        σ = (C/C_rand) / (L/L_rand); above 1 speaks for a small world. nan where C_rand is 0 or
        no reference differs.
    omega : float
        ω = L_rand/L − C/C_latt: near 0 for a small world, towards −1 for a lattice, 1 for a
        random graph. nan where C_latt is 0.
    propensity : float
        φ = 1 − √((Δ_C² + Δ_L²)/2), where Δ_C = (C_latt − C)/(C_latt − C_rand) and Δ_L =
        (L − L_rand)/(L_latt − L_rand), cut to [0, 1]; above about 0.6 speaks for a small world.
        nan where C_latt − C_rand is below 0.02.
    sigma_interval, omega_interval, propensity_interval : tuple of float
        Central 95 % over references, each taken alone: what the choice of one would have changed.
    clustering, path_length : float
        C (see ``clustering_kind``) and L in hops.
    random, lattice : References
        The reference graphs.
    clustering_kind : {"average", "transitivity"}
        Which C.
    global_efficiency, local_efficiency : float
        Of the whole graph: mean of 1/hops over all pairs; mean over nodes of that among their
        neighbours.
    diameter : int
        Longest shortest path in the largest component, in hops.
    n_nodes, n_edges : int
        Size of the whole graph.
    left_out : float
        Share of the nodes outside the largest component.
    seed : int or None
        Seed of the references, where one was given.
    explanation : str
        What the numbers say, in one sentence, and what of a large graph is a sample.
    """

    _picture: ClassVar = "plot_small_world"
    _shown: ClassVar = ("sigma", "omega", "propensity", "n_references", "left_out")
    _rules: ClassVar = {
        "left_out": SHARE,
        "n_nodes": Rule(least=1),
        "n_edges": Rule(least=0),
        "diameter": Rule(least=0),
    }

    sigma: float
    omega: float
    propensity: float
    sigma_interval: tuple[float, float]
    omega_interval: tuple[float, float]
    propensity_interval: tuple[float, float]
    clustering: float
    path_length: float
    random: References
    lattice: References
    clustering_kind: ClusteringKind
    global_efficiency: float
    local_efficiency: float
    diameter: int
    n_nodes: int
    n_edges: int
    left_out: float
    seed: int | None
    explanation: str

    @property
    def omega_prime(self) -> float:
        """ω′ = 1 − |ω|: 1 for a small world, 0 for a lattice or a random graph."""
        return 1.0 - abs(self.omega)

    @property
    def n_references(self) -> int:
        """Number of random references; lattices are fewer, see ``lattice``."""
        return self.random.n_references

    def _columns(self) -> Mapping[str, object]:
        row: dict[str, Any] = {"sigma": self.sigma, "omega": self.omega}
        row |= {"omega_prime": self.omega_prime, "propensity": self.propensity}
        for name in ("sigma", "omega", "propensity"):
            row[f"{name}_low"], row[f"{name}_high"] = getattr(self, f"{name}_interval")
        row |= {"clustering": self.clustering, "path_length": self.path_length}
        for name, reference in (("random", self.random), ("lattice", self.lattice)):
            for what in ("clustering", "path_length"):
                values = getattr(reference, what)
                row[f"{what}_{name}"] = float(values.mean())
                row[f"{what}_{name}_sd"] = float(values.std(ddof=1)) if values.size > 1 else 0.0
        for name in ("global_efficiency", "local_efficiency", "diameter", "left_out"):
            row[name] = getattr(self, name)
        return row


def small_world(
    graph: GraphLike,
    *,
    n_references: int = 20,
    clustering: ClusteringKind = "average",
    rng: RandomState = 0,
    progress: bool | None = None,
) -> SmallWorld:
    """Compare a graph with random and lattice-like graphs of the same degrees.

    Parameters
    ----------
    graph : FeatureGraph, networkx graph, igraph.Graph, PyG Data or scipy sparse matrix
        Hops count, weights do not.
    n_references : int, default=20
        Random references, at least 1. Of lattices, which differ by about a hundredth, at most 5
        are drawn, of more than 100,000 edges at most 2, which differ by a thousandth; for a tree,
        where σ, ω and φ are nan whatever the references, one of each.
    clustering : {"average", "transitivity"}, default="average"
        C: the mean local clustering coefficient, or the share of closed paths of two edges (what
        ``networkx.sigma`` takes).
    rng : Generator, int or None, default=0
        Source of the references.
    progress : bool, optional
        Show a bar; default: on a terminal.

    Returns
    -------
    SmallWorld
        σ, ω, ω′, propensity, their intervals, C, L, efficiencies, diameter, references.

    Raises
    ------
    ValueError
        If the graph has no edge, ``n_references`` is below 1 or ``clustering`` is unknown.

    Notes
    -----
    A disconnected graph is compared by its largest component (the share of nodes left out is in
    the result), since L is undefined across components; the efficiencies are those of the whole.
    References are connected. Graphs none of whose edges can be swapped (complete graphs, stars)
    have no reference but themselves: σ, ω and φ are nan, and ``explanation`` says so.

    Paths of references of more than 1008 nodes begin at 1008 random ones, which moves L of one
    by about 0.2 %, of a lattice by up to 0.7 % (standard deviations, measured at 8000 nodes). In
    graphs of more than 20,000 nodes the paths of the graph itself begin at 2016 nodes: L and the
    global efficiency are then estimates of that kind, and the diameter is a lower bound.

    Time: O(n_nodes · n_edges / 63) per hop of the diameter for the paths of a graph of at most
    20,000 nodes, O(32 · n_edges) of a larger one; O(Σ degree²) for the local efficiency; per
    reference O(n_edges) swaps (200 tries per edge for a lattice) with a search of the
    neighbourhood each, triangles in O(n_edges^1.5) and O(16 · n_edges) per hop for paths. Memory
    O(n_nodes + n_edges). 8000 nodes and 40,000 edges take some seconds, 10⁶ edges some minutes.

    References
    ----------
    σ: Humphries & Gurney 2008, PLoS ONE 3:e2051, doi:10.1371/journal.pone.0002051. ω: Telesford
    et al. 2011, Brain Connect. 1:367, doi:10.1089/brain.2011.0038. ω′: Neal 2017, Netw. Sci.
    5:30, doi:10.1017/nws.2017.5. φ: Muldoon, Bridgeford & Bassett 2016, Sci. Rep. 6:22057,
    doi:10.1038/srep22057, with references that keep the degrees.

    Examples
    --------
    >>> import networkx as nx
    >>> result = small_world(nx.connected_watts_strogatz_graph(200, 8, 0.1, seed=0), rng=0)
    >>> result.sigma > 5, result.propensity > 0.6
    (True, True)
    """
    how: dict[str, Any] = {"n_references": n_references, "clustering": clustering, "rng": rng}
    return watch_references(open_graph(graph).without_weights(), progress=progress, **how)


def watch_references(
    whole: FeatureGraph,
    *,
    n_references: int,
    rng: RandomState,
    progress: bool | None,
    clustering: ClusteringKind = "average",
    watch: Callable[[NDArray[np.int64]], None] | None = None,
) -> SmallWorld:
    """Return ``small_world``, and show the random references to ``watch``, as ``draw_references``.

    Examples
    --------
    >>> seen = []
    >>> ring = FeatureGraph.from_edges([(i, (i + 1) % 8) for i in range(8)])
    >>> _ = watch_references(ring, n_references=2, rng=0, progress=False, watch=seen.append)
    >>> len(seen), seen[0].size
    (2, 16)
    """
    n_references = integer(n_references, "n_references", least=1)
    if whole.n_edges == 0:
        raise ValueError(
            f"graph must have at least one edge for path lengths, got {whole.n_nodes} nodes "
            "and none; raise ε"
        )
    connected = whole.n_components == 1
    main = whole if connected else whole.giant_component()
    generator = as_rng(rng)
    hops = sample_hops(main, generator)
    c, length = clustering_of(main.indptr, main.indices, clustering), hops.path_length
    random, lattice, n_swaps = draw_references(
        main, n_references, clustering, generator, progress, watch
    )
    (sigma, omega, propensity), intervals = _measures(c, length, random, lattice, n_swaps > 0)
    return SmallWorld(
        sigma=sigma,
        omega=omega,
        propensity=propensity,
        sigma_interval=intervals[0],
        omega_interval=intervals[1],
        propensity_interval=intervals[2],
        clustering=c,
        path_length=length,
        random=random,
        lattice=lattice,
        clustering_kind=clustering,
        global_efficiency=(hops if connected else sample_hops(whole, generator)).efficiency,
        local_efficiency=local_efficiency(whole),
        diameter=hops.diameter,
        n_nodes=whole.n_nodes,
        n_edges=whole.n_edges,
        left_out=1 - main.n_nodes / whole.n_nodes,
        seed=int(rng) if isinstance(rng, int | np.integer) else None,
        explanation=_explain(sigma, omega, propensity, n_swaps > 0) + _name_samples(main),
    )


def _measures(
    c: float, length: float, random: References, lattice: References, rewired: bool
) -> tuple[list[float], list[tuple[float, float]]]:
    """Return σ, ω and φ against the mean reference, and their intervals over single references."""
    if not rewired:
        return [math.nan] * 3, [(math.nan, math.nan)] * 3
    # each random reference beside a lattice: these are fewer
    lattices = (
        np.resize(values, random.n_references)
        for values in (lattice.clustering, lattice.path_length)
    )
    single = _ratios(c, length, (random.clustering, random.path_length), tuple(lattices))
    middle = _ratios(
        c,
        length,
        (random.clustering.mean(), random.path_length.mean()),
        (lattice.clustering.mean(), lattice.path_length.mean()),
    )
    return [float(value) for value in middle], [find_interval(values) for values in single]


def _ratios(c: float, length: float, random: Any, lattice: Any) -> tuple[Any, Any, Any]:
    """Return σ, ω and φ; nan where a denominator is 0."""
    (c_random, l_random), (c_lattice, l_lattice) = random, lattice
    sigma = divide_sigma(c, length, c_random, l_random)
    omega = l_random / length - divide_known(c, c_lattice)
    room = np.asarray(c_lattice - c_random)
    # degrees that leave the references no room (dense graphs, hubs) make a quotient of noise
    gap_c = divide_known(c_lattice - c, np.where(room < _LEAST_ROOM, 0.0, room))
    # dense graphs have the same paths whatever their edges: no difference, no gap
    gap_l = np.nan_to_num(divide_known(length - l_random, l_lattice - l_random))
    gap = np.clip(gap_c, 0, 1) ** 2 + np.clip(gap_l, 0, 1) ** 2
    return sigma, omega, 1 - np.sqrt(gap / 2)


def _name_samples(main: FeatureGraph) -> str:
    """Return what is taken from a part of a large graph."""
    said = ""
    if main.n_nodes > EXACT_NODES:
        said = f"; paths begin at {SOURCES} of {main.n_nodes:,} nodes, so L is an estimate and the "
        said += "diameter a lower bound"
    if main.n_edges > MANY_EDGES:
        said += f"; of {main.n_edges:,} edges at most {OF_MANY} lattices are drawn"
    return said


def _explain(sigma: float, omega: float, propensity: float, rewired: bool) -> str:
    if not rewired:
        return (
            "no two edges can be swapped: this is the only graph with its degrees, so there is "
            "nothing to compare it with"
        )
    if not math.isfinite(sigma):
        return "random graphs of these degrees have no triangles, so σ is undefined"
    if math.isnan(propensity):
        return (
            f"the degrees alone all but fix the clustering (lattice and random references agree), "
            f"so σ = {sigma:.3g} says little"
        )
    if sigma > 1 and propensity > 0.6:
        return f"a small world: σ = {sigma:.3g} above 1 and propensity {propensity:.2f} above 0.6"
    if sigma <= 1:
        return f"not a small world: σ = {sigma:.3g}, no more clustered than chance at its paths"
    nearer = "a lattice" if omega < 0 else "a random graph"
    return (
        f"not clearly a small world: σ = {sigma:.3g} is above 1, but propensity "
        f"{propensity:.2f} is not above 0.6, and ω = {omega:.2f} leans to {nearer}"
    )
