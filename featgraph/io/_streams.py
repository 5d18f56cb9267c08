"""Where a graph comes from and goes to: files, packed files, open streams, and XML on them."""

from __future__ import annotations

import bz2
import contextlib
import csv
import gzip
import io
import lzma
import os
import re
import zlib
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import IO, Any, BinaryIO, TextIO
from xml.parsers import expat

from featgraph.core.files import DamagedFileError, atomic_path

__all__ = [
    "Source",
    "Target",
    "XmlWriter",
    "broken_file",
    "clean_text",
    "escape_text",
    "escape_value",
    "open_target",
    "plain_suffix",
    "target_name",
]

#: A path, or an open file of bytes or text.
Target = str | os.PathLike[str] | IO[Any]
_LEAST_LIMIT = 256 * 2**20
_BROKEN = (ValueError, TypeError, OverflowError, LookupError, csv.Error, expat.ExpatError)
_MARKS = {b"\xff\xfe\0\0": "utf-32", b"\0\0\xfe\xff": "utf-32"}  # at the start of a text
_MARKS |= {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}

#: Suffixes of packed files, and how the bytes of such begin.
_PACKERS: dict[str, Any] = {".gz": gzip, ".bz2": bz2, ".xz": lzma}
_PACKED = {".gz": rb"\x1f\x8b", ".bz2": rb"BZh\d1AY&SY", ".xz": rb"\xfd7zXZ\0"}

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def target_name(target: Target) -> str:
    """Return the name of a path or of an open file."""
    path = isinstance(target, str | os.PathLike)
    return str(target if path else getattr(target, "name", "stream"))


def plain_suffix(name: str) -> str:
    """Return the suffix in small letters, without ``.gz``, ``.bz2`` or ``.xz``."""
    path = Path(name)
    packed = path.suffix.lower() in _PACKERS
    return Path(path.stem if packed else path).suffix.lower()


class Source:
    """The bytes of a graph file; what is packed or comes from a stream is held in memory.

    Examples
    --------
    >>> source = Source(io.StringIO("0 1"))
    >>> source.size, source.text()
    (3, '0 1')
    """

    def __init__(self, target: Target) -> None:
        self.name, self.encoding = Path(target_name(target)).name, None
        self.suffix = plain_suffix(self.name)
        if isinstance(target, str | os.PathLike):
            path = Path(target)
            if path.is_dir():
                raise IsADirectoryError(f"{path} is a folder, not a file")
            if not path.is_file() and not path.is_fifo():
                raise FileNotFoundError(f"no file {path}")
            held = path.read_bytes() if path.is_fifo() else path
            self._held = _unpack(held, path.name, path.suffix.lower())
        elif hasattr(target, "read"):
            given = target.read()
            if isinstance(given, str):  # whatever it says of its encoding
                given, self.encoding = given.encode(), "utf-8"
            self._held = _unpack(bytes(given), self.name)
        else:
            kind = type(target).__name__
            raise TypeError(
                f"edges and nodes, or the path, must be a path or an open file, got {kind}"
            )
        held = self._held
        self.size = len(held) if isinstance(held, bytes) else held.stat().st_size

    _held: Path | bytes
    encoding: str | None  # of the bytes, where it is known

    def open(self) -> BinaryIO:
        """Return a stream of the bytes, unpacked."""
        held = self._held
        return io.BytesIO(held) if isinstance(held, bytes) else held.open("rb")

    def path(self) -> Path:
        """Return the path of a file that is neither packed nor a stream."""
        if isinstance(self._held, bytes):
            told = "must be a file of its own, neither packed nor a stream"
            raise DamagedFileError(self.name, "", told, ": ")
        return self._held

    def text(self) -> str:
        """Return the text of a file in UTF-8, or in what its first bytes say; or what it is."""
        with self.open() as stream:
            held = stream.read()
        encoding = next((name for mark, name in _MARKS.items() if held.startswith(mark)), "")
        if not encoding and b"\0" in held:
            raise ValueError("holds NUL characters: binary data, or UTF-16 without its mark")
        try:
            text = held.decode(encoding or "utf-8-sig")
        except UnicodeDecodeError as error:
            raise ValueError(
                f"not UTF-8 text (byte {error.start}); if it is Windows-1252 or Latin-1, "
                "`iconv -f WINDOWS-1252 -t UTF-8` turns it, or pass an open file, "
                'open(path, encoding="cp1252")'
            ) from None
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


def _unpack(held: Path | bytes, name: str, suffix: str = "") -> Path | bytes:
    """Return what was packed as the suffix or the first bytes say, else what is given."""
    given: Any = io.BytesIO(held) if isinstance(held, bytes) else held
    with io.BytesIO(held) if isinstance(held, bytes) else held.open("rb") as stream:
        start, size = stream.read(16), stream.seek(0, os.SEEK_END)
    begun = (known for known, mark in _PACKED.items() if re.match(mark, start))
    packer = _PACKERS.get(suffix) or _PACKERS.get(next(begun, ""))
    if packer is None:
        return held
    limit = max(_LEAST_LIMIT, 100 * size)
    try:
        with packer.open(given) as packed:
            unpacked: bytes = packed.read(limit + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
        told = f"not a sound {packer.__name__} file ({error})"
        raise DamagedFileError(name, "", told, ": ") from None
    if len(unpacked) > limit:
        raise ValueError(
            f"{name}: unpacks to more than {limit} bytes; unpack it first if you trust it"
        )
    return unpacked


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


@contextlib.contextmanager
def open_target(target: Target) -> Iterator[TextIO]:
    """Yield a stream of text: a file written whole or not at all, packed if its name says so.

    Examples
    --------
    >>> with open_target(out := io.BytesIO()) as stream:
    ...     _ = stream.write("é")
    >>> out.getvalue()
    b'\\xc3\\xa9'
    """
    with contextlib.ExitStack() as stack:
        raw: Any = target
        if isinstance(target, str | os.PathLike):
            raw = stack.enter_context(stack.enter_context(atomic_path(target)).open("wb"))
            suffix = Path(target).suffix.lower()
            if suffix == ".gz":
                # no name and no time in the header: the same graph gives the same bytes
                raw = stack.enter_context(gzip.GzipFile("", "wb", mtime=0, fileobj=raw))
            elif suffix in _PACKERS:
                raw = stack.enter_context(_PACKERS[suffix].open(raw, "wb"))
        if isinstance(raw, io.TextIOBase):
            yield raw  # type: ignore[misc]
            return
        out = io.TextIOWrapper(raw, encoding="utf-8", newline="\n")
        try:
            yield out
            out.flush()
        finally:
            out.detach()


def clean_text(text: str) -> str:
    r"""Replace the characters that XML 1.0 cannot hold.

    Examples
    --------
    >>> clean_text("a\x00b") == "a\ufffdb"
    True
    """
    return _NO_XML.sub("\ufffd", text)


def escape_text(text: str) -> str:
    """Return text as it stands between tags; a bare carriage return would become a line feed."""
    return escape(text, quote=False).replace("\r", "&#13;")


def escape_value(text: str) -> str:
    """Return text as it stands in an attribute, without the quotes."""
    text = escape_text(text).replace('"', "&quot;")
    return text.replace("\n", "&#10;").replace("\t", "&#9;")


class XmlWriter:
    """Elements in order, one per line; text and attributes are escaped and cleaned.

    Examples
    --------
    >>> import io
    >>> xml = XmlWriter(out := io.StringIO())
    >>> with xml.element("graph", {"id": "a<b"}):
    ...     xml.leaf("data", {"key": "n"}, "1 & 2")
    >>> print(out.getvalue(), end="")
    <?xml version="1.0" encoding="UTF-8"?>
    <graph id="a&lt;b">
    <data key="n">1 &amp; 2</data>
    </graph>
    """

    def __init__(self, out: TextIO) -> None:
        self.write = out.write
        self.write('<?xml version="1.0" encoding="UTF-8"?>\n')

    def _start(self, name: str, about: Mapping[str, str]) -> None:
        parts = "".join(f' {key}="{escape_value(clean_text(v))}"' for key, v in about.items())
        self.write(f"<{name}{parts}")

    @contextlib.contextmanager
    def element(self, name: str, about: Mapping[str, str] | None = None) -> Iterator[None]:
        """Write an element around what the block writes."""
        self._start(name, about or {})
        self.write(">\n")
        yield
        self.write(f"</{name}>\n")

    def leaf(self, name: str, about: Mapping[str, str] | None = None, text: str = "") -> None:
        """Write an element that holds text or nothing."""
        self._start(name, about or {})
        self.write(f">{escape_text(clean_text(text))}</{name}>\n" if text else "/>\n")
