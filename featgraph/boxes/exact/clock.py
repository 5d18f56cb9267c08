"""Time limits that are shared by the steps of one call."""

from __future__ import annotations

import math
import time

__all__ = ["Clock"]


class Clock:
    """Seconds left of a limit that starts now; ``None`` means no limit.

    Examples
    --------
    >>> Clock(0.0).expired
    True
    >>> Clock(None).left()
    inf
    """

    def __init__(self, limit: float | None) -> None:
        self.start = time.monotonic()
        self.end = math.inf if limit is None else self.start + limit

    def left(self) -> float:
        """Return the seconds that remain, at least 0."""
        return max(0.0, self.end - time.monotonic())

    @property
    def expired(self) -> bool:
        """Whether no time remains."""
        return self.left() <= 0.0

    def share(self, part: float) -> Clock:
        """Return a clock for ``part`` (0 to 1) of the remaining time."""
        left = self.left()
        return Clock(None if math.isinf(left) else left * part)
