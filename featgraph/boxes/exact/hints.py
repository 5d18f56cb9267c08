"""What work on one size leaves for the next: relations of larger sizes hold smaller ones."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.exact.cliques import Columns

__all__ = ["Hints"]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass
class Hints:
    """A cover that holds at this size too, and boxes with shares and prices of a size nearby.

    ``labels`` and ``prices`` have an entry for each node of the whole; boxes need not be boxes at
    this size, they are repaired. ``n_outliers`` tells of how many nodes prices could be proven.
    """

    labels: Ints | None = None
    boxes: Columns = field(
        default_factory=lambda: Columns(np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64))
    )
    shares: Floats = field(default_factory=lambda: np.zeros(0))
    prices: Floats = field(default_factory=lambda: np.zeros(0))
    n_outliers: int = 0

    def restrict(self, nodes: Ints) -> tuple[Columns, Floats]:
        """Return what the boxes hold of ``nodes``, in numbers of these, and their shares.

        Examples
        --------
        >>> hints = Hints(None, Columns(np.array([0, 2, 3]), np.array([4, 7, 1])), np.ones(2))
        >>> hints.restrict(np.array([4, 7]))[0].members
        array([0, 1])
        """
        position = np.full(int(nodes.max(initial=0)) + 1, -1, dtype=np.int64)
        position[nodes] = np.arange(nodes.size)
        members = self.boxes.members
        near = members < position.size
        found = np.where(near, position[np.where(near, members, 0)], -1)
        boxes, some = self.boxes._replace(members=found).strip(found >= 0)
        return boxes, self.shares[some]

    def add(self, nodes: Ints, boxes: Columns, shares: Floats, prices: Floats) -> None:
        """Add boxes over ``nodes`` given in numbers of these."""
        self.boxes = self.boxes.join(boxes._replace(members=nodes[boxes.members]))
        self.shares = np.concatenate((self.shares, shares))
        self.prices[nodes] = prices
