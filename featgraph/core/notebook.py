"""Results in notebooks: a small table, a sparkline, what made them; all escaped. And pictures."""

from __future__ import annotations

import html
import importlib
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Drawing", "draw", "draw_sparkline", "render_result"]

_MOST_ROWS, _MOST_COLUMNS = 8, 12
_WIDTH, _HEIGHT, _EDGE = 220.0, 60.0, 4.0


class Drawing(NamedTuple):
    """A figure and its axes, as every plot function returns them; notebooks show the picture."""

    fig: Any
    axes: Any

    def _repr_png_(self) -> bytes | None:
        # A figure of pyplot, whose axes the caller gave, is shown by its own backend.
        show = getattr(self.fig, "_repr_png_", None)
        return None if show is None else show()


def draw(picture: str, *what: Any, **options: Any) -> Drawing:
    """Draw by a function of ``featgraph.plot``, which is imported only now."""
    return Drawing(*getattr(importlib.import_module("featgraph.plot"), picture)(*what, **options))


def render_result(
    title: str,
    rows: Sequence[Mapping[str, object]],
    facts: Mapping[str, object],
    curve: tuple[object, object] | None,
) -> str:
    """Return a result as a piece of HTML without scripts or links.

    Parameters
    ----------
    title : str
        Its one-line text.
    rows : sequence of mapping
        Its table; the first rows and columns are shown.
    facts : mapping
        What made it.
    curve : tuple of array-like, or None
        Sizes and counts of its sparkline.

    Returns
    -------
    str
        One ``<div>``.
    """
    columns = list(rows[0])[:_MOST_COLUMNS] if rows else []
    head = "".join(f"<th>{html.escape(name)}</th>" for name in columns)
    body = "".join(
        f"<tr>{''.join(f'<td>{_cell(row[name])}</td>' for name in columns)}</tr>"
        for row in rows[:_MOST_ROWS]
    )
    left = len(rows) - _MOST_ROWS
    more = f"<p>… and {left} more rows; to_frame() has all</p>" if left > 0 else ""
    made = "; ".join(f"{k}: {v}" for k, v in facts.items())
    picture = draw_sparkline(*curve) if curve is not None else ""
    return (
        f'<div class="featgraph-result"><p><code>{html.escape(title)}</code></p>{picture}'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{more}"
        f"<p><small>{html.escape(made)}</small></p></div>"
    )


def draw_sparkline(sizes: object, counts: object) -> str:
    """Return N against 1 + size, both axes logarithmic, as inline SVG.

    Parameters
    ----------
    sizes, counts : array-like of float, shape (n_sizes,)
        Points that are not positive or not finite are left out.

    Returns
    -------
    str
        ``<svg>``, or nothing for fewer than two points.

    Examples
    --------
    >>> draw_sparkline([1, 3, 7], [8, 4, 2]).count(",")
    3
    """
    x, y = np.log1p(np.asarray(sizes, float)), np.asarray(counts, float)
    sound = np.isfinite(x) & np.isfinite(y) & (y > 0)
    x, y = x[sound], np.log(y[sound])
    if x.size < 2:
        return ""
    left = _EDGE + (_WIDTH - 2 * _EDGE) * (x - x.min()) / (np.ptp(x) or 1.0)
    down = _EDGE + (_HEIGHT - 2 * _EDGE) * (y.max() - y) / (np.ptp(y) or 1.0)
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(left, down, strict=True))
    label = f"from {math.exp(y[0]):.4g} to {math.exp(y[-1]):.4g} boxes over {x.size} sizes"
    return (
        f'<svg width="{_WIDTH:g}" height="{_HEIGHT:g}" role="img" aria-label="{label}">'
        f'<polyline points="{points}" fill="none" stroke="currentColor"/></svg>'
    )


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else html.escape(str(value))
