"""A limit for graphs that grow by multiplication."""

from __future__ import annotations

__all__ = ["check_size"]

_MOST_EDGES = 1 << 28  # 4 GiB of edge list: a recursive graph asked for one generation too many


def check_size(n_edges: float, name: str) -> None:
    """Refuse a graph of more than 2²⁸ edges before anything is allocated."""
    if n_edges > _MOST_EDGES:
        raise ValueError(
            f"{name} would have {n_edges:.3g} edges, more than {_MOST_EDGES}: choose fewer "
            "(n_nodes, shape, branching, height, generation, m or k)"
        )
