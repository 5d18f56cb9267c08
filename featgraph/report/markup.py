"""Tiny HTML builder in which forgetting to escape is impossible."""

from __future__ import annotations

import base64
import html
import re

__all__ = ["Markup", "anchor", "element", "embed_svg", "join"]

_VOID = frozenset({"br", "col", "hr", "img", "meta"})


class Markup(str):
    """Text that is HTML already; any other text is escaped when it enters an element."""

    __slots__ = ()


def element(tag: str, *children: str, **attributes: str | int | None) -> Markup:
    """Return one HTML element; plain children and all attributes are escaped.

    ``class_`` and ``for_`` stand for the attributes whose names Python reserves, other
    underscores become hyphens; an attribute of None is left out.

    Examples
    --------
    >>> element("p", "a < b", element("b", "c"), class_="note")
    '<p class="note">a &lt; b<b>c</b></p>'
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{html.escape(str(value))}"'
        for name, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{join(*children)}</{tag}>")


def anchor(title: str) -> str:
    """Return the id of a title: small letters, digits and hyphens.

    Examples
    --------
    >>> anchor("Is the network of a layer fractal?")
    'is-the-network-of-a-layer-fractal'
    """
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def join(*children: str) -> Markup:
    """Return children one after another, escaping those that are plain text."""
    return Markup(
        "".join(
            child if isinstance(child, Markup) else html.escape(child, quote=False)
            for child in children
        )
    )


def embed_svg(picture: bytes, *, alt: str) -> Markup:
    """Return a picture as an image inside the page; its ids cannot clash with another's."""
    text = base64.b64encode(picture).decode("ascii")
    return element("img", src=f"data:image/svg+xml;base64,{text}", alt=alt, loading="lazy")
