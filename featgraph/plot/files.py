"""Figures that notebooks show without pyplot, and their files, the same bytes every time."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from featgraph.core.checks import choice
from featgraph.core.files import atomic_path

__all__ = ["Picture", "save_figure"]

FORMATS = ("pdf", "png", "svg")
DPI = 200
_UNARRANGED: dict[Any, bool] = {"figure.autolayout": False, "figure.constrained_layout.use": False}


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


def save_figure(
    figure: Figure, path: str | os.PathLike[str], *, formats: Sequence[str] = ("png", "svg")
) -> list[Path]:
    """Write a figure under one name in several formats, each whole or not at all.

    Parameters
    ----------
    figure : matplotlib Figure
        The figure; it stays open and unchanged.
    path : str or path-like
        Name without suffix, or with a suffix that then is the only format.
    formats : sequence of {"pdf", "png", "svg"}, default=("png", "svg")
        Formats; PNG has 200 dots per inch.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    ValueError
        If a format is unknown.

    Examples
    --------
    >>> import tempfile
    >>> from matplotlib.figure import Figure
    >>> figure = Figure()
    >>> [path.name for path in save_figure(figure, f"{tempfile.mkdtemp()}/empty")]
    ['empty.png', 'empty.svg']
    """
    target = Path(path)
    suffix = target.suffix.lstrip(".").lower()
    if suffix in FORMATS:
        formats, target = (suffix,), target.with_suffix("")
    for name in formats:
        choice(name, FORMATS, "formats")
    written = []
    with arranged(figure):
        for name in formats:
            file = target.with_name(f"{target.name}.{name}")
            with atomic_path(file) as temporary:
                temporary.write_bytes(render_figure(figure, name))
            written.append(file)
    return written


@contextlib.contextmanager
def arranged(figure: Figure, dpi: float = DPI) -> Iterator[None]:
    """Let a figure arrange itself now, and not again for each file that the block writes.

    Half of the time that a picture takes is spent on it, and saving would draw once more for it.
    """
    engine, canvas, own_dpi = figure.get_layout_engine(), figure.canvas, figure.dpi
    if engine is None:
        yield
        return
    FigureCanvasAgg(figure)
    figure.dpi = dpi
    try:
        engine.execute(figure)
    finally:
        figure.dpi = own_dpi
        figure.set_canvas(canvas)
    with rc_context(_UNARRANGED):
        figure.set_layout_engine(None)
    try:
        yield
    finally:
        figure.set_layout_engine(engine)


def render_figure(figure: Figure, name: str, *, dpi: float = DPI) -> bytes:
    """Return the bytes of a figure; no date and no random ids, so runs can be compared."""
    stream = io.BytesIO()
    dated = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(name)
    with rc_context({"svg.hashsalt": "featgraph", "svg.fonttype": "path"}):
        figure.savefig(stream, format=name, dpi=dpi, facecolor="white", metadata=dated)
    return stream.getvalue()
