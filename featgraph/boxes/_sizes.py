"""Which sizes are counted: the caller's, checked, or a default for each space."""

from __future__ import annotations

import warnings
from collections.abc import Iterable

import numpy as np

from featgraph.boxes.bits import bits_fit
from featgraph.boxes.metric_space import FeatureSpace, GraphSpace, MetricSpace
from featgraph.core.caller import caller_level

__all__ = ["check_sizes", "default_sizes", "kind_sizes"]

EVERY_SIZE = 32  # hops: every size up to here, then growing by a sixteenth
N_WEIGHTED = 32
MOST_LOOKS = 1e11  # edges that the searches of one size may pass: about an hour of one core
N_THETA = 256  # the source paper's grid


def check_sizes(space: MetricSpace, sizes: Iterable[float]) -> list[float]:
    """Return ``sizes`` checked, rising and distinct."""
    checked = sorted({space.size(size) for size in sizes})
    if not checked:
        raise ValueError("sizes must hold at least one size, got none")
    return checked


def kind_sizes(space: MetricSpace, sizes: Iterable[float], kind: str) -> list[float]:
    """Return sizes as boxes of a kind take them: on features θ is a diameter, a radius half of it.

    The diameter of two points at most θ/2 from a centre is at most θ.
    """
    scale = 0.5 if space.name == "metric" and kind == "radius" else 1.0
    return [scale * size for size in sizes]


def default_sizes(space: MetricSpace, *, per_node: bool = True) -> list[float]:
    """Return the sizes for a caller who named none.

    For methods that look around every node (``per_node``), sizes of large graphs end where that
    would take hours, and a warning says so.
    """
    _, bound = space.diameter_bounds
    if isinstance(space, FeatureSpace):
        shortest = space.shortest
        grid = np.expm1(np.linspace(np.log1p(shortest), np.log1p(bound), N_THETA))
        grid[0], grid[-1] = shortest, bound  # exact, or the nearest pair would stay apart
        return [float(theta) for theta in np.unique(grid)]
    if isinstance(space, GraphSpace) and space.lengths is not None:
        positive = space.lengths[space.lengths > 0]
        if not positive.size or bound == 0:  # no lengths, or ways of length 0 around all of them
            return [1.0]
        return [float(size) for size in np.geomspace(positive.min(), bound, N_WEIGHTED)]
    sizes = [0]
    while sizes[-1] < bound:
        sizes.append(sizes[-1] + max(1, sizes[-1] // 16 if sizes[-1] >= EVERY_SIZE else 1))
    if per_node and isinstance(space, GraphSpace) and not bits_fit(space.n_nodes):
        sizes = _leave_out_long(space, sizes)
    return [float(size) for size in sizes]


def _leave_out_long(space: GraphSpace, sizes: list[int]) -> list[int]:
    for place, size in enumerate(sizes):
        n_looks = space.n_nodes * space.ball_edges(size)
        if n_looks > MOST_LOOKS:
            warnings.warn(
                f"sizes above {sizes[place - 1]} are left out: searches around all "
                f"{space.n_nodes} nodes would pass {n_looks:.1e} edges at size {size}; name "
                "sizes to count them, or take 'random_sequential' or 'sketch', which look "
                "around few nodes",
                stacklevel=caller_level(),
            )
            return sizes[:place]
    return sizes
