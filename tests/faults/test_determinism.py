"""The same seed gives the same bytes, whatever threads, workers and hashes there are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.faults.commands import COMMANDS, PRINTED

#: What tells of the run and not of the network.
UNTOLD = {
    "seconds",
    "seconds_per_layer",
    "started",
    "finished",
    "command",
    "jobs",
    "out",
    "date",
    "settings",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the folders of two runs of all commands."""
    root = tmp_path_factory.mktemp("runs")
    for threads, order in (("1", "1"), ("2", "77")):
        words = [sys.executable, "-m", "tests.faults.commands", str(root / threads), threads]
        variables = {
            **os.environ,
            "OMP_NUM_THREADS": threads,
            "PYTHONHASHSEED": order,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        done = subprocess.run(words, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
    return [root / threads for threads in "12"]


@pytest.mark.nightly
@pytest.mark.parametrize("command", [*COMMANDS, *PRINTED])
def test_bytes_depend_on_the_seed_alone(command, runs):
    one, other = (
        {path.name: _without_times(path) for path in sorted((run / command).rglob("*.*"))
         if path.suffix in {".csv", ".json"} and path.name[0] != "."}
        for run in runs
    )  # fmt: skip
    assert one
    assert one == other


def _without_times(path: Path) -> object:
    text = path.read_text(encoding="utf-8")
    return text if path.suffix == ".csv" else _drop(json.loads(text))


def _drop(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _drop(item) for key, item in value.items() if key not in UNTOLD}
    return [_drop(item) for item in value] if isinstance(value, list) else value
