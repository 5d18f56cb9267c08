"""Results of a study as lines of JSON, so that a stopped run goes on where it was."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["add_line", "open_lines", "read_lines"]


def read_lines(path: Path) -> list[dict[str, Any]]:
    """Return the lines written so far; a line cut off by a stop is left out."""
    if not path.is_file():
        return []
    return [json.loads(line) for line in path.read_text("utf-8").split("\n")[:-1]]


def open_lines(path: Path) -> set[tuple[Any, ...]]:
    """Make the file ready for further lines; return the keys of those that it has."""
    lines = read_lines(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return {tuple(line["key"]) for line in lines}


def add_line(path: Path, line: Mapping[str, Any]) -> None:
    """Write one more line."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(line) + "\n")
