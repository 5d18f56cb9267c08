"""What a solver found: checked by true distances, and made a BoxCover or BoxCounts."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.counts import BoxCounts
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.metric_space import GraphSpace, MetricSpace, RawCover
from featgraph.core.values import RandomState
from featgraph.kernels import kernel
from featgraph.kernels.search import list_ball

__all__ = ["as_box_counts", "as_box_cover", "check_boxes"]


def as_box_cover(
    cover: RawCover,
    space: MetricSpace,
    size: float,
    method: str,
    kind: str,
    rng: RandomState,
    options: dict[str, Any],
) -> BoxCover:
    """Return what an algorithm found in ``space``, with all that made it."""
    graph = space.graph if isinstance(space, GraphSpace) else None
    options = {**options, **({"interrupted": True} if cover.interrupted else {})}
    if cover.certified_bound != cover.lower_bound:
        options["certified_bound"] = cover.certified_bound
    return BoxCover(
        labels=cover.labels,
        size=size,
        kind=kind,
        method=method,
        centers=cover.centers if kind == "radius" else None,
        node_labels=None if graph is None else graph.labels,
        seed=int(rng) if isinstance(rng, int | np.integer) else None,
        lower_bound=cover.lower_bound,
        options=options,
        overlaps=cover.overlaps,
    )


def as_box_counts(
    space: MetricSpace,
    sizes: Iterable[float],
    counts: NDArray[Any],
    method: str,
    kind: str,
    rng: RandomState,
    options: dict[str, Any],
    **about: Any,
) -> BoxCounts:
    """Return counts of many sizes in ``space``, with all that made them."""
    return BoxCounts(
        sizes=np.asarray(sizes, dtype=np.int64 if space.name == "hop" else np.float64),
        counts_per_repeat=counts,
        method=method,
        kind=kind,
        n_nodes=space.n_nodes,
        space=space.name,
        seed=int(rng) if isinstance(rng, int | np.integer) else None,
        options=options,
        **about,
    )


Ints = NDArray[np.int64]


def check_boxes(
    cover: RawCover,
    space: MetricSpace,
    size: float,
    kind: str,
    names: Sequence[Hashable] | None = None,
) -> None:
    """Raise ValueError at the first promise that boxes of a kind and size break in ``space``."""
    n_nodes, n_boxes = cover.labels.size, cover.n_boxes
    if n_nodes != space.n_nodes:
        raise ValueError(f"the cover has {n_nodes} nodes, the graph {space.n_nodes}")
    starts, stops, indices, hops = space.rows(space.size(size))
    if cover.overlaps is None:
        order = np.argsort(cover.labels, kind="stable")
        bounds = np.concatenate([[0], np.cumsum(np.bincount(cover.labels))])
    else:
        bounds, order = cover.overlaps
        inside = np.zeros(n_nodes, dtype=bool)
        for box in range(n_boxes):
            inside[order[bounds[box] : bounds[box + 1]]] = True
            strays = np.flatnonzero((cover.labels == box) & ~inside)
            if strays.size:
                raise ValueError(f"node {strays[0]} is labelled with box {box}, which lacks it")
            inside[order[bounds[box] : bounds[box + 1]]] = False
    sources = order
    if kind == "radius":
        if cover.centers is None:
            raise ValueError("a cover by radius boxes must name its centers")
        sources = np.asarray(cover.centers, dtype=np.int64)
    box, one, other = _first_violation(
        starts, stops, indices, hops, bounds, order, sources, kind == "radius"
    )
    if box < 0:
        return
    names = names or range(n_nodes)
    if kind == "radius":
        raise ValueError(
            f"box {box} holds node {names[other]!r}, which is farther than radius "
            f"{size:g} from the centre {names[one]!r}"
        )
    low, high = sorted((one, other))
    raise ValueError(
        f"box {box} holds nodes {names[low]!r} and {names[high]!r}, "
        f"which are farther apart than size {size:g}"
    )


@kernel
def _first_violation(
    starts: Ints,
    stops: Ints,
    indices: Ints,
    hops: int,
    bounds: Ints,
    members: Ints,
    sources: Ints,
    by_center: bool,
) -> tuple[int, int, int]:
    n_nodes = starts.size
    seen = np.full(n_nodes, -1, dtype=np.int64)
    queue = np.empty(n_nodes, dtype=np.int64)
    stamp = 0
    for box in range(bounds.size - 1):
        low, high = bounds[box], bounds[box + 1]
        if by_center:
            first, last = box, box + 1
        else:
            first, last = low, high
        for s in range(first, last):
            source = sources[s]
            stamp += 1
            list_ball(starts, stops, indices, hops, source, stamp, seen, queue)
            for k in range(low, high):
                if seen[members[k]] != stamp:
                    return box, source, members[k]
    return -1, -1, -1
