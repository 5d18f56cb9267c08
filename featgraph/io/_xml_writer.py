"""XML written piece by piece, so that a large graph is never held as a tree of elements."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import TextIO
from xml.sax.saxutils import escape, quoteattr

__all__ = ["XmlWriter", "clean_text"]

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def clean_text(text: str) -> str:
    r"""Replace the characters that XML 1.0 cannot hold.

    Examples
    --------
    >>> clean_text("a\x00b") == "a\ufffdb"
    True
    """
    return _NO_XML.sub("\ufffd", text)


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
        self._write = out.write
        self._write('<?xml version="1.0" encoding="UTF-8"?>\n')

    def _start(self, name: str, about: Mapping[str, str]) -> None:
        parts = "".join(f" {key}={quoteattr(clean_text(value))}" for key, value in about.items())
        self._write(f"<{name}{parts}")

    @contextlib.contextmanager
    def element(self, name: str, about: Mapping[str, str] | None = None) -> Iterator[None]:
        """Write an element around what the block writes."""
        self._start(name, about or {})
        self._write(">\n")
        yield
        self._write(f"</{name}>\n")

    def leaf(self, name: str, about: Mapping[str, str] | None = None, text: str = "") -> None:
        """Write an element that holds text or nothing."""
        self._start(name, about or {})
        # a bare carriage return would be read as a line feed
        body = escape(clean_text(text), {"\r": "&#13;"})
        self._write(f">{body}</{name}>\n" if text else "/>\n")
