"""What commands say on the terminal, as text or JSON, and what they write into their folder."""

from __future__ import annotations

import contextlib
import json
import math
import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from cyclopts import Parameter

from featgraph.core.files import FolderLock

__all__ = ["LOUD", "Folder", "Screen", "claim", "format_table", "write_json"]


@Parameter(name="*")
@dataclass(frozen=True)
class Screen:
    """How much is said, and in which form.

    Parameters
    ----------
    quiet
        Errors only: no progress bars, no summary.
    json
        Print the tables as one JSON document on the standard output, instead of text.
    """

    quiet: Annotated[bool, Parameter(alias="-q")] = False
    json: bool = False

    @property
    def progress(self) -> bool | None:
        """What functions take as ``progress``: None shows bars where there is a terminal."""
        return False if self.quiet else None

    def say(self, text: str = "") -> None:
        """Write a line for people."""
        if not self.quiet and not self.json:
            write(f"{text}\n")

    def table(self, rows: Sequence[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
        """Write rows as aligned text that fits the terminal."""
        is_told = "COLUMNS" in os.environ or sys.stdout.isatty()
        width = shutil.get_terminal_size().columns if is_told else 80
        self.say(format_table(rows, columns, width=width))


#: Neither quiet nor JSON, the default of every command.
LOUD = Screen()


def write(text: str) -> None:
    """Write to the standard output; a command whose reader left goes on without."""
    with contextlib.suppress(BrokenPipeError):
        sys.stdout.write(text)


def write_json(tables: Mapping[str, object]) -> None:
    """Write the tables of a command as one JSON document; NaN and infinity become null."""
    from featgraph.io.tables import json_value

    write(json.dumps(json_value(tables), indent=1, allow_nan=False) + "\n")


def format_table(
    rows: Sequence[Mapping[str, object]], columns: Mapping[str, str], *, width: int = 80
) -> str:
    """Return rows as aligned text; ``columns`` maps a key to its heading.

    Columns that do not fit into ``width`` follow below, beside the first column again.

    Examples
    --------
    >>> rows = [{"n": 3, "x": 0.25}]
    >>> print(format_table(rows, {"n": "count", "x": "share"}))
    count  share
        3   0.25
    >>> print(format_table(rows, {"n": "count", "x": "share", "y": "rest"}, width=14))
    count  share
        3   0.25
    <BLANKLINE>
    count  rest
        3     –
    """
    filled = [_align(key, head, rows) for key, head in columns.items()]
    blocks = ["\n".join("  ".join(line).rstrip() for line in zip(*block, strict=True))
              for block in _fold(filled, width)]  # fmt: skip
    return "\n\n".join(blocks)


def _align(key: str, head: str, rows: Sequence[Mapping[str, object]]) -> list[str]:
    """Return heading and cells of one column, padded to one width; text to the left."""
    cells = [head, *(_cell(row.get(key)) for row in rows)]
    longest = max(map(len, cells))
    if rows and all(isinstance(row.get(key), str) for row in rows):
        return [cell.ljust(longest) for cell in cells]
    return [cell.rjust(longest) for cell in cells]


def _fold(columns: list[list[str]], width: int) -> Iterator[list[list[str]]]:
    """Yield columns side by side as far as they fit, each time behind the first one."""
    if not columns:
        return
    block = columns[:1]
    for column in columns[1:]:
        taken = sum(len(other[0]) + 2 for other in block)
        if len(block) > 1 and taken + len(column[0]) > width:
            yield block
            block = columns[:1]
        block.append(column)
    yield block


def _cell(value: object) -> str:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return "–"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


class Folder(NamedTuple):
    """A claimed folder; ``pictures`` are formats, ``prefix`` begins all names, such as of a layer.

    Others are kept out of it as long as the object lives.
    """

    path: Path
    pictures: Sequence[str] = ()
    prefix: str = ""
    lock: FolderLock | None = None

    def part(self, name: str) -> Folder:
        """Return the same folder for the files of one layer or graph."""
        from featgraph.report.folder import file_key

        return self._replace(prefix=f"{file_key(name)}--")

    def table(self, name: str, rows: Iterable[Mapping[str, Any]]) -> Path:
        """Write rows; the suffix of the name chooses CSV, JSON or Markdown."""
        from featgraph.io import write_rows

        return write_rows(rows, self.path / f"{self.prefix}{name}")

    def picture(
        self, name: str, draw: Callable[..., tuple[Any, Any]], *given: Any, **how: Any
    ) -> list[Path]:
        """Write what a plot function returns for ``given``, in the formats asked for."""
        if not self.pictures:
            return []
        from featgraph.plot import save_figure

        return save_figure(
            draw(*given, **how)[0], self.path / f"{self.prefix}{name}", formats=self.pictures
        )

    def result(self, name: str, result: Any) -> Path:
        """Write a result that can save itself."""
        path: Path = result.save(self.path / f"{self.prefix}{name}")
        return path


def claim(out: Path, kind: str, force: bool, pictures: Sequence[str] = ()) -> Folder:
    """Make the folder ready for writing, or refuse one that holds something else."""
    if "none" in pictures and len(pictures) > 1:
        raise ValueError(f"--pictures none excludes formats, got {' '.join(pictures)}")
    formats = [] if "none" in pictures else list(dict.fromkeys(pictures))
    from featgraph.report import claim_folder

    if Path(out).is_file():
        claim_folder(out)  # which says what is wrong
    lock = FolderLock(out, lent=True)
    return Folder(claim_folder(out, kind=kind, force=force), formats, lock=lock)
