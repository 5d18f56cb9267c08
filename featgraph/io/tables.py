"""Tables for people and programs: CSV, JSON, Markdown."""

from __future__ import annotations

import csv
import io
import json
import math
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from featgraph.core.files import write_text

__all__ = ["format_rows", "json_value", "write_rows"]

Row: TypeAlias = Mapping[str, Any]


def write_rows(rows: Iterable[Row], path: str | os.PathLike[str]) -> Path:
    """Write rows as a table; the suffix chooses CSV, JSON or Markdown.

    Parameters
    ----------
    rows : iterable of mapping of str to value
        Columns are the keys in order of first appearance; a key that a row lacks is empty there.
        Values: numbers, strings, booleans, None, numpy scalars; in JSON also lists, mappings
        and arrays of these.
    path : str or path
        Ends in .csv, .json or .md; written whole or not at all.

    Returns
    -------
    Path
        The path written.

    Raises
    ------
    ValueError
        If the suffix is another one.
    TypeError
        If a value is of none of these kinds.

    Notes
    -----
    None is an empty cell (CSV, Markdown) or null. JSON has no NaN and no infinity: they become
    null; CSV and Markdown write them as nan, inf and -inf. Floats are written in full in CSV and
    JSON and with 6 digits in Markdown.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "boxes.md"
    >>> print(write_rows([{"size": 1, "boxes": 20}, {"size": 2, "boxes": 4}], path).read_text())
    | size | boxes |
    | ---: | ---: |
    | 1 | 20 |
    | 2 | 4 |
    <BLANKLINE>
    """
    suffix = Path(path).suffix.lower()
    if suffix not in _WRITERS:
        raise ValueError(f"path must end in one of {sorted(_WRITERS)}, got {Path(path).name!r}")
    return write_text(path, format_rows(rows, suffix))


def format_rows(rows: Iterable[Row], suffix: str) -> str:
    """Return what ``write_rows`` writes into a file of that suffix.

    Examples
    --------
    >>> format_rows([{"size": 1, "boxes": 20}], ".csv")
    'size,boxes\\n1,20\\n'
    """
    table = [{str(key): _plain(value) for key, value in row.items()} for row in rows]
    columns = list(dict.fromkeys(key for row in table for key in row))
    return _WRITERS[suffix](table, columns)


def _plain(value: object) -> object:
    """Return a value of Python's own types."""
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist())
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(
        f"rows must hold numbers, strings, booleans and None, got {type(value).__name__}"
    )


def _csv_text(table: list[dict[str, object]], columns: list[str]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(key)) for key in columns] for row in table)
    return out.getvalue()


def _cell(value: object) -> object:
    return json.dumps(_finite(value)) if isinstance(value, list | dict) else value


def json_value(value: object) -> Any:
    """Return what JSON can hold: of Python's own types, with None for nan and infinity.

    Examples
    --------
    >>> json_value({"size": np.float64(2), "ratio": (float("nan"), 0.5)})
    {'size': 2.0, 'ratio': [None, 0.5]}
    """
    return _finite(_plain(value))


def _finite(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list) else value


def _json_text(table: list[dict[str, object]], columns: list[str]) -> str:
    whole = [{key: _finite(row.get(key)) for key in columns} for row in table]
    return json.dumps(whole, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def _markdown_text(table: list[dict[str, object]], columns: list[str]) -> str:
    numeric = [
        all(isinstance(row.get(key), int | float | None) for row in table) for key in columns
    ]
    lines = [columns, ["---:" if right else "---" for right in numeric]]
    lines += [[_markdown_cell(row.get(key)) for key in columns] for row in table]
    return "".join(f"| {' | '.join(map(_escape, line))} |\n" for line in lines)


def _markdown_cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.6g}"
    return str(_cell(value))


def _escape(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


_WRITERS: dict[str, Callable[[list[dict[str, Any]], list[str]], str]] = {
    ".csv": _csv_text,
    ".json": _json_text,
    ".md": _markdown_text,
}
