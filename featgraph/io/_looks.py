"""How files spell colours, and names that mean looks."""

from __future__ import annotations

import re

from featgraph.io._columns import Table

__all__ = ["RESERVED_PREFIX", "hex_channels", "put_color"]

#: An attribute whose name Gephi would take for something else is written with this prefix.
RESERVED_PREFIX = "attribute_"

_HEX = re.compile(r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})")


def hex_channels(text: str) -> list[int] | None:
    """Return red, green, blue (and opacity) of ``#rgb``, ``#rrggbb``, ``#rrggbbaa``, else None.

    Examples
    --------
    >>> hex_channels("#ff8000"), hex_channels("#f80"), hex_channels("red")
    ([255, 128, 0], [255, 136, 0], None)
    """
    if not _HEX.fullmatch(text.strip()):
        return None
    digits = text.strip()[1:]
    wide = digits if len(digits) > 4 else "".join(2 * digit for digit in digits)
    return [int(wide[k : k + 2], 16) for k in range(0, len(wide), 2)]


def put_color(table: Table, text: str | None) -> None:
    """Give the newest row of a table a colour written in hexadecimal digits."""
    channels = None if text is None else hex_channels(text) or hex_channels(f"#{text}")
    for name, value in zip("rgb", channels or (), strict=False):
        table.put(name, str(value), "integer")
    if channels is not None and len(channels) == 4:
        table.put("alpha", repr(channels[3] / 255), "double")
