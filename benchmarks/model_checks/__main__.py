"""Check every model and write the page of the documentation that lists them.

    python -m benchmarks.model_checks [--results checks.jsonl] [--page docs/models.md] [NAME ...]

Results are kept in a file of one line per model, and models that are in it are not run again.
With names, only these are run. Takes about an hour of one thread and 4 GB.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from benchmarks.model_checks import timm_members, torchvision_members, transformers_members
from benchmarks.model_checks.axis_check import ModelCheck

_TITLES = {
    "timm": "timm",
    "torchvision": "torchvision",
    "transformers": "transformers",
}


def main() -> None:
    """Run what is missing and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=Path("checks.jsonl"))
    parser.add_argument("--page", type=Path, default=None)
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = _read(options.results)
    with options.results.open("a", encoding="utf-8") as file:
        for library, name, check in _members():
            if (library, name) in rows or (options.names and name not in options.names):
                continue
            row = rows[library, name] = _run(check, name)
            print(library, name, row.get("verdict", "not run"), flush=True)
            print(json.dumps([library, name, row]), file=file, flush=True)
    if options.page is not None:
        options.page.write_text(_page(rows), encoding="utf-8")


def _members() -> Iterator[tuple[str, str, Callable[[str], ModelCheck | None]]]:
    for names in timm_members.MEMBERS.values():
        for name in names:
            yield "timm", name, timm_members.check_timm
    for name in torchvision_members.MEMBERS:
        yield "torchvision", name, torchvision_members.check_torchvision
    for name in transformers_members.all_types():
        yield "transformers", name, transformers_members.check_transformers


def _run(check: Callable[[str], ModelCheck | None], name: str) -> dict[str, Any]:
    try:
        found = check(name)
    except Exception as error:  # one model that fails must not stop the others
        print(f"{name}: {type(error).__name__}: {error}", flush=True)
        return {}
    return {} if found is None else {**asdict(found), "verdict": found.verdict}


def _read(path: Path) -> dict[tuple[str, str], dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {(library, name): row for library, name, row in map(json.loads, lines)}


def _page(rows: dict[tuple[str, str], dict[str, Any]]) -> str:
    versions = ", ".join(
        f"{name} {importlib.import_module(name).__version__}"
        for name in ("torch", "timm", "torchvision", "transformers")
    )
    parts = [_HEAD.format(versions=versions, python=platform.python_version())]
    for library, title in _TITLES.items():
        here = [(name, row) for (owner, name), row in rows.items() if owner == library]
        run = sorted((row["family"], name, row) for name, row in here if row)
        counts = Counter(row["verdict"] for _, _, row in run)
        said = ", ".join(f"{counts[word]} {text}" for word, text in _WORDS.items() if counts[word])
        parts.append(f"## {title}\n\n{len(run)} models: {said}; {counts['wrong']} wrong.")
        if len(here) > len(run):
            parts[-1] += _NOT_RUN.format(n=len(here) - len(run), all=len(here))
        head = "| family | model | layers that auto takes | nodes | layout | checked by |\n" + (
            "|---" * 6 + "|\n"
        )
        parts.append(head + "\n".join(_line(family, name, row) for family, name, row in run))
    return "\n\n".join(parts) + "\n"


_HEAD = """# Models

What `layers="auto"` takes in published architectures, and whether the features are means over the \
right axis. Every model was built without trained weights and run on two inputs of different size; \
the axis whose length stays the same is that of the neurons, and F must be the mean over all \
others. Where a model takes inputs of one size only, the axis is the one whose length is a width \
that the model declares. Neither way uses featgraph's own rules. Where the layout cannot be \
decided, featgraph refuses with a message that names `reduce=`.

Versions: {versions}, Python {python}. Made by `python -m benchmarks.model_checks --page \
docs/models.md`; `tests/features/test_timm_families.py` and `test_transformers_models.py` run the \
same checks (`pytest -m slow`)."""

_WORDS = {
    "right": "right",
    "left out": "right in the layers that ran, with a warning that names the others",
    "refused": "refused with a message",
    "unknown": "right as far as can be told (a layer whose axis neither way decides)",
}
_NOT_RUN = (
    " Of {all} architectures tried {n} were not run: too large, or without inputs that follow from "
    "the configuration."
)


def _line(family: str, name: str, row: dict[str, Any]) -> str:
    layers = row["layers"]
    verdicts = {layer: kept for layer, kept in layers.items() if kept[0] in ("right", "unknown")}
    model = name if row["name"] == name else row["name"]
    if not verdicts:
        return f"| {family} | {model} | {_shorten(list(layers))} | | | refused: {row['refusal']} |"
    nodes = _shorten(list(dict.fromkeys(str(kept[1]) for kept in verdicts.values())))
    layouts = ", ".join(dict.fromkeys(kept[2] for kept in verdicts.values()))
    how = ", ".join(dict.fromkeys(kept[3] for kept in verdicts.values()))
    return f"| {family} | {model} | {_shorten(list(verdicts))} | {nodes} | {layouts} | {how} |"


def _shorten(names: list[str]) -> str:
    if len(names) <= 4:
        return ", ".join(names)
    return f"{names[0]}, {names[1]}, … {names[-1]} ({len(names)})"


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
