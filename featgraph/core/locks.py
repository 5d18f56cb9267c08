"""A folder that one run writes is closed to others."""

from __future__ import annotations

import contextlib
import os
import platform
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = ["LOCK", "FolderLock", "released_at_end"]

LOCK = ".featgraph-lock"


class FolderLock:
    """Keeps a folder for one run, until it is released or the process ends, however it ends.

    Parameters
    ----------
    folder : str or path-like
        The folder, which is made if it is missing.
    lent : bool, default=False
        Let what this process calls lock the folder too, as parts of the same run.

    Raises
    ------
    ValueError
        If another run holds it.

    Notes
    -----
    ``flock``, which also holds between the machines of most shared file systems; none on Windows.
    """

    def __init__(self, folder: str | os.PathLike[str], *, lent: bool = False) -> None:
        path = Path(folder).absolute() / LOCK
        path.parent.mkdir(parents=True, exist_ok=True)
        if path in _LENT and not lent:
            self._finalizer: Any = weakref.finalize(self, int)  # nothing to release
            return
        while (handle := _lock_file(path)) is None:
            pass  # the file went away between opening and locking it: its holder had just ended
        # also when nobody releases it, but drops it
        self._finalizer = _HELD[path] = weakref.finalize(self, _unlock_file, handle, path)
        if lent:
            _LENT.add(path)

    def release(self) -> None:
        """Let others in."""
        self._finalizer()


_HELD: dict[Path, Any] = {}  # by this process
_LENT: set[Path] = set()


@contextlib.contextmanager
def released_at_end() -> Iterator[None]:
    """Release at the end what was locked within, however it ends."""
    before = set(_HELD)
    try:
        yield
    finally:
        for release in [held for path, held in _HELD.items() if path not in before]:
            release()


def _lock_file(path: Path) -> int | None:
    try:
        import fcntl
    except ImportError:
        return -1
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        who = os.read(handle, 200).decode(errors="replace") or "another run"
        os.close(handle)
        raise ValueError(
            f"folder must be free, got {os.fspath(path.parent)!r}, which {who} is writing; wait "
            "until it ends, or name another folder"
        ) from None
    if os.fstat(handle).st_nlink == 0:
        os.close(handle)
        return None
    os.truncate(handle, 0)
    os.write(handle, f"process {os.getpid()} on {platform.node()}".encode())
    return handle


def _unlock_file(handle: int, path: Path) -> None:
    del _HELD[path]
    _LENT.discard(path)
    if handle >= 0:
        path.unlink(missing_ok=True)
        os.close(handle)
