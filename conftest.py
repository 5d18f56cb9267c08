"""Time limits of tests and examples count looks at the clock, which no machine changes."""

from __future__ import annotations

import pytest

SECONDS_PER_LOOK = 0.005
#: They import packages that need not be installed; their tests and the guide run them.
collect_ignore_glob = ["featgraph/training/callbacks/*_callback.py"]
#: The faces of the rooms hold functions whose examples run where they are written.
collect_ignore_glob += ["featgraph/__init__.py", "featgraph/[!c]*/__init__.py"]


@pytest.fixture(autouse=True)
def counted_seconds(monkeypatch: pytest.MonkeyPatch) -> float:
    """Let each look at a clock, or at one that shares its time, take as long as is returned."""
    from featgraph.boxes.exact.clock import Clock

    share = Clock.share

    def left(self: Clock) -> float:
        clock: Clock | None = self
        while clock is not None:
            clock.looks += 1
            clock = clock.whole
        return max(0.0, self.end - self.start - self.looks * SECONDS_PER_LOOK)

    def share_and_tell(self: Clock, part: float) -> Clock:
        own = share(self, part)
        own.whole = self
        return own

    monkeypatch.setattr(Clock, "looks", 0, raising=False)
    monkeypatch.setattr(Clock, "whole", None, raising=False)
    monkeypatch.setattr(Clock, "left", left)
    monkeypatch.setattr(Clock, "share", share_and_tell)
    return SECONDS_PER_LOOK
