"""Files are written whole or not at all, and read with suspicion."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

__all__ = [
    "UNFINISHED",
    "DamagedFileError",
    "atomic_path",
    "parse_json",
    "read_json",
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
    handle, name = tempfile.mkstemp(
        dir=target.parent, prefix=f"{UNFINISHED}{target.stem}-", suffix=target.suffix
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp makes private files; reports are to be shared
        temporary.replace(target)
    except (OSError, RuntimeError) as error:
        full = _find_full(error)
        if full is None:
            raise
        raise OSError(full.errno, f"no room to write: {full.strerror}", str(target)) from error
    finally:
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

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
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
