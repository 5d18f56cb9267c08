"""Published and recomputed values side by side: rows, their rank agreement, the page."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.reproduce.run_folder import RunFolder
from benchmarks.reproduce.subjects import FAMILIES, State, Subjects
from featgraph.core.resources import hold_threads
from featgraph.core.result import Result

__all__ = [
    "compare_values",
    "describe_agreement",
    "explain_subjects",
    "list_layers",
    "measure_networks",
    "write_comparison",
]

Measured = TypeVar("Measured", bound=Result)


def compare_values(
    subjects: Subjects,
    published: Mapping[str, float],
    recomputed: Mapping[tuple[str, State], Mapping[str, Any]],
    *,
    symbol: str,
) -> list[dict[str, Any]]:
    """Return one row per network and state, and one per published family that was not run.

    ``recomputed`` holds the recomputed columns by network and state. Published values are of
    trained networks and stand in their rows only.
    """
    rows = []
    for subject in subjects.subjects:
        for state in subjects.states(subject):
            value = published.get(subject.family or "") if state == "trained" else None
            head = {"network": subject.name, "family": subject.family, "state": state}
            mine = recomputed[subject.name, state]
            rows.append({**head, f"published {symbol}": value, **mine})
    seen = {row["family"] for row in rows if row["state"] == "trained"}
    for family in FAMILIES:
        if family not in seen:
            head = {"network": None, "family": family, "state": "not run"}
            rows.append({**head, f"published {symbol}": published[family]})
    return rows


def measure_networks(
    subjects: Subjects,
    measure: Callable[..., dict[str, Any] | None],
    variants: Iterable[str],
    kind: type[Measured],
) -> dict[tuple[str, State], dict[str, Measured]]:
    """Train the networks and measure each state in each variant, as steps of the run.

    ``measure(subjects, subject, state, variant)``, a function of a module, returns a result of
    ``kind`` as a dict, or None for what cannot be measured. Returns results by variant, by network
    and state.
    """
    subjects.train()
    tasks = [
        (subject, state, variant)
        for subject in subjects.subjects
        for state in subjects.states(subject)
        for variant in variants
    ]
    steps = {
        f"{subject.name}-{state}-{variant.replace(' ', '-')}": partial(
            measure, subjects, subject, state, variant
        )
        for subject, state, variant in tasks
    }
    with hold_threads(subjects.scale != "full"):
        values = subjects.run.finish_steps(
            steps, jobs=subjects.jobs, progress=subjects.progress, label="measurements"
        )
    found: dict[tuple[str, State], dict[str, Measured]] = {}
    for (subject, state, variant), value in zip(tasks, values.values(), strict=True):
        mine = found.setdefault((subject.name, state), {})
        if value is not None:
            mine[variant] = kind.from_dict(value)
    return found


def list_layers(
    results: Mapping[tuple[str, State], Mapping[str, Measured]],
) -> list[dict[str, Any]]:
    """Return one row per network, state, variant and layer."""
    return [
        {"network": network, "state": state, "variant": variant, **row}
        for (network, state), found in results.items()
        for variant, result in found.items()
        for row in result.to_rows()
    ]


def describe_agreement(
    rows: Sequence[Mapping[str, Any]], published: str, columns: Sequence[str]
) -> list[str]:
    """Say how recomputed columns order the families in comparison with the published one."""
    from benchmarks.reproduce.rank_correlation import correlate_ranks

    lines = []
    for column in columns:
        pairs = [
            (row[published], row[column])
            for row in rows
            if row.get(published) is not None and row.get(column) is not None
        ]
        if len(pairs) < 3:
            continue
        found = correlate_ranks(*zip(*pairs, strict=True))
        if math.isfinite(found.rank):
            lines.append(
                f"Rank correlation of {published} and {column}: {found.rank:+.2f} over "
                f"{found.n_items} families; by chance alone it is that far from 0 in "
                f"{found.p_value:.0%} of all orders."
            )
    return lines


def explain_subjects(subjects: Subjects, memory: int) -> list[str]:
    """Say which networks were measured, and why they differ from the published ones."""
    if subjects.scale == "full":
        missing = [s.name for s in subjects.subjects if "trained" not in subjects.states(s)]
        notes = [
            f"Layers whose units on all images take more than {memory >> 30} GiB are left out "
            "of the released columns; fewer images (--max-images) bring them back."
        ]
        if missing:
            notes.append(
                "No weights were given for " + ", ".join(missing) + ": only their untrained state "
                "was measured, which has no published counterpart."
            )
        return notes
    trained = subjects.reports
    accuracies = ", ".join(
        f"{subject.name} {row['accuracy']:.0%}"
        for subject, row in zip(subjects.subjects, trained, strict=True)
    )
    return [
        f"The networks here are small ones of the same families, trained for "
        f"{trained[0]['epochs']} epochs on {trained[0]['n_train']} images of "
        f"{trained[0]['images']} ({accuracies} right on {len(subjects.images)} others, which "
        "are the images measured). The published networks are pretrained ones on CIFAR-10, "
        "CIFAR-100 and Imagenette, and tables average over these: numbers cannot be expected to "
        "agree, the method can be compared."
    ]


def write_comparison(
    run: RunFolder,
    *,
    title: str,
    intro: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    layer_rows: Sequence[Mapping[str, Any]],
    notes: Sequence[str],
    pictures: Mapping[str, str],
) -> Path:
    """Write the two tables and the page that shows the first, explains it and links the rest.

    ``pictures`` maps the name of a picture in the folder to its caption.
    """
    run.write_table(run.experiment, rows)
    run.write_table("layers", layer_rows)
    table = (run.folder / f"{run.experiment}.md").read_text(encoding="utf-8")
    parts = [f"# {title}", *intro, table.rstrip(), "## How to read it"]
    parts.append("\n".join(f"* {note}" for note in notes))
    for name, caption in pictures.items():
        parts.append(f"![{name}]({name}.png)\n\n*{caption}.*")
    parts.append(
        f"Values of each layer: [layers.csv](layers.csv). Versions, seed, machine and command: "
        f"[provenance.json](provenance.json). Settings: "
        f"{', '.join(f'{key} {value}' for key, value in run.settings.items())}."
    )
    return run.write_page("\n\n".join(parts) + "\n")
