"""Where a graph comes from: a file, a file packed with gzip, or an open stream."""

from __future__ import annotations

import contextlib
import csv
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO
from xml.parsers import expat

from featgraph.core.files import DamagedFileError

__all__ = ["Source", "Target", "broken_file"]

#: A path, or an open file of bytes or text.
Target = str | os.PathLike[str] | IO[Any]
_LEAST_LIMIT = 256 * 2**20
_BROKEN = (ValueError, TypeError, OverflowError, LookupError, csv.Error, expat.ExpatError)


class Source:
    """The bytes of a graph file; what is packed or comes from a stream is held in memory.

    Examples
    --------
    >>> source = Source(io.StringIO("0 1"))
    >>> source.size, source.text()
    (3, '0 1')
    """

    def __init__(self, target: Target) -> None:
        if isinstance(target, str | os.PathLike):
            path = Path(target)
            if not path.is_file():
                raise FileNotFoundError(f"no file {path}")
            self.name = path.name
            packed = path.suffix.lower() == ".gz"
            self._held: Path | bytes = _unpack(path) if packed else path
        else:
            if not hasattr(target, "read"):
                kind = type(target).__name__
                raise TypeError(
                    f"edges and nodes, or the path, must be a path or an open file, got {kind}"
                )
            given = target.read()
            self._held = given.encode() if isinstance(given, str) else bytes(given)
            self.name = Path(str(getattr(target, "name", "stream"))).name
        plain = self.name[:-3] if self.name.lower().endswith(".gz") else self.name
        self.suffix = Path(plain).suffix.lower()
        held = self._held
        self.size = len(held) if isinstance(held, bytes) else held.stat().st_size

    def open(self) -> BinaryIO:
        """Return a stream of the bytes, unpacked."""
        held = self._held
        return io.BytesIO(held) if isinstance(held, bytes) else held.open("rb")

    def path(self) -> Path:
        """Return the path of a file that is neither packed nor a stream."""
        if isinstance(self._held, bytes):
            raise ValueError(f"{self.name}: an archive of arrays is read from a file of its own")
        return self._held

    def text(self) -> str:
        """Return the text of a UTF-8 file, or say that it is none."""
        with self.open() as stream:
            held = stream.read()
        try:
            text = held.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError(f"not UTF-8 text (byte {error.start})") from None
        if "\0" in text:
            raise ValueError("holds NUL characters: binary data, not text")
        return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text

    def check_node_count(self, n_nodes: int) -> None:
        """Refuse a header that claims more nodes than a file of this length makes plausible.

        Beyond a million isolated nodes, each node is expected to cost at least one byte.
        """
        most = 1_000_000 + self.size
        if not 0 < n_nodes <= most:
            raise ValueError(
                f"claims {n_nodes} nodes; a file of this length may have from 1 to {most} of them"
            )


def _unpack(path: Path) -> bytes:
    limit = max(_LEAST_LIMIT, 100 * path.stat().st_size)
    try:
        with gzip.open(path) as packed:
            held = packed.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DamagedFileError(path, "", f"not a sound gzip file ({error})", ": ") from None
    if len(held) > limit:
        raise ValueError(
            f"{path.name}: unpacks to more than {limit} bytes; unpack it first if you trust it"
        )
    return held


@contextlib.contextmanager
def broken_file(name: str) -> Iterator[None]:
    """Turn whatever a broken file raises into one line that names it.

    Examples
    --------
    >>> with broken_file("a.edges"):
    ...     raise ValueError("line 3: has 1 column")
    Traceback (most recent call last):
    featgraph.core.files.DamagedFileError: a.edges: line 3: has 1 column
    """
    try:
        yield
    except DamagedFileError:
        raise
    except _BROKEN as error:
        raise DamagedFileError(name, "", " ".join(str(error).split()), ": ") from None
    except RecursionError:
        raise DamagedFileError(name, "", "nested too deeply to be a graph", ": ") from None
