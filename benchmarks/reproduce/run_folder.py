"""RunFolder: tables, pictures and finished steps of one experiment, so that it can go on."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featgraph.core.files import write_text
from featgraph.core.package import hash_sources
from featgraph.core.parallel import WorkerLost, run_parallel
from featgraph.core.progress import track_progress
from featgraph.report.folder import (
    claim_folder,
    command_line,
    describe_run,
    list_files,
    remove_stale,
    write_manifest,
)

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["RunFolder", "add_jobs"]


def add_jobs(parser: argparse._ActionsContainer, what: str = "steps") -> None:
    """Declare ``--jobs``, for experiments of independent steps; ``what`` names them."""
    parser.add_argument(
        "--jobs", type=int, default=None, metavar="N",
        help=f"{what} at once, each in a process of its own; none: one after another",
    )  # fmt: skip


def _call(name: str, compute: Callable[[], object]) -> object:
    """Compute a step; an error says which."""
    try:
        return compute()
    except (ValueError, OSError, ImportError, MemoryError) as error:
        raise ValueError(f"{name}: {error}") from error
    except Exception as error:
        raise RuntimeError(f"{name}: {type(error).__name__}: {error}") from error


class RunFolder:
    """The folder of one experiment.

    A step is a JSON value under a name. Steps of an earlier run are taken over if they were
    made with the same settings and version, so an interrupted run continues where it stopped.

    Parameters
    ----------
    folder : str or path-like
        New, empty, or an earlier run of the same experiment.
    experiment : str
        Name of the experiment.
    settings : mapping
        Everything that decides the numbers: scale, seed and options.
    force : bool, default=False
        Write into a folder that holds other things.

    Raises
    ------
    ValueError
        If the folder holds something else.

    Examples
    --------
    >>> import tempfile
    >>> place = tempfile.mkdtemp()
    >>> for _ in "ab":
    ...     run = RunFolder(place, "table4", {"seed": 0})
    ...     run.finish_step("mlp", lambda: print("computed") or {"sigma": 0.1})
    computed
    {'sigma': 0.1}
    {'sigma': 0.1}
    """

    def __init__(
        self,
        folder: str | os.PathLike[str],
        experiment: str,
        settings: Mapping[str, Any],
        *,
        force: bool = False,
    ) -> None:
        self.experiment = experiment
        self.kind = f"reproduction of {experiment}"
        self.folder = claim_folder(folder, kind=self.kind, force=force)
        self.settings = dict(settings)
        self._made_with = json.loads(json.dumps({"code": hash_sources(), **self.settings}))
        self._before = list_files(self.folder)
        self._files: set[str] = set()
        self._provenance = describe_run(command_line(), self.settings)
        self._start = time.monotonic()

    def path(self, name: str) -> Path:
        """Return where a file of this run lies, and list it."""
        self._files.add(name)
        return self.folder / name

    def has_step(self, name: str) -> bool:
        """Whether an earlier run, or this one, finished the step with the same settings."""
        return self._read_step(name) is not None

    def finish_step(self, name: str, compute: Callable[[], Any]) -> Any:
        """Return the value of a step: from an earlier run, or computed now and kept."""
        found = self._read_step(name)
        if found is not None:
            return found["value"]
        return self._keep_step(name, compute())

    def finish_steps(
        self,
        steps: Mapping[str, Callable[[], Any]],
        *,
        jobs: int | None = None,
        progress: bool | None = None,
        label: str = "steps",
    ) -> dict[str, Any]:
        """Return the values of independent steps, ``jobs`` of them computed at once.

        Every step is kept as it ends. With ``jobs`` steps must be picklable, and each runs in a
        process of its own on one thread; None computes one after another here.

        Raises
        ------
        ValueError
            If a step refuses what it was given, or finds no file, package or memory.
        RuntimeError
            If a step fails otherwise, or its worker died twice. All errors begin with the name of
            the step; what ended before is kept.
        """
        if jobs is None:
            shown = track_progress(steps, progress=progress, label=label, total=len(steps))
            return {
                name: self.finish_step(name, partial(_call, name, steps[name])) for name in shown
            }
        names = [name for name in steps if not self.has_step(name)]
        outcomes = run_parallel(
            _call, [(name, steps[name]) for name in names], jobs=jobs, progress=progress,
            label=label, done=len(steps) - len(names),
        )  # fmt: skip
        for place, value in outcomes:
            if isinstance(value, WorkerLost):
                raise RuntimeError(f"{names[place]}: {value.reason}; the same command goes on")
            self._keep_step(names[place], value)
        return {name: self.finish_step(name, compute) for name, compute in steps.items()}

    def forget_step(self, name: str) -> None:
        """Let the step be computed anew."""
        self.path(f"steps/{name}.json").unlink(missing_ok=True)

    def _keep_step(self, name: str, value: object) -> Any:
        value = json.loads(json.dumps(value, allow_nan=False))
        kept = {"made_with": self._made_with, "value": value}
        write_text(self.path(f"steps/{name}.json"), json.dumps(kept, indent=1) + "\n")
        self._list()
        return value

    def _read_step(self, name: str) -> dict[str, Any] | None:
        try:
            found = json.loads(self.path(f"steps/{name}.json").read_text(encoding="utf-8"))
            same = found["made_with"] == self._made_with and "value" in found
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return found if same else None

    def write_table(self, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Write rows as CSV and as Markdown."""
        from featgraph.io.tables import write_rows

        rows = list(rows)
        for suffix in (".csv", ".md"):
            write_rows(rows, self.path(name + suffix))

    def write_figure(self, name: str, figure: Figure) -> None:
        """Write a picture as PNG and as SVG."""
        from featgraph.plot.files import save_figure

        for path in save_figure(figure, self.folder / name):
            self._files.add(path.relative_to(self.folder).as_posix())

    def write_page(self, text: str) -> Path:
        """Write the page to read first, provenance beside it, and forget stale files."""
        page = write_text(self.path("README.md"), text)
        provenance = replace(self._provenance, seconds=round(time.monotonic() - self._start, 1))
        write_text(
            self.path("provenance.json"),
            json.dumps(asdict(provenance), indent=1, ensure_ascii=False) + "\n",
        )
        remove_stale(self.folder, before=self._before, now=self._files)
        self._before = set(self._files)
        self._list()
        return page

    def _list(self) -> None:
        # Until the page is written, files of an earlier run stay listed: they are still ours.
        write_manifest(self.folder, kind=self.kind, files=self._before | self._files)
