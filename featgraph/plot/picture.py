"""Picture: a figure made outside pyplot that notebooks show all the same."""

from __future__ import annotations

import io

from matplotlib.figure import Figure

__all__ = ["Picture"]


class Picture(Figure):
    """A figure of matplotlib; nothing of it stays open behind the caller's back.

    Notebooks show it without pyplot and its inline backend, by ``_repr_png_``.

    Examples
    --------
    >>> Picture()._repr_png_()[1:4]
    b'PNG'
    """

    def _repr_png_(self) -> bytes:
        buffer = io.BytesIO()
        self.savefig(buffer, format="png")
        return buffer.getvalue()
