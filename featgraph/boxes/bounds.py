"""Lower bounds of the number of boxes, each of them certified."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.counting import Checkpoint
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.packing import caro_wei
from featgraph.boxes.exact.problem import open_problem, run_parts
from featgraph.boxes.feature_space import open_space
from featgraph.boxes.metric_space import MetricSpace
from featgraph.boxes.neighborhoods import count_near
from featgraph.boxes.threads import run_beside
from featgraph.core.checks import choice
from featgraph.core.progress import track_progress
from featgraph.core.values import RandomState, as_rng
from featgraph.graph.convert import GraphLike

__all__ = ["EFFORTS", "bound_sizes", "box_lower_bound", "box_lower_bounds"]

Ints = NDArray[np.int64]
KINDS = ("diameter", "radius")
#: Stages of work on the parts of a reduced problem, after the bounds that cost next to nothing.
EFFORTS: dict[str, tuple[str, ...]] = {
    "count": (),
    "packing": ("pack",),
    "lp_dual": ("improve",),
    "optimum": ("improve", "solve_exact"),
}
QUICK = ("packing",)  # efforts that are to stay quick over many sizes
MOST_PAIRS = 50_000_000


def box_lower_bound(
    graph: GraphLike,
    size: float,
    *,
    kind: str = "diameter",
    effort: str = "packing",
    time_limit: float | None = 30.0,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
) -> int:
    """Return a number of boxes that no cover of this size and kind can go below.

    Parameters
    ----------
    graph : graph, FeatureMatrix, or tensor or array of shape (D, B)
        Any graph that ``box_cover`` takes; or features, whose nodes share a box of size θ if
        they are at most θ apart in C (Eq. 8).
    size : float
        Inclusive bound: largest distance inside a diameter box, or radius of a radius box.
    kind : {"diameter", "radius"}, default="diameter"
        What ``size`` bounds.
    effort : {"count", "packing", "lp_dual", "optimum"}, default="packing"
        "count": Σ_v 1 / |ball(v, ℓ)| (Caro and Wei), ℓ = ``size`` or twice the radius; no pairs
        are listed. "packing": reductions, then nodes no two of which fit into one box (radius:
        prices by subgradient steps). "lp_dual": the linear programme over all boxes, rounded up;
        never below any packing. "optimum": also integer programming.
    time_limit : float or None, default=30.0
        Seconds in all, at least 0; None: no limit.
    weight : str, optional
        Name of the edge weights that are distances, or "ignore" for hops. Default: hops; a graph
        of another library that carries weights is then refused.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of randomness of the searches.

    Returns
    -------
    int
        Certified lower bound, at least the number of components.

    Raises
    ------
    ValueError
        If ``kind`` or ``effort`` is unknown, or ``size`` or ``time_limit`` is negative.
    MemoryError
        If the pairs within ``size`` would not fit into memory; effort="count" needs none.

    Notes
    -----
    Nodes pairwise farther apart than ℓ need a box each: a packing is at most the number of
    diameter boxes of size ℓ; for ℓ = 2r these are at most the balls of radius r. A fractional
    packing, a price for each node such that no box costs more than 1, bounds as well and is what
    "lp_dual" finds: with boxes of even size balls are among them, with odd size the balls around
    edges {v : min(d(v, a), d(v, b)) ≤ r}.

    References
    ----------
    Y. Caro 1979; V. Wei 1981, TM 81-11217-9, Bell Laboratories. S. Cai, K. Su, C. Luo & A.
    Sattar 2013, doi:10.1613/jair.3907 (search for packings). A. Farley 1990,
    doi:10.1287/opre.38.5.922 (bounds from prices).

    Examples
    --------
    >>> import networkx
    >>> [box_lower_bound(networkx.path_graph(10), size) for size in range(4)]
    [10, 5, 4, 3]
    """
    space, _ = open_space(graph, weight, as_undirected)
    choice(kind, KINDS, "kind")
    choice(effort, EFFORTS, "effort")
    checked, clock, generator = space.size(size), Clock(time_limit), as_rng(rng)
    if space.is_quick:
        return _bound(space, checked, kind, effort, clock, generator)
    return run_beside(lambda: _bound(space, checked, kind, effort, clock, generator))


def box_lower_bounds(
    graph: GraphLike,
    sizes: Iterable[float],
    *,
    kind: str = "diameter",
    effort: str = "packing",
    time_limit: float | None = 30.0,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
) -> Ints:
    """Return a certified lower bound for each size.

    Parameters
    ----------
    graph : graph, FeatureMatrix, or tensor or array of shape (D, B)
        As in ``box_lower_bound``.
    sizes : iterable of numbers
        Sizes; made rising and distinct.
    kind : {"diameter", "radius"}, default="diameter"
        What ``sizes`` bound.
    effort : {"count", "packing", "lp_dual", "optimum"}, default="packing"
        As in ``box_lower_bound``; "count" where the pairs would not fit into memory.
    time_limit : float or None, default=30.0
        Seconds for all sizes together; None: no limit. Sizes that get none are bounded quickly.
    weight : str, optional
        Name of the edge weights that are distances, or "ignore" for hops. Default: hops; a graph
        of another library that carries weights is then refused.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of randomness of the searches.

    Returns
    -------
    ndarray of int64, shape (n_sizes,)
        Bounds that never rise with size: the minimum does not, so a larger size's bound counts.

    Raises
    ------
    ValueError
        If a name is unknown, or a size or ``time_limit`` is negative.

    Examples
    --------
    >>> import networkx
    >>> box_lower_bounds(networkx.path_graph(10), range(4))
    array([10,  5,  4,  3])
    """
    space, _ = open_space(graph, weight, as_undirected)
    choice(kind, KINDS, "kind")
    choice(effort, EFFORTS, "effort")
    checked = space.check_sizes(sizes)
    return bound_sizes(space, checked, kind, effort=effort, time_limit=time_limit, rng=as_rng(rng))


def bound_sizes(
    space: MetricSpace,
    sizes: list[float],
    kind: str,
    *,
    effort: str = "packing",
    time_limit: float | None = 30.0,
    rng: np.random.Generator | None = None,
    record: Checkpoint | None = None,
    progress: bool | None = False,
) -> Ints:
    """Return a certified lower bound for each size (rising) of a space.

    Sizes whose pairs are too many to list in a few seconds, or at all, are bounded by "count".
    Those that ``record`` has a bound of are left alone, and new ones are added to it.
    """
    clock = Clock(time_limit)
    seeds = (np.random.default_rng(0) if rng is None else rng).integers(2**63, size=len(sizes))
    bounds = np.zeros(len(sizes), dtype=np.int64)
    if record is not None:
        bounds = record.bounds[: len(sizes)].copy()

    def bound_all() -> None:
        # large sizes first: their bounds hold for smaller ones
        missing = np.flatnonzero(bounds == 0)[::-1].tolist()
        for k, s in enumerate(track_progress(missing, progress=progress, label="bounds")):
            share = clock.share(1.0 / (len(missing) - k))
            own = np.random.default_rng(int(seeds[s]))
            bounds[s] = _bound_within(space, sizes[s], kind, effort, share, own)
            if record is not None:
                record.add_bound(s, int(bounds[s]))

    if space.is_quick:
        bound_all()
    else:
        run_beside(bound_all)
    return np.asarray(np.maximum.accumulate(bounds[::-1])[::-1])


def _bound_within(
    space: MetricSpace, size: float, kind: str, effort: str, clock: Clock, rng: np.random.Generator
) -> int:
    # The bound of a size whose pairs can be listed, else that of "count".
    if effort in QUICK and int(count_near(*space.rows(size)).sum()) > MOST_PAIRS:
        effort = "count"
    try:
        return _bound(space, size, kind, effort, clock, rng)
    except MemoryError:
        return _bound(space, size, kind, "count", clock, rng)


def _bound(
    space: MetricSpace, size: float, kind: str, effort: str, clock: Clock, rng: np.random.Generator
) -> int:
    known = space.trivial_cover(size)
    if known is not None:
        return known.n_boxes
    n_components = int(space.components.max()) + 1
    if effort == "count":
        reach = 2 * size if kind == "radius" else size
        return max(n_components, caro_wei(count_near(*space.rows(reach))))
    problem = open_problem(space, size, kind, clock)
    if run_parts(problem.parts, clock, rng, stages=EFFORTS[effort]):
        raise KeyboardInterrupt  # run_parts took it for the wish to see what there is
    return max(n_components, problem.lower_bound)
