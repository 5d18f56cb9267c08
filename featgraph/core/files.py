"""Files are written whole or not at all, read with suspicion, and locked by one run at a time."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import platform
import tempfile
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = [
    "LOCK",
    "UNFINISHED",
    "DamagedFileError",
    "FolderLock",
    "atomic_path",
    "parse_json",
    "read_json",
    "released_at_end",
    "remove_leftovers",
    "write_text",
]

#: Begins the names of files that are not whole yet, or that a killed run left.
UNFINISHED = ".featgraph-unfinished-"


class DamagedFileError(ValueError):
    """A file that is damaged, cut short, of another kind, or says what cannot be.

    Parameters
    ----------
    file : str or path-like
        The file.
    part : str
        What in it is wrong: a member, a key, an array; empty for the file as a whole.
    rule : str
        The rule it breaks, and the value that breaks it.
    joint : str, default=" "
        What stands between the name of the file and a rule about the whole of it.

    Examples
    --------
    >>> raise DamagedFileError("runs/counts.json", "sizes", "must rise, got [2, 1]")
    Traceback (most recent call last):
    featgraph.core.files.DamagedFileError: counts.json: sizes must rise, got [2, 1]
    """

    def __init__(
        self, file: str | os.PathLike[str], part: str, rule: str, joint: str = " "
    ) -> None:
        self.file, self.part, self.rule, self.joint = Path(file).name, part, rule, joint
        told = f": {part} {rule}" if part else f"{joint}{rule}"
        super().__init__(f"{self.file}{told}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.file, self.part, self.rule, self.joint)


@contextlib.contextmanager
def atomic_path(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield a temporary path beside ``path`` that takes its place when the block succeeds.

    An interrupted or failing block leaves an older file as it was and no trace of its own.
    The temporary name keeps the suffix, so writers that look at it choose the same format.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> with atomic_path(folder / "note.txt") as temporary:
    ...     _ = temporary.write_text("whole")
    >>> [(p.name, p.read_text()) for p in folder.iterdir()]
    [('note.txt', 'whole')]
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary: Path | None = None
    try:
        handle, name = tempfile.mkstemp(
            dir=target.parent, prefix=f"{UNFINISHED}{target.stem}-", suffix=target.suffix
        )
        temporary = Path(name)
        os.close(handle)
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp makes private files; reports are to be shared
        temporary.replace(target)
    except (OSError, RuntimeError) as error:
        full = _find_full(error)
        if full is not None:
            told = f"no room to write: {full.strerror}"
            raise OSError(full.errno, told, str(target)) from error
        if isinstance(error, OSError) and UNFINISHED in str(error.filename):
            raise OSError(error.errno, error.strerror, str(target)) from error
        raise
    finally:
        if temporary is not None:
            temporary.unlink(missing_ok=True)


def _find_full(error: BaseException | None) -> OSError | None:
    """Return the error of a full disk, a quota or a limit of file sizes among the causes."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            return error
        if "file write failed" in str(error) or "PytorchStreamWriter" in str(error):
            return OSError(errno.ENOSPC, "No space left on device")  # torch tells it so
        error = error.__cause__ or error.__context__
    return None


def remove_leftovers(folder: Path) -> None:
    """Delete what killed runs left unfinished in ``folder`` and below."""
    for path in folder.rglob(f"{UNFINISHED}*"):
        path.unlink(missing_ok=True)


def write_text(path: str | os.PathLike[str], text: str) -> Path:
    """Write ``text`` as UTF-8 in one step and return the path."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")
    return Path(path)


def read_json(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a JSON file that holds one object.

    Parameters
    ----------
    path : str or path-like
        The file, in UTF-8.

    Returns
    -------
    dict
        Its members.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    DamagedFileError
        If it is no JSON, nested too deeply, no object, or names a member twice.

    Examples
    --------
    >>> import tempfile
    >>> path = write_text(Path(tempfile.mkdtemp()) / "fit.json", '{"a": 1, "a": 2}')
    >>> read_json(path)
    Traceback (most recent call last):
    featgraph.core.files.DamagedFileError: fit.json: a must stand once, it stands twice
    """
    return parse_json(Path(path).read_bytes(), path)


def parse_json(text: bytes, path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return the object in ``text``, which stands in the file ``path``; see ``read_json``."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            raise DamagedFileError(path, twice, "must stand once, it stands twice")
        return found

    try:
        value = json.loads(text.decode("utf-8"), object_pairs_hook=once)
    except DamagedFileError:
        raise
    except UnicodeDecodeError as error:
        raise DamagedFileError(path, "", f"is not UTF-8 (byte {error.start})") from None
    except RecursionError:
        raise DamagedFileError(path, "", "is nested too deeply to be a result") from None
    except ValueError as error:
        raise DamagedFileError(path, "", f"is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise DamagedFileError(path, "", f"must hold an object, got {type(value).__name__}")
    return value


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
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
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
