"""Nodes on a ring, in the order of their numbers."""

from __future__ import annotations

from featgraph.kernels.compiler import kernel

__all__ = ["lengthens"]


@kernel
def _ring_distance(n_ring: int, one: int, two: int) -> int:
    way = abs(one - two)
    return min(way, n_ring - way)


@kernel
def lengthens(n_ring: int, a: int, b: int, c: int, d: int) -> bool:
    """Tell whether a–d and c–b together are longer on the ring than a–b and c–d."""
    new = _ring_distance(n_ring, a, d) + _ring_distance(n_ring, c, b)
    return new > _ring_distance(n_ring, a, b) + _ring_distance(n_ring, c, d)
