"""The smallest number of boxes, proven: optimum of both kinds of covering, with a bound.

Diameter boxes are cliques of the relation "at most ``size`` apart", radius boxes are rows of it.
Reductions first: nodes that can always join the box of another go, balls inside other balls go.
What is left falls into parts; each gets a cover by local search, a certified lower bound by
packing and prices, and, where they do not meet, an integer programme.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes._opening import open_data
from featgraph.boxes._run import is_quick
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.parts import run_parts
from featgraph.boxes.exact.problem import Answer, CliqueProblem, open_problem
from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.boxes.threads import run_beside
from featgraph.core.checks import choice, positive
from featgraph.core.random import RandomState, as_rng

__all__ = [
    "KINDS",
    "Answer",
    "answer_size",
    "cover_optimum",
    "cover_pairs",
    "minimum_box_cover",
    "solve",
]

Ints = NDArray[np.int64]
KINDS = ("diameter", "radius")


def minimum_box_cover(
    graph: Any,
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
        Name of the edge weights that are distances; default: hops.
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
        goes on to the caller.

    Raises
    ------
    ValueError
        If ``kind`` is unknown, or ``size`` or ``time_limit`` is negative.
    MemoryError
        If the pairs within ``size`` would not fit into memory; it says how much they need.

    Notes
    -----
    The bounds are certified in whole numbers, except where HiGHS itself closes the last gap by
    branch and bound in floating point. Memory is O(pairs within ``size``). HiGHS runs beside the
    caller and is left behind if it overruns the limit by more than a second.

    References
    ----------
    Reductions: D. Strash & L. Thompson 2022, doi:10.1137/1.9781611977042.4. Recolouring: J.
    Culberson 1992, TR 92-07, University of Alberta. Search among boxes: C. Gao, T. Weise & J. Li
    2015, doi:10.1016/j.ins.2014.08.073. Column generation: A. Mehrotra & M. Trick 1996,
    doi:10.1287/ijoc.8.4.344. Solver: Q. Huangfu & J. Hall 2018, doi:10.1007/s12532-017-0130-5.

    Examples
    --------
    >>> import networkx
    >>> minimum_box_cover(networkx.karate_club_graph(), 2, weight="ignore")
    BoxCover(n_boxes=4, n_nodes=34, size=2, kind='diameter', method='optimum', lower_bound=4)
    """
    choice(kind, KINDS, "kind")
    limit = None if time_limit is None else positive(time_limit, "time_limit", zero=True)
    clock = Clock(limit)
    space, _ = open_data(graph, weight, as_undirected)
    checked = space.size(size)
    answer = _answer(space, checked, kind, clock, as_rng(rng), progress)
    options = {"kind": kind, "time_limit": limit}
    if answer.interrupted:
        options["interrupted"] = True
    own = getattr(space, "graph", None)
    return BoxCover(
        labels=answer.labels,
        size=checked,
        kind=kind,
        method="optimum",
        centers=answer.centers,
        node_labels=None if own is None else own.labels,
        seed=int(rng) if isinstance(rng, int | np.integer) else None,
        lower_bound=answer.lower_bound,
        options=options,
    )


def cover_optimum(
    graph: Any,
    size: float,
    *,
    kind: str = "diameter",
    time_limit: float | None = 30.0,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
    progress: bool | None = None,
) -> BoxCover:
    """Cover a graph by as few boxes as possible: ``minimum_box_cover`` as a method.

    Parameters
    ----------
    graph : graph, FeatureMatrix, or tensor or array of shape (D, B)
        What to cover.
    size : float
        Inclusive bound: largest distance inside a diameter box, or radius of a radius box.
    kind : {"diameter", "radius"}, default="diameter"
        What ``size`` bounds.
    time_limit : float or None, default=30.0
        Seconds in all, at least 0; None: until proven.
    weight : str, optional
        Name of the edge weights that are distances; default: hops.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of randomness of the searches.
    progress : bool or None, default=None
        Show progress bars; None: if stderr is a terminal.

    Returns
    -------
    BoxCover
        A valid cover with a certified ``lower_bound``.

    Raises
    ------
    ValueError
        If ``kind`` is unknown, or ``size`` or ``time_limit`` is negative.
    MemoryError
        If the pairs within ``size`` would not fit into memory.

    Examples
    --------
    >>> import networkx
    >>> cover_optimum(networkx.petersen_graph(), 1, kind="radius").n_boxes
    3
    """
    return minimum_box_cover(
        graph,
        size,
        kind=kind,
        time_limit=time_limit,
        weight=weight,
        as_undirected=as_undirected,
        rng=rng,
        progress=progress,
    )


def cover_pairs(
    indptr: Ints,
    indices: Ints,
    *,
    time_limit: float | None = 30.0,
    rng: RandomState = None,
    progress: bool | None = None,
) -> Answer:
    """Cover the nodes of a relation by as few cliques as possible.

    The relation tells which pairs may share a box: {d ≤ ℓ}, weighted or not, or {C ≤ θ}.

    Parameters
    ----------
    indptr, indices : ndarray of int64, shapes (n_nodes + 1,) and (2 n_pairs,)
        Its CSR rows, both directions, sorted, no self-pairs.
    time_limit : float or None, default=30.0
        Seconds in all, at least 0; None: until proven.
    rng : Generator, int or None, default=None
        Source of randomness of the searches.
    progress : bool or None, default=None
        Show progress bars; None: if stderr is a terminal.

    Returns
    -------
    Answer
        Labels from 0, and a certified lower bound of the number of cliques.

    Examples
    --------
    >>> answer = cover_pairs(np.array([0, 1, 3, 5, 6]), np.array([1, 0, 2, 1, 3, 2]))
    >>> answer.labels, answer.lower_bound
    (array([0, 0, 1, 1]), 2)
    """
    clock, generator = Clock(time_limit), as_rng(rng)
    problem = CliqueProblem(indptr, indices, clock)
    interrupted = run_parts(problem.parts, clock, generator, progress=progress)
    return problem.answer(generator, interrupted=interrupted)


def solve(
    space: MetricSpace,
    size: float,
    rng: np.random.Generator,
    *,
    kind: str = "diameter",
    time_limit: float | None = 30.0,
    progress: bool | None = False,
) -> RawCover:
    """Return the best cover found within the time limit."""
    choice(kind, KINDS, "kind")
    answer = answer_size(space, size, kind, Clock(time_limit), rng, progress)
    return RawCover(answer.labels, answer.centers, lower_bound=answer.lower_bound)


def answer_size(
    space: MetricSpace,
    size: float,
    kind: str,
    clock: Clock,
    rng: np.random.Generator,
    progress: bool | None = False,
) -> Answer:
    """Return the best cover and bound of one size out of many."""
    answer = _answer(space, size, kind, clock, rng, progress)
    if answer.interrupted:
        raise KeyboardInterrupt  # whoever asks for many sizes wants to stop them all
    return answer


def _answer(
    space: MetricSpace,
    size: float,
    kind: str,
    clock: Clock,
    rng: np.random.Generator,
    progress: bool | None,
) -> Answer:
    """Return the known answer for a trivial size, else what the search proves."""
    known = space.trivial_cover(size)
    if known is not None:
        centers = known.centers if kind == "radius" else None
        return Answer(known.labels, int(known.labels.max()) + 1, centers)
    if is_quick(space):
        problem = open_problem(space, size, kind, clock)
    else:  # Ctrl-C is heard while pairs are listed and reduced
        problem = run_beside(lambda: open_problem(space, size, kind, clock))
    interrupted = run_parts(problem.parts, clock, rng, progress=progress)
    return problem.answer(rng, interrupted=interrupted)
