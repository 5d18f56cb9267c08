"""Writes the stored numbers: ``python -m tests.golden.write`` from the root of the checkout.

They are written again only where a change of a number is meant, and the change says so.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from tests.golden.cases import COMMANDS, functions, words, write_inputs
from tests.golden.digest import digest, digest_folder

HERE = Path(__file__).parent


def compute_functions() -> Iterator[tuple[str, Any]]:
    """Yield the digest of every function's result, by case."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, run in functions():
            yield name, digest(run())


def compute_command(name: str, folder: Path) -> Any:
    """Run one command on files in ``folder`` and return the digest of what it wrote."""
    from featgraph.cli import main

    write_inputs(folder)
    out = folder / "out"
    line = words(COMMANDS[name], out)
    if line[0] == "convert":
        out.mkdir()
    said = io.StringIO()
    with _inside(folder), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = main(line)
    if status != 0:
        raise RuntimeError(f"{' '.join(line)}: exit status {status}\n{said.getvalue()}")
    return digest_folder(out)


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    """Work in ``folder``, and leave the pictures out: they have tests of their own."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        with mock.patch("featgraph.plot.save_figure"):
            yield
    finally:
        os.chdir(before)


def write(name: str, values: dict[str, Any]) -> None:
    """Write one file of numbers, a line per case."""
    lines = (f"{json.dumps(key)}: {json.dumps(value)}" for key, value in sorted(values.items()))
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    (HERE / f"{name}.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    import matplotlib

    matplotlib.use("Agg")
    write("functions", dict(compute_functions()))
    found = {}
    for command in COMMANDS:
        with tempfile.TemporaryDirectory() as place:
            found[command] = compute_command(command, Path(place))
    write("commands", found)
