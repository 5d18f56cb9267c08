"""Renormalisation as a method: what stays the same when boxes become nodes, and what does not."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.renormalization import renormalization_flow
from featgraph.core.checks import integer
from featgraph.core.progress import track_progress
from featgraph.core.result import Result
from featgraph.core.rules import SHARE
from featgraph.core.values import RandomState, as_rng
from featgraph.dimension.curves import largest_component
from featgraph.graph.convert import GraphLike
from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["FlowAnalysis", "FlowStep", "analyze_flow", "score_invariance"]

Ints: TypeAlias = NDArray[np.int64]
#: With fewer nodes a degree distribution is a handful of numbers and says nothing.
_FEWEST_NODES = 20


@dataclass(frozen=True, repr=False)
class FlowStep(Result):
    """A graph on the way of renormalisation, in numbers.

    Attributes
    ----------
    size : float
        Box size of the flow, in hops, as the covering method understands it.
    step : int
        0 is the given graph.
    n_nodes, n_edges : int
        Of the graph at this step.
    mean_degree : float
        2·n_edges / n_nodes.
    hub_share : float
        κ, the largest degree over n_nodes − 1: it tends to 1 (a star, a complete graph) where
        hubs attract, and stays small in a fractal; nan for one node.
    clustering : float
        Mean local clustering, in [0, 1].
    modularity : float
        Of the communities that the Leiden method finds; nan without edges.
    mean_distance : float
        Mean hops over connected pairs; nan without any.
    degree_distance : float
        Half the Wasserstein distance between the distributions of k/⟨k⟩ here and at step 0.

    Examples
    --------
    >>> from featgraph.datasets import make_flower
    >>> analyze_flow(make_flower(2, 2, 3), sizes=[1]).steps[0]
    FlowStep(size=1, step=0, n_nodes=44, n_edges=64, mean_degree=2.90909, hub_share=0.186047,
    clustering=0, modularity=0.5, mean_distance=4.34672, degree_distance=0)
    """

    size: float
    step: int
    n_nodes: int
    n_edges: int
    mean_degree: float
    hub_share: float
    clustering: float
    modularity: float
    mean_distance: float
    degree_distance: float


@dataclass(frozen=True, repr=False, eq=False)
class FlowAnalysis(Result):
    """Renormalisation flows of one graph at several box sizes, measured at every step.

    Attributes
    ----------
    steps : tuple of FlowStep
        By size, then by step; step 0 comes once per size.
    degrees : mapping of (size, step) to ndarray of int64, shape (n_nodes,)
        Degrees of every graph.
    method : str
        Covering method.
    node_share : float
        Share of the nodes analysed: the largest component.
    score : float
        Scale invariance in [0, 1], see :func:`score_invariance`; nan where the graph
        collapses in one step at every size.

    Examples
    --------
    >>> from featgraph.datasets import make_flower
    >>> flow = analyze_flow(make_flower(2, 2, 3), sizes=[1])
    >>> [step.n_nodes for step in flow.of_size(1)]
    [44, 12, 4, 2, 1]
    """

    _picture: ClassVar = "plot_flow"
    _shown: ClassVar = ("n_steps", "score")
    _rules: ClassVar = {"node_share": SHARE, "score": SHARE}

    steps: tuple[FlowStep, ...]
    degrees: dict[tuple[float, int], Ints]
    method: str
    node_share: float
    score: float

    @property
    def sizes(self) -> list[float]:
        """Box sizes, rising."""
        return sorted({step.size for step in self.steps})

    def of_size(self, size: float) -> list[FlowStep]:
        """Return the steps at one box size."""
        return [step for step in self.steps if step.size == size]

    @property
    def n_steps(self) -> Mapping[float, int]:
        """Steps of renormalisation at each size."""
        return {size: len(self.of_size(size)) - 1 for size in self.sizes}

    def to_rows(self) -> list[dict[str, Any]]:
        """Return one plain dictionary per step, for tables."""
        return [row for step in self.steps for row in step.to_rows()]


def analyze_flow(
    graph: GraphLike,
    *,
    sizes: Sequence[int] = (1, 2, 3),
    method: str = "memb",
    max_steps: int | None = None,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = 0,
    progress: bool | None = None,
    **options: Any,
) -> FlowAnalysis:
    """Renormalise a graph again and again at several box sizes and measure every step.

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        Graph; its largest component is analysed, in hops.
    sizes : sequence of int, default=(1, 2, 3)
        Box sizes, each at least 1, as the method understands them (radii for memb).
    method : str, default="memb"
        Covering method, a key of METHODS; connected boxes are the usual choice.
    max_steps : int or None, default=None
        Stop each flow after so many steps; None goes on to one node.
    weight : str, optional
        "ignore" if the edges carry weights.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : int, Generator or None, default=0
        Source of covers and communities.
    progress : bool or None, default=None
        Show a progress bar over sizes; None shows it on a terminal.
    **options
        Options of the covering method.

    Returns
    -------
    FlowAnalysis
        Degree distributions, clustering, modularity and mean distance of every step, and the
        scale-invariance score.

    Raises
    ------
    ValueError
        If there is no size, a size is below 1, or the graph has no edge.

    Notes
    -----
    Mean distances are exact: O(n_nodes · n_edges) per graph at most.

    References
    ----------
    C. Song, S. Havlin, H. Makse 2005, doi:10.1038/nature03248 (invariance of P(k));
    F. Radicchi et al. 2008, doi:10.1103/PhysRevLett.101.148701 (flow of κ);
    G. García-Pérez, M. Boguñá, M. Á. Serrano 2018, doi:10.1038/s41567-018-0072-5 (rescaled
    degrees and clustering across scales).

    Examples
    --------
    >>> from featgraph.datasets import make_flower
    >>> flow = analyze_flow(make_flower(2, 2, 5), sizes=[1])
    >>> [step.n_nodes for step in flow.steps]
    [684, 172, 44, 12, 4, 2, 1]
    >>> round(flow.score, 1)
    0.9
    """
    if not len(sizes):
        raise ValueError("sizes must hold at least one box size, got none")
    radii = [integer(size, "sizes", least=1) for size in sizes]
    random = as_rng(rng)
    own, share = largest_component(graph, weight, as_undirected)
    if own.n_edges == 0:
        raise ValueError(
            f"graph must have at least one edge to be renormalised, got none ({own.n_nodes} node)"
        )
    steps: list[FlowStep] = []
    degrees: dict[tuple[float, int], Ints] = {}
    for size in track_progress(sorted(set(radii)), progress=progress, label="flows"):
        flow = renormalization_flow(
            own, size, method=method, max_steps=max_steps, rng=random, **options
        )
        for step, one in enumerate(flow.graphs):
            degrees[float(size), step] = one.degrees
            steps.append(_measure(one, float(size), step, own.degrees, random))
    return FlowAnalysis(tuple(steps), degrees, method, share, score_invariance(steps))


def score_invariance(steps: Sequence[FlowStep], *, fewest_nodes: int = _FEWEST_NODES) -> float:
    """Return how much a graph is like its renormalised graphs: 1 is "the same at every scale".

    Each step after 0 with enough nodes gets the product of three likenesses with step 0: one
    minus the distance of the rescaled degrees k/⟨k⟩ (half of Wasserstein's); the smaller over
    the larger mean degree; one minus the difference of mean clustering. The score is their mean
    over steps and sizes.

    Parameters
    ----------
    steps : sequence of FlowStep
        Steps of one graph at one or several sizes.
    fewest_nodes : int, default=20
        Steps with fewer nodes do not count.

    Returns
    -------
    float
        In [0, 1]; nan where no step counts.

    Notes
    -----
    A fractal keeps all three. In a small world with loops boxes are soon joined all to all, so that
    mean degree and clustering rise. The score is about connections, not lengths: a tree or
    a (1, v)-flower that is no fractal can keep them too (Song et al. 2006), and then κ, which grows
    towards 1, and the box counts tell. It is a summary for comparing graphs of like size, not a
    test.

    References
    ----------
    C. Song, S. Havlin, H. Makse 2006, doi:10.1038/nphys266 (origins of fractality).

    Examples
    --------
    >>> rest = (2.0, 0.1, 0.0, 0.5, 9.0, 0.0)
    >>> steps = [FlowStep(1, k, 90 // 3**k, 90 // 3**k, *rest) for k in (0, 1)]
    >>> score_invariance(steps)
    1.0
    """
    first = {step.size: step for step in steps if step.step == 0}
    values = []
    for step in steps:
        if step.step == 0 or step.n_nodes < fewest_nodes:
            continue
        start = first[step.size]
        pair = sorted((step.mean_degree, start.mean_degree))
        likeness = (1 - step.degree_distance) * (1 - abs(step.clustering - start.clustering))
        values.append(likeness * (pair[0] / pair[1] if pair[1] > 0 else 0.0))
    return float(np.mean(values)) if values else math.nan


def _measure(
    graph: FeatureGraph, size: float, step: int, first_degrees: Ints, rng: np.random.Generator
) -> FlowStep:
    from featgraph.graph.clustering import average_clustering, count_hop_distances
    from featgraph.graph.mesoscale import find_communities, measure_modularity

    n_nodes, degrees = graph.n_nodes, graph.degrees
    # Without edges nothing is drawn, and the random state stays where it was.
    labels = find_communities(graph, rng=rng) if graph.n_edges else np.zeros(n_nodes, np.int64)
    return FlowStep(
        size=size,
        step=step,
        n_nodes=n_nodes,
        n_edges=graph.n_edges,
        mean_degree=2 * graph.n_edges / n_nodes,
        hub_share=float(degrees.max()) / (n_nodes - 1) if n_nodes > 1 else math.nan,
        clustering=average_clustering(graph),
        modularity=measure_modularity(graph, labels),
        mean_distance=count_hop_distances(graph).path_length,
        degree_distance=degree_distance(first_degrees, degrees),
    )


def degree_distance(first: Ints, other: Ints) -> float:
    """Return half the Wasserstein distance between k/⟨k⟩ of two graphs, in [0, 1].

    Both have mean 1, so that 1 bounds it. Unlike a Kolmogorov-Smirnov distance it is small
    where the means, and with them all the steps of both distributions, differ by a little.

    Examples
    --------
    >>> degree_distance(np.array([1, 1, 2]), np.array([3, 3, 6]))
    0.0
    """
    if not other.any() or not first.any():
        return 1.0
    a, b = np.sort(first / first.mean()), np.sort(other / other.mean())
    places = np.sort(np.concatenate([a, b]))
    below = np.searchsorted(a, places[:-1], side="right") / a.size
    over = np.searchsorted(b, places[:-1], side="right") / b.size
    return float(np.abs(below - over) @ np.diff(places)) / 2
