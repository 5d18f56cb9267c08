"""Progress bars for long work."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterable, Iterator
from typing import Any, TypeVar

__all__ = ["progress_bar", "track_progress"]

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


class _NoBar:
    def update(self, n: float = 1) -> None:
        """Show nothing."""

    def set_postfix_str(self, text: str) -> None:
        """Show nothing."""


@contextlib.contextmanager
def progress_bar(*, total: int, progress: bool | None, label: str, start: int = 0) -> Iterator[Any]:
    """Yield a bar with a method ``update()``, for work that does not run in one loop.

    Examples
    --------
    >>> with progress_bar(total=2, progress=False, label="steps") as bar:
    ...     bar.update()
    """
    if progress is False or (progress is None and not sys.stderr.isatty()):
        yield _NoBar()
        return
    from tqdm import tqdm

    # parts of a step move the bar, but only whole ones are counted
    form = "{l_bar}{bar}| {n:.0f}/{total} [{elapsed}<{remaining}{postfix}]"
    with tqdm(total=total, initial=start, desc=label, dynamic_ncols=True, bar_format=form) as bar:
        yield bar
