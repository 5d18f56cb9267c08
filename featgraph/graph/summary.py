"""One row of numbers per graph: what network scientists ask first."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import integer, naming
from featgraph.core.progress import track_progress
from featgraph.core.values import RandomState, as_rng
from featgraph.graph.clustering import (
    average_clustering,
    count_motifs,
    local_efficiency,
    sample_hops,
)
from featgraph.graph.convert import open_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.degrees import DegreeStatistics, degree_statistics
from featgraph.graph.epsilon import EpsilonRule
from featgraph.graph.layered import LayerConnectivity, connect_layers
from featgraph.graph.mesoscale import (
    RichClub,
    find_communities,
    find_cores,
    join_members,
    make_club,
    measure_modularity,
    rich_club,
)
from featgraph.graph.smallworld import SmallWorld, watch_references
from featgraph.graph.spectrum import spectral_gap

__all__ = ["NetworkDescription", "describe_networks", "network_summary"]


def network_summary(
    graphs: object,
    *,
    epsilon: EpsilonRule = "percolation",
    n_references: int = 20,
    tails: bool | None = None,
    rng: RandomState = 0,
    progress: bool | None = None,
) -> list[dict[str, Any]]:
    """Return one flat row of network measures per graph or layer.

    Parameters
    ----------
    graphs : graph, features or distances, or mapping from names to these
        Graphs of any kind that ``as_feature_graph`` takes (hops count); features, or their
        distances (``DistanceMatrix``), become graphs by ``epsilon``. What ``extract_features``
        returns gives one row per layer; for one graph over all layers pass
        ``feature_graph(features)``.
    epsilon : float, str or pair, default="percolation"
        Rule for features, as in ``feature_graph``.
    n_references : int, default=20
        References of small world and rich club; 0 leaves both out.
    tails : bool, optional
        Test the tails of degrees; default: if the powerlaw package is installed.
    rng : Generator, int or None, default=0
        Source of references and communities. Each graph has a stream of its own, so a row does
        not depend on the others.
    progress : bool, optional
        Show a bar over graphs; default: on a terminal.

    Returns
    -------
    list of dict
        Keys are the same in every row, nan where a measure is undefined (a graph without edges
        has no path length): size, density, components and the share of the largest, degrees,
        assortativity, clustering, small world, efficiencies, diameter, k-core, communities and
        modularity, triads, spectral gap, rich club at the top tenth of degrees, tails, share of
        edges between layers.

    Raises
    ------
    TypeError, ValueError
        If something is neither a graph nor features, or cannot become a graph.

    Notes
    -----
    Time and memory of ``small_world``, which takes most of it: some seconds for 8000 nodes and
    40,000 edges, some minutes for 10⁶ edges. The rich club of a connected graph is compared with
    the random references of its small world; that of others draws its own, by the same seed.

    Examples
    --------
    >>> import networkx as nx
    >>> rows = network_summary({"ring": nx.cycle_graph(12), "star": nx.star_graph(5)}, rng=0)
    >>> [(row["name"], row["n_edges"], row["diameter"]) for row in rows]
    [('ring', 12, 6), ('star', 5, 2)]
    """
    how: dict[str, Any] = {"n_references": n_references, "tails": tails, "rng": rng}
    found = describe_networks(graphs, epsilon=epsilon, progress=progress, **how)
    return [one.row for one in found]


@dataclass(frozen=True)
class NetworkDescription:
    """One row of ``network_summary``, and the results that stand behind it.

    Attributes
    ----------
    row : dict
        The row.
    graph : FeatureGraph
        The graph.
    degrees : DegreeStatistics
        Degrees, with their tail where it was tested.
    triads : dict of str to int
        Motifs of three nodes.
    world : SmallWorld or None
        None without edges or references.
    club : RichClub or None
        The same.
    layers : LayerConnectivity or None
        None for a graph of one layer.
    """

    row: dict[str, Any]
    graph: FeatureGraph
    degrees: DegreeStatistics
    triads: dict[str, int]
    world: SmallWorld | None
    club: RichClub | None
    layers: LayerConnectivity | None


def describe_networks(
    graphs: object,
    *,
    epsilon: EpsilonRule = "percolation",
    n_references: int = 20,
    tails: bool | None = None,
    rng: RandomState = 0,
    progress: bool | None = None,
) -> Iterator[NetworkDescription]:
    """Yield what ``network_summary`` makes its rows of, graph by graph.

    Examples
    --------
    >>> import networkx as nx
    >>> (found,) = describe_networks(nx.cycle_graph(12), n_references=2, progress=False)
    >>> found.row["diameter"], found.world.diameter
    (6, 6)
    """
    n_references = integer(n_references, "n_references")
    named = graphs if isinstance(graphs, Mapping) else {None: graphs}
    if not named:
        raise ValueError("graphs must hold at least one graph, got an empty mapping")
    streams = as_rng(rng).integers(2**31, size=len(named)).tolist()
    wanted = find_spec("powerlaw") is not None if tails is None else tails
    pairs = list(zip(named.items(), streams, strict=True))
    for (name, one), seed in track_progress(pairs, progress=progress, label="layers"):
        with naming("graphs" if name is None else f"graphs[{name!r}]"):
            net = _build(one, epsilon)
        label = net.layer if name is None else str(name)
        yield _describe(label or "", net, n_references, wanted, seed)


#: What becomes a graph by ε; by name, so that graphs alone load no torch.
_OF_A_LAYER = ("FeatureMatrix", "DistanceMatrix", "Tensor")


def _build(one: object, epsilon: EpsilonRule) -> FeatureGraph:
    from featgraph.graph.construct import feature_graph

    if isinstance(one, FeatureGraph):
        return one
    if isinstance(one, np.ndarray) or type(one).__name__ in _OF_A_LAYER:
        return feature_graph(one, epsilon=epsilon)
    return open_graph(one).without_weights()


def _describe(
    name: str, net: FeatureGraph, n_references: int, tails: bool, seed: int
) -> NetworkDescription:
    sizes = np.bincount(net.components)
    n_pairs = net.n_nodes * (net.n_nodes - 1) // 2
    cores, labels = find_cores(net), find_communities(net, rng=seed)
    degrees = degree_statistics(net, weight="none", tails=tails)
    tail, triads = degrees.degree_tail, count_motifs(net)
    world = club = None
    if n_references and net.n_edges:
        world, club = _compare(net, n_references, seed)
    layered = "layer" in net.node_attributes and net.node_attributes["layer"].ndim == 1
    layers = connect_layers(net) if layered else None
    row: dict[str, Any] = {
        "name": name,
        "n_nodes": net.n_nodes,
        "n_edges": net.n_edges,
        "density": net.n_edges / n_pairs if n_pairs else math.nan,
        "epsilon": math.nan if net.epsilon is None else net.epsilon,
        "n_components": net.n_components,
        "giant_share": float(sizes.max() / net.n_nodes),
        "mean_degree": float(net.degrees.mean()),
        "max_degree": int(net.degrees.max()),
        "assortativity": degrees.assortativity,
        **_small_world_row(net, world, seed),
        "max_core": int(cores.max()),
        "core_size": int((cores == cores.max()).sum()),
        "n_communities": int(labels.max()) + 1,
        "modularity": measure_modularity(net, labels),
        **{f"triads_{motif}": count for motif, count in triads.items()},
        "spectral_gap": spectral_gap(net).laplacian,
        "rich_club_ratio": math.nan if club is None else _top_club(net, club),
        "degree_exponent": math.nan if tail is None else tail.exponent,
        "degree_tail": "untested" if tail is None else tail.verdict,
        "inter_layer_share": math.nan if layers is None else layers.inter_share,
    }
    return NetworkDescription(row, net, degrees, triads, world, club, layers)


def _compare(net: FeatureGraph, n_references: int, seed: int) -> tuple[SmallWorld, RichClub]:
    """Return small world and rich club, beside the same random references where they can share.

    They cannot where the small world is that of the largest component, or of a tree, which has
    one reference.
    """
    drawn: list[NDArray[np.float64]] = []
    how: dict[str, Any] = {"n_references": n_references, "rng": seed, "progress": False}
    if net.n_components > 1:
        return watch_references(net, **how), rich_club(net, **how)
    world = watch_references(net, watch=lambda heads: drawn.append(join_members(net, heads)), **how)
    return world, make_club(net, drawn) if len(drawn) == n_references else rich_club(net, **how)


_SMALL_WORLD = (
    *("clustering", "path_length", "diameter", "global_efficiency", "local_efficiency"),
    *("sigma", "sigma_low", "sigma_high", "omega", "omega_prime", "propensity"),
)


def _small_world_row(net: FeatureGraph, world: SmallWorld | None, seed: int) -> dict[str, object]:
    if world is not None:
        found = world.to_rows()[0]
        return {name: found[name] for name in _SMALL_WORLD}
    found = dict.fromkeys(_SMALL_WORLD, math.nan)
    if net.n_edges == 0:
        return found
    connected = net.n_components == 1
    main = net if connected else net.giant_component()
    generator = as_rng(seed)
    hops = sample_hops(main, generator)
    return found | {
        "clustering": average_clustering(main),
        "path_length": hops.path_length,
        "diameter": hops.diameter,
        "global_efficiency": (hops if connected else sample_hops(net, generator)).efficiency,
        "local_efficiency": local_efficiency(net),
    }


def _top_club(net: FeatureGraph, club: RichClub) -> float:
    """Return the rich-club ratio of the smallest club that holds a tenth of the nodes."""
    large = np.flatnonzero(club.n_members >= max(2, net.n_nodes / 10))
    return float(club.ratio[large[-1]]) if large.size else math.nan
