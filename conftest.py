"""For tests and examples: time counted in looks at the clock, and a process left as found."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import numpy as np
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


@pytest.fixture(autouse=True)
def _own_process_state() -> Iterator[None]:
    """Begin each test with the same random numbers, and undo what it leaves in the process.

    So the outcome does not depend on which tests ran before in the same process.
    """
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 (that of other packages)
    folder, variables, errors = Path.cwd(), dict(os.environ), np.geterr()
    style = matplotlib.rcParams.copy()
    torch = sys.modules.get("torch")
    if torch:
        torch.manual_seed(0)
        threads, kind = torch.get_num_threads(), torch.get_default_dtype()
    yield
    os.chdir(folder)
    if dict(os.environ) != variables:
        for name in set(os.environ) - set(variables):
            del os.environ[name]
        os.environ.update(variables)
    np.seterr(**errors)
    dict.update(matplotlib.rcParams, style)
    if torch:
        torch.set_num_threads(threads)
        torch.set_default_dtype(kind)
