"""One package and one measure on one input."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Arrays", "Row", "plain"]

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Row:
    """What is compared; ``peer`` is code that sets ``value``, ``truth`` follows the definition."""

    name: str
    packages: tuple[str, ...]  # as pip takes them, the package itself first
    what: str
    inputs: Callable[[], Arrays]
    peer: str
    ours: Callable[[Arrays], Any] | None  # None where featgraph has no such measure
    truth: Callable[[Arrays], Any]
    prepare: str = ""  # imports, which are not timed
    note: str = ""  # why they differ
    shares: bool = False  # runs beside the packages of the running interpreter
    rtol: float = 1e-6
    atol: float = 1e-9

    @property
    def package(self) -> str:
        """Name of the package on PyPI."""
        return self.packages[0].partition("==")[0]

    @property
    def title(self) -> str:
        """Package and version."""
        return self.packages[0].replace("==", " ")


def plain(value: Any) -> list[float]:
    """Return numbers as a flat list."""
    numbers: list[float] = np.asarray(value, dtype=float).ravel().tolist()
    return numbers
