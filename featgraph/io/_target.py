"""Where a graph goes to: a file, a file packed with gzip, or an open stream."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from featgraph.core.files import atomic_path
from featgraph.io._source import Target

__all__ = ["Target", "open_target", "written"]


@contextlib.contextmanager
def open_target(target: Target) -> Iterator[TextIO]:
    """Yield a stream of text: a file written whole or not at all, packed if it ends in .gz.

    Examples
    --------
    >>> with open_target(out := io.BytesIO()) as stream:
    ...     _ = stream.write("é")
    >>> out.getvalue()
    b'\\xc3\\xa9'
    """
    if not isinstance(target, str | os.PathLike):
        with _text_on(target) as out:
            yield out
        return
    with atomic_path(target) as temporary, temporary.open("wb") as raw:
        if Path(target).suffix.lower() != ".gz":
            with _text_on(raw) as out:
                yield out
            return
        # no name and no time in the header: the same graph gives the same bytes
        with gzip.GzipFile("", "wb", mtime=0, fileobj=raw) as packed, _text_on(packed) as out:
            yield out


@contextlib.contextmanager
def _text_on(stream: Any) -> Iterator[Any]:
    if isinstance(stream, io.TextIOBase):
        yield stream
        return
    wrapped = io.TextIOWrapper(stream, encoding="utf-8", newline="\n")
    try:
        yield wrapped
        wrapped.flush()
    finally:
        wrapped.detach()


def written(target: Target) -> Path:
    """Return what a writer returns: the path, or the name of the open file."""
    told = target if isinstance(target, str | os.PathLike) else getattr(target, "name", "stream")
    return Path(str(told))
