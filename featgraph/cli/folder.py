"""The folder that a command writes into."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["Folder", "claim"]


class Folder(NamedTuple):
    """A claimed folder; ``prefix`` begins the names of what is written, such as of one layer."""

    path: Path
    prefix: str = ""

    def part(self, name: str) -> Folder:
        """Return the same folder for the files of one layer or graph."""
        from featgraph.report.layer_analysis import file_key

        return Folder(self.path, f"{file_key(name)}--")

    def table(self, name: str, rows: Iterable[Mapping[str, Any]]) -> Path:
        """Write rows; the suffix of the name chooses CSV, JSON or Markdown."""
        from featgraph.io.tables import write_rows

        return write_rows(rows, self.path / f"{self.prefix}{name}")

    def picture(self, name: str, drawn: tuple[Any, Any]) -> list[Path]:
        """Write what a plot function returned, as PNG and SVG."""
        from featgraph.plot.files import save_figure

        return save_figure(drawn[0], self.path / f"{self.prefix}{name}")

    def result(self, name: str, result: Any) -> Path:
        """Write a result that can save itself."""
        path: Path = result.save(self.path / f"{self.prefix}{name}")
        return path


def claim(out: Path, kind: str, force: bool) -> Folder:
    """Make the folder ready for writing, or refuse one that holds something else."""
    from featgraph.report.folder import claim_folder

    return Folder(claim_folder(out, kind=kind, force=force))
