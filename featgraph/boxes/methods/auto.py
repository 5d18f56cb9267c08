"""Automatic choice of a method by the number of nodes.

Diameter boxes: ``iterated_greedy`` up to 2,000 nodes, ``greedy`` in DSATUR order up to 50,000, and
in order of degree beyond. Radius boxes: ``memb`` up to 50,000 nodes, ``sketch`` beyond. ``method``
and ``options`` of the result say what was chosen.
"""

from __future__ import annotations

from typing import Any

__all__ = ["choose_method"]

# up to this many nodes the method that makes fewest boxes in about a second; then faster ones
FEW, MANY = 2_000, 50_000


def choose_method(n_nodes: int, kind: str) -> tuple[str, dict[str, Any]]:
    """Return the method for so many nodes, and its options.

    Examples
    --------
    >>> choose_method(10_000, "diameter")
    ('greedy', {'order': 'dsatur'})
    """
    if kind == "radius":
        return ("memb" if n_nodes <= MANY else "sketch"), {}
    if n_nodes <= FEW:
        return "iterated_greedy", {"iterations": 1000, "patience": 200}
    return "greedy", {"order": "dsatur" if n_nodes <= MANY else "degree"}
