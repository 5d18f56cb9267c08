"""The tutorials run as they stand, with nothing but the package, and are stored without outputs."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numba
import pytest

TUTORIALS = sorted((Path(__file__).resolve().parents[1] / "docs" / "tutorials").glob("*.ipynb"))


def read_cells(path: Path) -> list[dict]:
    return [
        cell for cell in json.loads(path.read_text("utf-8"))["cells"] if cell["cell_type"] == "code"
    ]


def test_there_is_one_for_each_of_three_people():
    assert [path.stem for path in TUTORIALS] == ["a_graph", "a_model", "training"]


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_outputs_are_made_when_the_pages_are_built(path):
    assert all(cell["outputs"] == [] for cell in read_cells(path))
    assert all(cell["execution_count"] is None for cell in read_cells(path))


@pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="readers run compiled kernels; plain ones take minutes"
)
@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_every_cell_runs(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for k, cell in enumerate(read_cells(path)):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what the notebook itself talks about
            exec(compile("".join(cell["source"]), f"{path.name}, cell {k}", "exec"), names)
