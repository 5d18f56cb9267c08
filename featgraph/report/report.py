"""Report, which writes itself into a folder, and ReportWriter, which keeps a folder complete."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from featgraph.core.checks import choice
from featgraph.core.files import (
    DamagedFileError,
    FolderLock,
    atomic_path,
    read_json,
    write_text,
)
from featgraph.core.notebook import Drawing, draw, render_result
from featgraph.core.package import need
from featgraph.core.parallel import WorkerLost, run_parallel
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.report.analysis import LayerAnalysis, NetworkAnalysis, weight_rows
from featgraph.report.figures import (
    GRAPH_FILES,
    draw_joint_figures,
    first_pictures,
    rate_rows,
    render_layer,
    render_picture,
)
from featgraph.report.folder import claim_folder, list_files, remove_stale, write_manifest
from featgraph.report.page import build_page

if TYPE_CHECKING:
    import pandas
    from matplotlib.figure import Figure

__all__ = ["Report", "ReportWriter"]


class ReportWriter:
    """Writes a report, at once or layer by layer.

    Parameters
    ----------
    folder : str or path-like
        New, empty, or an earlier report.
    force : bool, default=False
        Write into any folder.
    standalone : bool, default=False
        Put all pictures inside the page, which then needs no other file. Without it only those of
        the first sections are inside; folder and page go together.
    graphs : {"thinned", "whole", "none"}, default="thinned"
        GraphML of each layer: with at most 5,000 edges, with all, or not at all.
    vector : bool, default=False
        Write every picture as SVG too, about 0.5 MB per layer.
    jobs : int or None, default=None
        Pictures of several layers drawn at once, as in :func:`featgraph.analyze`.

    Notes
    -----
    Pictures are drawn once per layer and kept, so that writing the page again after each
    layer costs little.
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        *,
        force: bool = False,
        standalone: bool = False,
        graphs: str = "thinned",
        vector: bool = False,
        jobs: int | None = None,
    ) -> None:
        #: What ``render_layer`` is to make of each layer.
        self.wanted: Mapping[str, Any] = {
            "graphs": choice(graphs, GRAPH_FILES, "graphs"),
            "vector": vector,
        }
        self._standalone, self._jobs = standalone, jobs
        if Path(folder).is_file():
            claim_folder(folder)  # which says what is wrong
        self._lock = FolderLock(folder)
        try:
            self.folder = claim_folder(folder, kind="report", force=force)
        except ValueError:
            self._lock.release()
            raise
        self._before = list_files(self.folder)
        self._files: set[str] = set()
        self._pictures: dict[str, str] = {}
        self._drawn: dict[str, Mapping[str, bytes]] = {}
        self._finished: set[str] = set()

    def close(self) -> None:
        """Let other runs write into the folder."""
        self._lock.release()

    def load(self, key: str, *, fingerprint: str) -> LayerAnalysis | None:
        """Return a layer that an earlier run finished with the same features and settings.

        Its graph has no edges: the features give them back, and they would fill the folder. Its
        pictures stay as they are if this run would draw the same.
        """
        path = self.folder / "parts" / f"{key}.npz"
        try:
            analysis = LayerAnalysis.load(path)
        except (OSError, DamagedFileError):  # whatever is damaged is computed again
            return None
        if analysis.fingerprint != fingerprint:
            return None
        self._note(path)
        with contextlib.suppress(OSError, DamagedFileError):  # drawn again
            self._keep_drawn(analysis)
        return analysis

    def _keep_drawn(self, analysis: LayerAnalysis) -> None:
        path = self.folder / "parts" / f"{analysis.key}.json"
        record = read_json(path)
        listed = record.get("files")
        # only what lies in the two folders, whatever the record names
        there = [place for part in ("figures", "graphs") for place in self.folder.glob(f"{part}/*")]
        names = {place.relative_to(self.folder).as_posix(): place for place in there}
        kept = sorted(names.keys() & listed.keys()) if isinstance(listed, dict) else ()
        if record == self._describe(analysis, {name: names[name].read_bytes() for name in kept}):
            self._note(path, *(names[name] for name in kept))
            self._finished.add(analysis.key)

    def _describe(self, analysis: LayerAnalysis, files: Mapping[str, bytes]) -> dict[str, Any]:
        digests = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
        return {"fingerprint": analysis.fingerprint, **self.wanted, "files": digests}

    def save(self, analysis: LayerAnalysis, files: Mapping[str, bytes] | None = None) -> None:
        """Keep a finished layer, without the edges of its graph, for a later run.

        ``files`` is what ``render_layer`` gave, perhaps in another process, for :meth:`add`.
        """
        graph = analysis.graph
        bare = FeatureGraph(np.zeros_like(graph.indptr), graph.indices[:0])
        path = self.folder / "parts" / f"{analysis.key}.npz"
        self._note(replace(analysis, graph=bare).save(path))
        if files is not None:
            self._drawn[analysis.key] = files

    def add(self, analysis: LayerAnalysis) -> None:
        """Write pictures and graph file of one layer, unless this was done."""
        if analysis.key in self._finished:
            return
        drawn = self._drawn.get(analysis.key)
        files = render_layer(analysis, **self.wanted) if drawn is None else drawn
        self._keep(files)
        if analysis.fingerprint:
            text = json.dumps(self._describe(analysis, files), indent=1) + "\n"
            self._note(write_text(self.folder / "parts" / f"{analysis.key}.json", text))
        self._drawn.pop(analysis.key, None)
        self._finished.add(analysis.key)

    def write(self, report: NetworkAnalysis) -> Path:
        """Write tables and page for the layers there are, and return the page's path."""
        from featgraph.io.tables import json_value

        for analysis in report.analyses:
            self.add(analysis)
        if not report.is_partial:
            tasks = [(*joint, self.wanted["vector"]) for joint in draw_joint_figures(report)]
            for place, files in run_parallel(_draw_joint, tasks, jobs=self._jobs):
                self._keep(_draw_joint(*tasks[place]) if isinstance(files, WorkerLost) else files)
        self._write_rows("layers.csv", report.layer_rows())
        self._write_rows("curves.csv", report.curve_rows())
        self._write_rows("weights.csv", weight_rows(report.weights))
        text = json.dumps(json_value(report.to_dict()), indent=1, ensure_ascii=False)
        self._note(write_text(self.folder / "report.json", text + "\n"))
        page = write_text(self.folder / "report.html", self._build_page(report))
        self._note(page)
        write_manifest(self.folder, kind="report", files=self._files | self._before)
        if not report.is_partial:
            remove_stale(self.folder, before=self._before, now=self._files)
            write_manifest(self.folder, kind="report", files=self._files)
        return page

    def _note(self, *paths: Path) -> None:
        for path in paths:
            self._files.add(path.relative_to(self.folder).as_posix())
            if path.parent.name == "figures":
                self._pictures[path.stem] = f"figures/{path.stem}.png"

    def _keep(self, files: Mapping[str, bytes]) -> None:
        for name, content in files.items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            with atomic_path(path) as temporary:
                temporary.write_bytes(content)
            self._note(path)

    def _build_page(self, report: NetworkAnalysis) -> str:
        names = list(self._pictures) if self._standalone else first_pictures(report)
        inside = {name: self._embed(name) for name in names if name in self._pictures}
        pictures = inside if self._standalone else self._pictures
        return build_page(report, pictures, inside=inside, **self.wanted)

    def _embed(self, name: str) -> str:
        picture = (self.folder / self._pictures[name]).read_bytes()
        return f"data:image/png;base64,{base64.b64encode(picture).decode('ascii')}"

    def _write_rows(self, name: str, rows: list[dict[str, object]]) -> None:
        from featgraph.io import write_rows

        if rows:
            write_rows(rows, self.folder / name)
            self._note(self.folder / name)


def _draw_joint(name: str, make: Callable[[], Figure], vector: bool) -> dict[str, bytes]:
    return render_picture(name, make(), vector=vector)


@dataclass(frozen=True, repr=False, eq=False)
class Report(NetworkAnalysis):
    """What an analysis found, and the way to write it.

    The attributes are those of :class:`NetworkAnalysis`.
    """

    def _repr_html_(self) -> str:
        facts = {"source": self.source, "command": self.provenance.command}
        return render_result(repr(self), self.layer_rows(), facts, None)

    def plot(self, **options: Any) -> Drawing:
        """Draw SS_rate of every layer, with options of :func:`featgraph.plot.plot_ss_rate`.

        Raises
        ------
        ValueError
            If no layer has a result.
        """
        if not self.analyses:
            raise ValueError("report must hold a finished layer to be drawn, got none")
        ends = {"names": (self.states[0], self.states[-1]), "estimator": "released"}
        return draw("plot_ss_rate", rate_rows(self), **(ends | options))

    def to_frame(self) -> pandas.DataFrame:
        """Return ``layers.csv`` as a pandas data frame.

        Raises
        ------
        ImportError
            If pandas is not installed (extra ``frames``).
        """
        frame: pandas.DataFrame = need("pandas", extra="frames").DataFrame(self.layer_rows())
        return frame

    def write(self, folder: str | os.PathLike[str], *, force: bool = False, **options: Any) -> Path:
        """Write page, tables, pictures and graphs.

        Parameters
        ----------
        folder : str or path-like
            A new or empty folder, or one with an earlier report, which is replaced.
        force : bool, default=False
            Write into any folder; only files of the same name are replaced.
        **options
            ``standalone``, ``graphs``, ``vector`` and ``jobs``, see :class:`ReportWriter`.

        Returns
        -------
        Path
            ``report.html``. Beside it ``layers.csv``, ``curves.csv``, ``report.json``, the
            pictures in ``figures``, and a GraphML file per layer in ``graphs``.

        Raises
        ------
        ValueError
            If ``folder`` holds other things and ``force`` is False.

        Notes
        -----
        Each file is written whole or not at all; the page comes last. About two seconds
        per layer, most of it for the pictures.
        """
        with contextlib.closing(ReportWriter(folder, force=force, **options)) as writer:
            return writer.write(self)
