"""XML read and written piece by piece, so that a large graph is never held as a tree."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import TextIO
from xml.parsers import expat
from xml.sax.saxutils import escape

from featgraph.io._source import Source

__all__ = ["XmlReader", "XmlWriter", "clean_text", "escape_text", "escape_value", "walk_xml"]

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_CHUNK = 1 << 18  # bytes between two calls of flush


class XmlReader:
    """What ``walk_xml`` calls, with the names of elements without prefixes."""

    def __init__(self) -> None:
        self.parts: list[str] = []

    @property
    def text(self) -> str:
        """What stands between the last start of an element and here."""
        return "".join(self.parts)

    def start(self, tag: str, about: dict[str, str]) -> None:
        """Take the start of an element."""

    def end(self, tag: str) -> None:
        """Take the end of an element."""

    def flush(self) -> None:
        """Put away what was read, every quarter of a million bytes."""


def walk_xml(source: Source, reader: XmlReader) -> None:
    """Let ``reader`` see each element of a file.

    A document type is refused before anything in it is read: entities can fill the memory or
    read other files.
    """
    start, end, parts = reader.start, reader.end, reader.parts

    def refuse(*_: object) -> None:
        raise ValueError(
            "declares a document type (<!DOCTYPE …>), which could define entities, and is refused; "
            "remove that line if you trust the file"
        )

    def open_element(tag: str, attributes: dict[str, str]) -> None:
        start(tag.rpartition(":")[2], attributes)
        parts.clear()

    def close_element(tag: str) -> None:
        end(tag.rpartition(":")[2])

    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = open_element
    parser.EndElementHandler = close_element
    parser.CharacterDataHandler = parts.append
    with source.open() as stream:
        while chunk := stream.read(_CHUNK):
            parser.Parse(chunk, False)
            reader.flush()
    parser.Parse(b"", True)


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
    return escape(text, {"\r": "&#13;"})


def escape_value(text: str) -> str:
    """Return text as it stands in an attribute, without the quotes."""
    return escape(text, {'"': "&quot;", "\n": "&#10;", "\r": "&#13;", "\t": "&#9;"})


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
