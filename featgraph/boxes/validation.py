"""The checks behind BoxCover.validate: true distances, searched again from scratch."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.metric_space import MetricSpace, RawCover
from featgraph.kernels import kernel
from featgraph.kernels.search import list_ball

__all__ = ["check_boxes"]

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
