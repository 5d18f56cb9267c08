"""ReportWriter: keeps a report folder complete while layers come in."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.files import DamagedFileError, atomic_path, write_text
from featgraph.report.figures import draw_joint_figures, draw_layer_figures
from featgraph.report.folder import claim_folder, list_files, remove_stale, write_manifest
from featgraph.report.layer_analysis import LayerAnalysis
from featgraph.report.page import build_page
from featgraph.report.report import Report

__all__ = ["ReportWriter"]


class ReportWriter:
    """Writes a report, at once or layer by layer.

    Parameters
    ----------
    folder : str or path-like
        New, empty, or an earlier report.
    force : bool, default=False
        Write into any folder.

    Notes
    -----
    Pictures are drawn once per layer and kept, so that writing the page again after each
    layer costs little.
    """

    def __init__(self, folder: str | os.PathLike[str], *, force: bool = False) -> None:
        self.folder = claim_folder(folder, kind="report", force=force)
        self._before = list_files(self.folder)
        self._files: set[str] = set()
        self._pictures: dict[str, bytes] = {}
        self._finished: set[str] = set()

    def load(self, key: str, *, fingerprint: str) -> LayerAnalysis | None:
        """Return a layer that an earlier run finished with the same features and settings."""
        path = self.folder / "parts" / f"{key}.npz"
        try:
            analysis = LayerAnalysis.load(path)
        except (OSError, DamagedFileError):  # whatever is damaged is computed again
            return None
        if analysis.fingerprint != fingerprint:
            return None
        self._note(path)
        return analysis

    def save(self, analysis: LayerAnalysis) -> None:
        """Keep a finished layer for a later run."""
        self._note(analysis.save(self.folder / "parts" / f"{analysis.key}.npz"))

    def add(self, analysis: LayerAnalysis) -> None:
        """Write pictures and graph files of one layer, unless this was done."""
        if analysis.key in self._finished:
            return
        for name, figure in draw_layer_figures(analysis):
            self._draw(name, figure)
        self._write_graphs(analysis)
        self._finished.add(analysis.key)

    def write(self, report: Report) -> Path:
        """Write tables and page for the layers there are, and return the page's path."""
        for analysis in report.analyses:
            self.add(analysis)
        if not report.is_partial:
            for name, make in draw_joint_figures(report):
                self._draw(name, make())
        self._write_rows("layers.csv", report.layer_rows())
        self._write_rows("curves.csv", report.curve_rows())
        text = json.dumps(_finite(report.to_dict()), indent=1, ensure_ascii=False)
        self._note(write_text(self.folder / "report.json", text + "\n"))
        page = write_text(self.folder / "report.html", build_page(report, self._pictures))
        self._note(page)
        write_manifest(self.folder, kind="report", files=self._files | self._before)
        if not report.is_partial:
            remove_stale(self.folder, before=self._before, now=self._files)
            write_manifest(self.folder, kind="report", files=self._files)
        return page

    def _note(self, *paths: Path) -> None:
        self._files.update(path.relative_to(self.folder).as_posix() for path in paths)

    def _draw(self, name: str, figure: Any) -> None:
        from featgraph.plot.files import render_figure, save_figure

        self._pictures[name] = render_figure(figure, "svg")
        figure.set_layout_engine("none")  # laid out once; the bitmap needs no second pass
        path = self.folder / "figures" / name
        path.parent.mkdir(exist_ok=True)
        svg = path.with_name(f"{name}.svg")
        with atomic_path(svg) as temporary:
            temporary.write_bytes(self._pictures[name])
        self._note(svg, *save_figure(figure, path, formats=("png",)))

    def _write_graphs(self, analysis: LayerAnalysis) -> None:
        from featgraph.io import write_gexf, write_graphml

        graph = analysis.graph.with_attributes(mds=analysis.positions)
        places = spread_positions(analysis.positions)
        for suffix, write in (("graphml", write_graphml), ("gexf", write_gexf)):
            path = self.folder / "graphs" / f"{analysis.key}.{suffix}"
            path.parent.mkdir(exist_ok=True)
            write(graph, path, cover=analysis.cover, positions=places)
            self._note(path)

    def _write_rows(self, name: str, rows: list[dict[str, Any]]) -> None:
        from featgraph.io import write_rows

        if rows:
            write_rows(rows, self.folder / name)
            self._note(self.folder / name)


def spread_positions(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return positions stretched to 1000 units: drawing programs count in pixels, not in C."""
    extent = float(np.abs(positions).max()) if positions.size else 0.0
    stretched: NDArray[np.float64] = positions * (500.0 / extent if extent > 0 else 1.0)
    return stretched


def _finite(value: Any) -> Any:
    """Replace nan and infinite numbers by None: JSON has no words for them."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
