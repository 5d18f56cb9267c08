"""Report: the result of an analysis that can write itself into a folder."""

from __future__ import annotations

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featgraph.core.lazy import need
from featgraph.core.notebook import Drawing, draw, render_result
from featgraph.report.figures import rate_rows
from featgraph.report.network_analysis import NetworkAnalysis
from featgraph.report.writer import ReportWriter

if TYPE_CHECKING:
    import pandas

__all__ = ["Report"]


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
            ``standalone``, ``graphs`` and ``vector``, see :class:`ReportWriter`.

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
        with closing(ReportWriter(folder, force=force, **options)) as writer:
            return writer.write(self)
