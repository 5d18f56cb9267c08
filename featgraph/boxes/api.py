"""The doors to covering: boxes of one size, counts over many, and what is known of a method."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.counting import count_boxes, open_checkpoint
from featgraph.boxes.counts import BoxCounts, as_box_counts
from featgraph.boxes.cover import BoxCover, as_box_cover
from featgraph.boxes.feature_space import open_space
from featgraph.boxes.methods import METHODS
from featgraph.boxes.methods.auto import choose_method
from featgraph.boxes.metric_space import RawCover, open_graph_space
from featgraph.boxes.threads import run_beside
from featgraph.core.checks import choice
from featgraph.core.values import RandomState, as_rng
from featgraph.graph.convert import GraphLike

__all__ = ["box_counts", "box_cover", "describe_method"]


def box_cover(
    graph: GraphLike,
    size: float,
    *,
    method: str = "greedy",
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
    **options: Any,
) -> BoxCover:
    """Cover a graph by boxes of one size with any method of METHODS.

    Parameters
    ----------
    graph : FeatureGraph, networkx, igraph, PyG Data or scipy sparse
        Graph to cover; boxes never cross components.
    size : float
        Inclusive bound: the largest distance inside a diameter box, or the radius of a radius
        box (METHODS[method].box says which). Whole hops, or any number with ``weight``.
    method : str, default="greedy"
        A key of METHODS.
    weight : str, optional
        Name of the edge weights that are distances, or "ignore" for hops. Default: hops; a graph
        of another library that carries weights is then refused.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of randomness; an int makes the run repeatable.
    **options
        Options of the method: ``METHODS[method].options``, or ``describe_method(method)``.

    Returns
    -------
    BoxCover
        The boxes, and what made them.

    Raises
    ------
    ValueError
        If the method is unknown or a size or option breaks its rule.
    TypeError
        If the method has no such option, or the graph is of an unknown type.

    Notes
    -----
    Time and memory are those of the method, ``METHODS[method].cost``; its source is
    ``METHODS[method].source``.

    Examples
    --------
    >>> import networkx
    >>> box_cover(networkx.cycle_graph(9), 2, method="greedy", rng=0)
    BoxCover(n_boxes=3, n_nodes=9, size=2, kind='diameter', method='greedy')
    """
    row = METHODS[choice(method, METHODS, "method")]
    used = {**row.defaults, **row.check_options(options)}
    if method == "optimum":  # with its bound, and with what is found when Ctrl-C ends it
        from featgraph.boxes.minimum import minimum_box_cover

        return minimum_box_cover(
            graph, size, weight=weight, as_undirected=as_undirected, rng=rng, **used
        )
    kind = row.box_kind(used)
    if kind == "none":
        raise ValueError(f"method {method!r} counts without making boxes; use box_counts")
    space = open_graph_space(graph, weight=weight, as_undirected=as_undirected)
    own_size, source = space.size(size), as_rng(rng)
    if method == "auto":
        method, chosen = choose_method(space.n_nodes, kind)
        row, used = METHODS[method], {**chosen, "chosen_by": "auto"}
        how = {**row.defaults, **chosen}
    else:
        how = used

    def find_cover() -> RawCover:
        known = space.trivial_cover(own_size)
        found: RawCover = known or row.algorithm.solve(space, own_size, source, **how)
        return found

    cover = find_cover() if space.is_quick else run_beside(find_cover)
    return as_box_cover(cover, space, own_size, method, kind, rng, used)


def box_counts(
    graph: GraphLike,
    *,
    sizes: Iterable[float] | None = None,
    method: str = "greedy",
    repeats: int = 1,
    bounds: bool = False,
    weight: str | None = None,
    as_undirected: bool = False,
    rng: RandomState = None,
    jobs: int | None = None,
    progress: bool | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    **options: Any,
) -> BoxCounts:
    """Count the boxes that each size needs.

    Parameters
    ----------
    graph : graph, FeatureMatrix, or tensor or array of shape (D, B)
        A graph of any kind that ``box_cover`` takes; or the features of a layer, D nodes by B
        samples. Features need no graph: a set of nodes at most θ apart in C (Eq. 8) is a box
        of size θ, so the threshold graph {C ≤ θ} is covered with ℓ = 1. Radius methods cover
        {C ≤ θ/2} with r = 1 there, because such boxes have diameter at most θ.
    sizes : iterable of numbers, optional
        Sizes, made rising and distinct. Default on graphs: 0, 1, 2, …, 32 and then growing by
        about a sixteenth, up to the first that leaves one box per component, or, with a
        warning, to the last that takes no more than about an hour. With ``weight``:
        32 sizes in even ratios from the shortest edge up. On features: 256 values of θ, even
        in log(1 + θ), from the smallest to the largest distance.
    method : str, default="greedy"
        A key of METHODS.
    repeats : int, default=1
        Runs per size, at least 1.
    bounds : bool, default=False
        Also certify a lower bound for every size, within 30 seconds in all: sizes that get no time
        are bounded quickly, and bounds that the limit cut short need not repeat. The method
        "optimum" always tells the bounds that it proved.
    weight : str, optional
        Name of the edge weights that are distances, or "ignore" for hops. Default: hops; a graph
        of another library that carries weights is then refused.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions.
    rng : Generator, int or None, default=None
        Source of randomness; an int makes the counts repeatable.
    jobs : int, optional
        Threads, at least 1; default: all cores of this process. Counts do not depend on it.
    progress : bool or None, default=None
        Show a progress bar; None: if stderr is a terminal.
    checkpoint : str or path-like, optional
        File that keeps what is finished: written about every second, when the work is stopped,
        and in the end. The same call goes on from there and gives the counts of a run in one
        go. With another graph, method, size, option or seed it begins anew. Needs ``rng``.
    **options
        Options of the method.

    Returns
    -------
    BoxCounts
        Counts of each run and size; ``counts`` is the minimum over runs. Whole numbers, except
        those of method "fuzzy".

    Raises
    ------
    ValueError
        If the method is unknown, sizes are negative, fractional hops or none at all, an option
        breaks its rule, or ``checkpoint`` is a file of another kind or has no ``rng``.
    TypeError
        If the method has no such option, or the graph is of an unknown type.

    Notes
    -----
    Time is that of the method (``METHODS[method].cost``) times sizes and runs. Features take
    O(n_nodes²) memory.

    Each run of each size has a seed of its own, drawn from ``rng``; methods that answer all
    sizes in one pass (greedy, merge) take one seed per run. Ctrl-C stops at once; a kernel
    under way then runs to its end in a thread of its own, and its result is dropped.

    Examples
    --------
    >>> import networkx
    >>> box_counts(networkx.path_graph(8), order="index").counts
    array([8, 4, 3, 2, 2, 2, 2, 1])
    >>> import numpy as np
    >>> line = np.arange(4.0)[:, None]
    >>> box_counts(line, sizes=[0.5, 1, 3], order="index").counts
    array([4, 2, 1])
    """
    row = METHODS[choice(method, METHODS, "method")]
    options = row.check_options(options)
    kind = row.box_kind(options)
    if bounds and kind == "none":
        raise ValueError("bounds=True needs a method that makes boxes, not a fuzzy count")
    if checkpoint is not None and rng is None:
        raise ValueError("checkpoint needs rng, or no later call can draw the same; got rng=None")
    space, about = open_space(graph, weight, as_undirected)
    by_size = method == "auto"
    if by_size:
        method, options = choose_method(space.n_nodes, kind)
        row = METHODS[method]
    chosen = space.size_grid(per_node=row.per_node) if sizes is None else space.check_sizes(sizes)
    seeds = as_rng(rng).integers(2**63, size=(repeats, len(chosen)))
    counts: NDArray[Any] = np.zeros(seeds.shape, np.float64 if kind == "none" else np.int64)
    own_sizes = space.box_sizes(chosen, kind)
    facts = (chosen, method, options, seeds)
    with open_checkpoint(checkpoint, space, counts, *facts) as record:
        count_boxes(space, own_sizes, row, options, seeds, record, jobs=jobs, progress=progress)
        if sizes is None and space.name != "metric":
            chosen = _end_at_components(chosen, counts, int(space.components.max()) + 1)
            counts = counts[:, : len(chosen)]
        if bounds or method == "optimum":  # which has them by then
            from featgraph.boxes.bounds import bound_sizes

            about["lower_bounds"] = bound_sizes(
                space, own_sizes[: len(chosen)], kind, record=record, progress=progress
            )
    used = {**options, "chosen_by": "auto"} if by_size else options
    return as_box_counts(space, chosen, counts, method, kind, rng, used, **about)


def _end_at_components(sizes: list[float], counts: NDArray[Any], n_components: int) -> list[float]:
    # Sizes up to the first at which every run has one box per component.
    single = (counts == n_components).all(axis=0)
    return sizes[: int(single.argmax()) + 1] if single.any() else sizes


def describe_method(name: str) -> str:
    """Return all that is known of a covering method: definition, options, cost, source, advice.

    Parameters
    ----------
    name : str
        A key of METHODS.

    Returns
    -------
    str
        Lines of plain text, as ``featgraph methods NAME`` prints them.

    Raises
    ------
    ValueError
        If there is no such method.

    Examples
    --------
    >>> print(describe_method("cluster_growing"))  # doctest: +ELLIPSIS
    cluster_growing: radius boxes
    <BLANKLINE>
    Random uncovered seed; its ball minus what is covered is a box.
    ...
    Options: none
    Cost: O(n_boxes b) time, O(n) memory
    Source: Ding et al. 2025, arXiv:2507.17785, Appendix A, doi:10.48550/arXiv.2507.17785
    Use it: random_sequential under the source paper's name
    """
    return METHODS[choice(name, METHODS, "name")].describe()
