"""The parts of a problem, worked on within one time limit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from featgraph.boxes.exact.clock import Clock
from featgraph.core.progress import track_progress

__all__ = ["Part", "run_parts"]

LABELS = {"pack": "packings", "improve": "boxes and bounds", "solve_exact": "integer programmes"}


class Part(Protocol):
    """Anything with a best cover and a bound that can be worked on stage by stage.

    ``certified`` is the part of ``lower`` that was proven in whole numbers, without branch and
    bound in floating point.
    """

    lower: int
    certified: int

    @property
    def upper(self) -> int:
        """Number of boxes of the best cover."""

    @property
    def weight(self) -> int:
        """Share of the time that this part may take."""

    def is_open(self) -> bool:
        """Whether a smaller cover may exist."""

    def start(self) -> None:
        """Take the bounds that cost next to nothing."""

    def pack(self, clock: Clock, rng: np.random.Generator) -> None:
        """Take the best bound that a short search gives."""

    def improve(self, clock: Clock, rng: np.random.Generator) -> None:
        """Search, bound, and solve what is easy."""

    def solve_exact(self, clock: Clock, rng: np.random.Generator) -> None:
        """Spend the rest of the time on the gap."""


def run_parts(
    parts: Sequence[Part],
    clock: Clock,
    rng: np.random.Generator,
    *,
    stages: Sequence[str] = ("improve", "solve_exact"),
    progress: bool | None = False,
) -> bool:
    """Work on every part, small ones first; return whether Ctrl+C ended it early.

    Every part first gets its cheap bounds. Then every stage is run on all parts that are open,
    each with a share of the remaining time by its weight; time that a part leaves goes to those
    after it.
    """
    try:
        for part in parts:
            part.start()
        for stage in stages:
            waiting = sorted((part for part in parts if part.is_open()), key=lambda p: p.weight)
            left = sum(part.weight for part in waiting)
            for part in track_progress(waiting, progress=progress, label=LABELS[stage]):
                if clock.expired:
                    return False
                work = {
                    "pack": part.pack,
                    "improve": part.improve,
                    "solve_exact": part.solve_exact,
                }[stage]
                work(clock.share(part.weight / max(left, 1)), rng)
                left -= part.weight
    except KeyboardInterrupt:
        return True
    return False
