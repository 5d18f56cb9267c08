"""From what a solver found to a BoxCover or BoxCounts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.counts import BoxCounts
from featgraph.boxes.cover import BoxCover
from featgraph.boxes.metric_space import GraphSpace, MetricSpace, RawCover
from featgraph.core.values import RandomState

__all__ = ["as_box_counts", "as_box_cover"]


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
