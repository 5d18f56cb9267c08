"""The page of Table 3: tables, picture and what the rows say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.reproduce.paired import conclude, mean_rate
from benchmarks.reproduce.run_folder import RunFolder
from benchmarks.reproduce.table3_variants import VARIANTS, describe

__all__ = ["PUBLISHED", "write_page"]

#: CIFAR-10 accuracy in percent, baseline and constrained (Ding et al. 2025, Table 3).
PUBLISHED = {
    "ResMLP": (87.35, 88.17), "Mixer": (86.81, 88.27), "VGG": (89.98, 89.83),
    "ResNet34": (93.90, 94.00), "ResNet50": (94.11, 94.13), "ViT-S": (89.99, 90.50),
    "ViT-B": (90.29, 93.21), "PoolFormer": (92.85, 91.50), "PvT": (94.55, 94.43),
}  # fmt: skip


def write_page(
    folder: RunFolder,
    rows: Sequence[Mapping[str, Any]],
    results: Sequence[Mapping[str, Any]],
    variants: Sequence[str],
) -> Path:
    """Write tables, picture and page of the trainings; return the page."""
    from benchmarks.reproduce.gain_plots import plot_gains

    folder.write_table("table3", rows)
    runs = [
        {k: v for k, v in row.items() if k not in ("rates", "note")}
        | {f"ss_rate_{e}": mean_rate(row, e) for e in ("released", "linkage", "midpoint_robust")}
        for row in results
    ]
    folder.write_table("runs", runs)
    published = [
        {"net": net, "baseline": pair[0], "constrained": pair[1], "gain": pair[1] - pair[0]}
        for net, pair in PUBLISHED.items()
    ]
    folder.write_table("published", published)
    has_gain = any(row["gain"] is not None for row in rows)
    if has_gain:
        folder.write_figure("gains", plot_gains(rows)[0])
    table = (folder.folder / "table3.md").read_text(encoding="utf-8").rstrip()
    known = (folder.folder / "published.md").read_text(encoding="utf-8").rstrip()
    notes = [f"`{name}`: " + describe(VARIANTS[name]) + "." for name in variants]
    lost = sum(row["accuracy"] is None for row in results)
    if lost:
        notes.append(f"{lost} trainings diverged and are left out; runs.csv names them.")
    parts = [
        "# Table 3: training with and without the constraint",
        "Accuracy on test images in percent after the last epoch, mean and standard deviation "
        "over seeds. `gain` is the mean difference to the baseline of the same seed (same "
        "weights at the start, same order), with its 95 % interval and the p-value of the "
        "paired t-test. SS_rate is the mean over layers on 256 test images: by the released "
        "formula, by true box counts (complete linkage), and by the midpoint of its bounds between "
        "quantiles of the distances and over log θ (robust).",
        table,
        *conclude(rows),
        *(["![gains](gains.png)"] if has_gain else []),
        "## The ways to train",
        "\n".join(f"* {note}" for note in notes),
        "## Published, CIFAR-10",
        known,
        "The published table has one number per cell: no seeds, no spread. "
        f"Settings here: {', '.join(f'{k} {v}' for k, v in folder.settings.items())}. Every "
        "training: [runs.csv](runs.csv). Versions and machine: [provenance.json](provenance.json).",
    ]
    return folder.write_page("\n\n".join(parts) + "\n")
