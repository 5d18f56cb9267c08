"""Do networks with better invariance gain more from the constraint? Tables 3, 4 and 5 joined."""

from __future__ import annotations

import argparse
import csv
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.reproduce import table3, table3_page, table4, table5
from benchmarks.reproduce.experiments import SCALES
from benchmarks.reproduce.run_folder import RunFolder, add_jobs
from featgraph.core.checks import choice

__all__ = ["PUBLISHED", "add_arguments", "run"]

#: Family: the row of Table 3 of the network that the released code measures for it.
_ROWS_OF_TABLE_3 = {
    "Mixer": "Mixer", "ViT": "ViT-S", "PoolFormer": "PoolFormer", "ResNet": "ResNet34",
    "ResMLP": "ResMLP", "PvT": "PvT", "VGG": "VGG",
}  # fmt: skip
PUBLISHED = [
    {
        "network": family,
        "gain": round(table3_page.PUBLISHED[row][1] - table3_page.PUBLISHED[row][0], 2),
        "σ": table4.PUBLISHED[family],
        "Δ": table5.PUBLISHED[family],
    }
    for family, row in _ROWS_OF_TABLE_3.items()
]
_MEASURES = ("σ paper", "σ released", "σ tail", "Δ full", "Δ released", "Δ released without UMAP")


def add_arguments(parser: argparse._ActionsContainer) -> None:
    """Declare the options of the experiment."""
    parser.add_argument(
        "--nets", nargs="+", default=None, metavar="NAME", help="networks; none: those of table 3"
    )
    for name, module in (("table3", table3), ("table4", table4), ("table5", table5)):
        parser.add_argument(
            f"--{name}", default=None, metavar="FOLDER",
            help=f"finished run of {module.__name__.rpartition('.')[2]}; none: it is run here",
        )  # fmt: skip
    add_jobs(parser, "steps of what is run here")


def run(
    out: str | os.PathLike[str],
    *,
    scale: str = "small",
    seed: int = 0,
    nets: Sequence[str] | None = None,
    table3: str | None = None,
    table4: str | None = None,
    table5: str | None = None,
    jobs: int | None = None,
    force: bool = False,
    progress: bool | None = None,
) -> Path:
    """Join gains of Table 3 with the invariances of Tables 4 and 5 and correlate their ranks.

    Parameters
    ----------
    out : str or path-like
        Folder; runs made here go on where they stopped.
    scale : {"quick", "small", "full"}, default="small"
        Of the runs made here; "full" only joins runs that are named.
    seed : int, default=0
        First seed.
    nets : sequence of str or None, default=None
        Networks to run.
    table3, table4, table5 : str or None, default=None
        Folders of finished runs of these experiments; None runs them inside ``out``.
    jobs : int or None, default=None
        Steps of these at once.
    force : bool, default=False
        Write into a folder that holds other things.
    progress : bool or None, default=None
        Show bars.

    Returns
    -------
    Path
        The page to read first, README.md.

    Raises
    ------
    ValueError
        If a folder holds no finished run, or full scale is asked for without the three folders.
    """
    choice(scale, SCALES, "scale")
    given = {"table3": table3, "table4": table4, "table5": table5}
    missing = [name for name, folder in given.items() if folder is None]
    if scale == "full" and missing:
        raise ValueError(
            f"at full scale the folders of finished runs must be named, got none for {missing}; "
            "run 'python -m benchmarks.reproduce table3' and the others first"
        )
    settings = {"scale": scale, "seed": seed, "nets": None if nets is None else list(nets), **given}
    folder = RunFolder(out, "invariance-gain", settings, force=force)
    options = {"scale": scale, "seed": seed, "nets": nets, "jobs": jobs, "progress": progress}
    places = {name: Path(given[name] or _run_part(folder, name, options)) for name in given}
    rows = _join(places)
    return _write(folder, rows)


def _run_part(folder: RunFolder, name: str, options: Mapping[str, Any]) -> Path:
    """Run one of the tables in a folder inside this one, or go on with it."""
    from benchmarks.reproduce.experiments import EXPERIMENTS

    chosen = dict(options)
    if name != "table3" and chosen["nets"] is None:
        # The same networks as table 3 trains; table4 and table5 have the same small nets.
        chosen["nets"] = _nets_of(folder.folder / "table3")
    page = EXPERIMENTS[name].load()(folder.folder / name, **chosen)
    return page.parent


def _nets_of(folder: Path) -> list[str]:
    return list(dict.fromkeys(row["net"] for row in _read(folder, "runs")))


def _read(folder: Path, name: str) -> list[dict[str, str]]:
    path = folder / f"{name}.csv"
    if not path.is_file():
        raise ValueError(f"{folder} must hold a finished run with {name}.csv; run it first")
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _join(places: Mapping[str, Path]) -> list[dict[str, Any]]:
    """Return one row per network and constraint, with gains, their runs and all measures."""
    accuracies: dict[tuple[str, str], dict[str, float]] = {}
    for row in _read(places["table3"], "runs"):
        if row["accuracy"]:
            key = row["net"], row["variant"]
            accuracies.setdefault(key, {})[row["seed"]] = float(row["accuracy"])
    measures: dict[str, dict[str, float]] = {}
    for name in ("table4", "table5"):
        for row in _read(places[name], name):
            if row["state"] == "trained":
                found = {key: float(row[key]) for key in _MEASURES if row.get(key)}
                measures.setdefault(row["network"], {}).update(found)
    rows = []
    for (net, variant), by_seed in accuracies.items():
        base = accuracies.get((net, "baseline"), {})
        gains = [value - base[seed] for seed, value in by_seed.items() if seed in base]
        if variant == "baseline" or not gains or net not in measures:
            continue
        rows.append({"network": net, "constraint": variant, **_spread(gains), **measures[net]})
    if not rows:
        raise ValueError(
            f"the runs have no network in common: table 3 has {sorted({k[0] for k in accuracies})}"
            f", tables 4 and 5 have {sorted(measures)}"
        )
    return rows


def _spread(gains: list[float]) -> dict[str, Any]:
    """Return mean gain and its 95 % interval by Student's t, with the single gains."""
    from scipy.special import stdtrit

    n_runs, mean = len(gains), sum(gains) / len(gains)
    row: dict[str, Any] = {"gain": mean, "gain_low": None, "gain_high": None, "gains": gains}
    if n_runs > 1:
        variance = sum((gain - mean) ** 2 for gain in gains) / (n_runs - 1)
        half = float(stdtrit(n_runs - 1, 0.975)) * math.sqrt(variance / n_runs)
        row["gain_low"], row["gain_high"] = mean - half, mean + half
    return row


def correlate(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return one row per constraint and measure: rank correlation of invariance and gain.

    Invariance is minus the measure, so that a correlation above 0 speaks for the claim.
    """
    from benchmarks.reproduce.rank_correlation import correlate_ranks

    found = []
    for constraint in dict.fromkeys(row["constraint"] for row in rows):
        mine = [row for row in rows if row["constraint"] == constraint]
        for measure in dict.fromkeys(key for row in mine for key in row if key[0] in "σΔ"):
            used = [row for row in mine if row.get(measure) is not None]
            result = correlate_ranks(
                [-row[measure] for row in used],
                [row["gain"] for row in used],
                y_runs=[row.get("gains", [row["gain"]]) for row in used],
            )
            if not math.isfinite(result.rank):
                continue
            found.append(
                {
                    "constraint": constraint, "measure": measure, "networks": result.n_items,
                    "rank correlation": round(result.rank, 3), "low": round(result.low, 3),
                    "high": round(result.high, 3), "p": round(result.p_value, 4),
                }
            )  # fmt: skip
    return found


def _write(folder: RunFolder, rows: list[dict[str, Any]]) -> Path:
    from benchmarks.reproduce.gain_plots import plot_gain_scatter

    published = correlate([{**row, "constraint": "published"} for row in PUBLISHED])
    found = correlate(rows)
    folder.write_table("invariance-gain", [*published, *found])
    folder.write_table("networks", [{k: v for k, v in row.items() if k != "gains"} for row in rows])
    folder.write_table("published", PUBLISHED)
    folder.write_figure("published", plot_gain_scatter(PUBLISHED, ["σ", "Δ"])[0])
    shown = [name for name in ("σ released", "σ tail", "Δ full") if any(name in r for r in rows)]
    constraints = list(dict.fromkeys(row["constraint"] for row in rows))
    for constraint in constraints:
        mine = [row for row in rows if row["constraint"] == constraint]
        folder.write_figure(f"gain-{constraint}", plot_gain_scatter(mine, shown)[0])
    table = (folder.folder / "invariance-gain.md").read_text(encoding="utf-8").rstrip()
    parts = [
        "# Do networks with better invariance gain more from the constraint?",
        "Rank correlation, over networks, of invariance (−σ or −Δ: more is better) with the gain "
        "in accuracy through the constraint. Above 0 speaks for the claim. `low` and `high`: 95 % "
        "interval from drawing networks, and seeds within them, anew; `p`: share of all orders "
        "of the gains that are at least as far from 0.",
        table,
        "## How to read it",
        "\n".join(f"* {line}" for line in _notes(published, found)),
        "![published](published.png)\n\n*Published: Tables 3, 4 and 5, one network per family.*",
        *(
            f"![{name}](gain-{name}.png)\n\n*Recomputed, constraint {name}; bars: 95 % over seeds.*"
            for name in constraints
        ),
        "Values of each network: [networks.csv](networks.csv), [published.csv](published.csv). "
        "Versions, seed and machine: [provenance.json](provenance.json).",
    ]
    return folder.write_page("\n\n".join(parts) + "\n")


def _notes(published: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]) -> list[str]:
    clear = [row for row in found if row["p"] < 0.05]
    notes = [
        "The published tables hold one number per cell. "
        + "; ".join(
            f"−{row['measure']} against gain {row['rank correlation']:+.2f}, p = {row['p']:.2g}"
            for row in published
        )
        + f". With {published[0]['networks']} families it takes at least 0.79 for p < 0.05.",
        f"Recomputed, {len(clear)} of {len(found)} correlations have p < 0.05; with that many "
        f"looked at, {0.05 * len(found):.1f} are expected by chance.",
        "A few networks cannot carry such a claim: intervals that reach from far below 0 to far "
        "above it mean that the data do not say.",
    ]
    return notes
