"""The table of experiments: names and one line each, importing none of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

__all__ = ["EXPERIMENTS", "SCALES", "Experiment"]

#: How much an experiment computes; each says in its help what that means for it.
SCALES = {
    "quick": "a few seconds: to see that everything works",
    "small": "a few minutes: small nets trained on the spot",
    "full": "hours: networks and data of the published size",
}


@dataclass(frozen=True)
class Experiment:
    """One published table or figure, recomputed by ``benchmarks.reproduce.MODULE.run``.

    The module holds ``run(out, *, scale, seed, force, progress, **options) -> Path``, which
    writes published and recomputed values side by side into the folder ``out`` and returns the
    Markdown file to read first. A module that takes options of its own also holds
    ``add_arguments(parser)``; each of its arguments is a keyword of ``run``. One whose scales
    mean something else holds its own ``SCALES``.
    """

    name: str
    module: str
    summary: str

    def load(self) -> Callable[..., Path]:
        """Import the module and return its ``run``."""
        found: Callable[..., Path] = import_module(f"benchmarks.reproduce.{self.module}").run
        return found

    def load_arguments(self) -> Callable[..., None] | None:
        """Import the module and return its ``add_arguments``, or None if it has none."""
        return getattr(import_module(f"benchmarks.reproduce.{self.module}"), "add_arguments", None)

    def load_scales(self) -> dict[str, str]:
        """Import the module and return its scales: ``SCALES`` unless it has its own."""
        module = import_module(f"benchmarks.reproduce.{self.module}")
        scales: dict[str, str] = getattr(module, "SCALES", SCALES)
        return scales


_ROWS = (
    Experiment("figure2", "figure2", "neurons in the plane, untrained and trained (Figure 2)"),
    Experiment("table2", "table2", "SS_rate of networks, untrained and trained (Table 2)"),
    Experiment("table3", "table3", "training with and without the constraint (Table 3)"),
    Experiment("table4", "table4", "σ of spectral exponents over layers (Table 4)"),
    Experiment("table5", "table5", "Δ of correlation dimensions over layers (Table 5)"),
    Experiment("invariance-gain", "invariance_gain", "do invariant networks gain more? (3 to 5)"),
    Experiment("gbs-sanity", "gbs_sanity", "layers find their counterparts across seeds (GBS)"),
    Experiment("homology-mnist", "homology_mnist", "homology of weights over width, depth, labels"),
    Experiment("validation", "validation", "estimators of box counts against true coverings"),
)

EXPERIMENTS: dict[str, Experiment] = {row.name: row for row in _ROWS}
