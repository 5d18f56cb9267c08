"""XML as text: elements one after the other, escaped and cleaned."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from html import escape
from typing import TextIO

__all__ = ["XmlWriter", "clean_text", "escape_text", "escape_value"]

_NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


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
