"""What commands say on the terminal."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["format_table", "say"]


def say(text: str = "", *, quiet: bool = False) -> None:
    """Write a line to the standard output."""
    if not quiet:
        sys.stdout.write(f"{text}\n")


def format_table(rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> str:
    """Return rows as aligned text; ``columns`` maps a key to its heading.

    Examples
    --------
    >>> print(format_table([{"n": 3, "x": 0.25}], {"n": "count", "x": "share"}))
    count  share
        3   0.25
    """
    cells = [[_cell(row.get(key)) for key in columns] for row in rows]
    heads = list(columns.values())
    widths = [
        max([len(head), *(len(row[place]) for row in cells)]) for place, head in enumerate(heads)
    ]
    left = [bool(rows) and all(isinstance(row.get(key), str) for row in rows) for key in columns]
    lines = []
    for line in [heads, *cells]:
        padded = [
            text.ljust(width) if aligned else text.rjust(width)
            for text, width, aligned in zip(line, widths, left, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _cell(value: Any) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
