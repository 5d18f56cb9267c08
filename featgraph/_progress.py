"""Progress bars for long work."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TypeVar

__all__ = ["track_progress"]

Item = TypeVar("Item")


def track_progress(
    items: Iterable[Item],
    *,
    progress: bool | None,
    label: str,
    total: int | None = None,
) -> Iterable[Item]:
    """Yield ``items`` under a bar on stderr.

    ``progress=None`` shows the bar when stderr is a terminal, True always, False never.

    Examples
    --------
    >>> list(track_progress(range(3), progress=False, label="layers"))
    [0, 1, 2]
    """
    if progress is False or (progress is None and not sys.stderr.isatty()):
        return items
    from tqdm import tqdm

    bar: Iterable[Item] = tqdm(items, desc=label, total=total, dynamic_ncols=True)
    return bar
