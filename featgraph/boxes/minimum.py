"""The doors to proven coverings: the fewest boxes of one size, and of many."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TypeVar

import numpy as np

from featgraph.boxes.counts import BoxCounts, as_box_counts
from featgraph.boxes.cover import BoxCover, as_box_cover
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.problem import solve_exact
from featgraph.boxes.feature_space import open_distinct
from featgraph.boxes.methods import METHODS
from featgraph.boxes.minimum_counts import bracket_counts
from featgraph.core.progress import progress_bar
from featgraph.core.values import RandomState, as_rng
from featgraph.graph.convert import GraphLike

__all__ = ["heed_interrupt", "minimum_box_counts", "minimum_box_cover"]

Proven = TypeVar("Proven", BoxCounts, BoxCover)


def heed_interrupt(found: Proven) -> Proven:
    """Return counts or a cover that Ctrl-C did not cut short; else stop what comes after too."""
    if found.options.get("interrupted"):
        raise KeyboardInterrupt
    return found


def minimum_box_cover(
    graph: GraphLike,
    size: float,
    *,
    kind: str = "diameter",
    time_limit: float | None = 30.0,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
    progress: bool | None = None,
) -> BoxCover:
    """Cover a graph by as few boxes as possible, and prove how few that is.

    Parameters
    ----------
    graph : graph, FeatureMatrix, or tensor or array of shape (D, B)
        Any graph that ``box_cover`` takes; or features, whose nodes share a box of size θ if
        they are at most θ apart in C (Eq. 8).
    size : float
        Inclusive bound: largest distance inside a diameter box, or radius of a radius box.
        Whole hops, or any number with ``weight`` or on features.
    kind : {"diameter", "radius"}, default="diameter"
        What ``size`` bounds.
    time_limit : float or None, default=30.0
        Seconds in all, at least 0; None: until proven. With 0 a quick cover and a quick bound
        come back at once.
    weight : str, optional
        Name of the edge weights that are distances, or "ignore" for hops. Default: hops; a graph
        of another library that carries weights is then refused.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of randomness of the searches; an int makes the run repeatable unless the time
        limit cuts it short.
    progress : bool or None, default=None
        Show progress bars; None: if stderr is a terminal.

    Returns
    -------
    BoxCover
        A valid cover with ``lower_bound``; ``is_optimal`` tells if they meet. After Ctrl+C the
        best cover and bound so far come back and ``options["interrupted"]`` is True; before
        the pairs within ``size`` are listed and reduced there is none, and the interruption
        goes on to the caller. Where branch and bound closed the gap, ``options`` holds the
        ``certified_bound`` that stands without it.

    Raises
    ------
    ValueError
        If ``kind`` is unknown, or ``size`` or ``time_limit`` is negative.
    MemoryError
        If the pairs within ``size`` would not fit into memory; it says how much they need.

    Notes
    -----
    Neurons with the same activations are one before anything is measured. Bounds are certified in
    whole numbers, except where HiGHS itself closes the last gap by branch and bound in floating
    point, and ``options`` then says what is certified without. Balls on graphs of small treewidth
    are solved by dynamic programming, and so are regions in which boxes do not fit, such as the
    rims of lattices, where that proves more than prices do. Memory is O(pairs within
    ``size``). HiGHS runs beside the caller and is left behind if it overruns the limit by more
    than a second.

    References
    ----------
    Reductions: D. Strash & L. Thompson 2022, doi:10.1137/1.9781611977042.4. Recolouring: J.
    Culberson 1992, TR 92-07, University of Alberta. Search among boxes: C. Gao, T. Weise & J. Li
    2015, doi:10.1016/j.ins.2014.08.073. Column generation: A. Mehrotra & M. Trick 1996,
    doi:10.1287/ijoc.8.4.344; prices: A. Chambolle & T. Pock 2011, doi:10.1007/s10851-010-0251-1;
    heaviest boxes: S. Held, W. Cook & E. Sewell 2012, doi:10.1007/s12532-012-0042-3; covers by
    diving: R. Sadykov et al. 2019, doi:10.1287/ijoc.2018.0822. Narrow graphs: J. Alber et al. 2002,
    doi:10.1007/s00453-001-0116-5. Regions: D. Gonçalves et al. 2011, arXiv:1102.5206. Solver:
    Q. Huangfu & J. Hall 2018, doi:10.1007/s12532-017-0130-5.

    Examples
    --------
    >>> import networkx
    >>> minimum_box_cover(networkx.karate_club_graph(), 2, weight="ignore")
    BoxCover(n_boxes=4, n_nodes=34, size=2, kind='diameter', method='optimum', lower_bound=4)
    """
    used = METHODS["optimum"].check_options({"kind": kind, "time_limit": time_limit})
    clock = Clock(used["time_limit"])
    opened = open_distinct(graph, weight, as_undirected)
    space = opened.space
    own_size = space.size(size)
    cover = solve_exact(space, own_size, kind, clock, as_rng(rng), progress)
    return as_box_cover(opened.spread(cover), space, own_size, "optimum", kind, rng, used)


def minimum_box_counts(
    graph: GraphLike,
    *,
    sizes: Iterable[float] | None = None,
    kind: str = "diameter",
    time_limit: float | None = 30.0,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
    progress: bool | None = None,
) -> BoxCounts:
    """Count the boxes that each size needs at least, and prove it.

    The same as ``minimum_box_cover`` at every size, for less: a cover by boxes of one size is
    a cover for every larger size, and a lower bound holds for every smaller one, so sizes
    between two that agree need no work; boxes and prices found at one size are the start at the
    next; and the sizes share one time limit, of which easy ones leave most to the widest brackets.

    Parameters
    ----------
    graph : graph, FeatureMatrix, or tensor or array of shape (D, B)
        As in ``minimum_box_cover``.
    sizes : iterable of numbers, optional
        Sizes, made rising and distinct; default: as in ``box_counts``, less those that the
        time does not reach.
    kind : {"diameter", "radius"}, default="diameter"
        What ``sizes`` bound. On features sizes are diameters θ for both kinds, as in
        ``box_counts``.
    time_limit : float or None, default=30.0
        Seconds for all sizes together, at least 0; None: until all are proven. With 0 every
        size gets a quick cover and a quick bound, however long these take. Named sizes that get
        no time, or whose pairs would not fit into memory, have the bounds of their neighbours.
    weight : str, optional
        Name of the edge weights that are distances, or "ignore" for hops. Default: hops; a graph
        of another library that carries weights is then refused.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of randomness of the searches. Counts that are proven do not depend on it.
    progress : bool or None, default=None
        Show a progress bar with the mean of counts found over counts certified, which closes
        towards 1; None: if stderr is a terminal.

    Returns
    -------
    BoxCounts
        The smallest counts found, never rising with size, and ``lower_bounds``; ``proven``
        tells where they meet. After Ctrl+C the best bracket so far comes back and
        ``options["interrupted"]`` is True; before the first size is done there is none, and
        the interruption goes on to the caller. Where bounds rest on branch and bound, ``options``
        holds the ``certified_bounds`` that stand without it.

    Raises
    ------
    ValueError
        If ``kind`` is unknown, or a size or ``time_limit`` is negative.
    MemoryError
        If there is no size whose pairs fit into memory.

    References
    ----------
    See ``minimum_box_cover``.

    Examples
    --------
    >>> import networkx
    >>> counts = minimum_box_counts(networkx.path_graph(10), sizes=range(5))
    >>> counts.counts, bool(counts.proven.all())
    (array([10,  5,  4,  3,  2]), True)
    """
    used = METHODS["optimum"].check_options({"kind": kind, "time_limit": time_limit})
    source = as_rng(rng)
    opened = open_distinct(graph, weight, as_undirected)
    space, about = opened.space, opened.about
    chosen = space.size_grid() if sizes is None else space.check_sizes(sizes)
    with progress_bar(total=len(chosen), progress=progress, label="sizes proven") as bar:
        brackets, kept = bracket_counts(
            space, space.box_sizes(chosen, kind), kind, Clock(used["time_limit"]), source, bar
        )
    if sizes is not None:
        kept[:] = True
    own_sizes = np.asarray(chosen)[kept]
    about["lower_bounds"] = brackets.lower[kept]
    if brackets.interrupted:
        used["interrupted"] = True
    if np.any(brackets.certified[kept] < brackets.lower[kept]):
        used["certified_bounds"] = brackets.certified[kept].tolist()
    found = as_box_counts(
        space, own_sizes, brackets.upper[None, kept], "optimum", kind, rng, used, **about
    )
    return replace(found, n_nodes=opened.n_nodes)
