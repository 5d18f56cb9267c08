"""Every function and every command still returns the stored numbers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.golden import cases, write
from tests.golden.digest import RTOL, differences

HERE = Path(__file__).parent


def stored(name: str) -> dict[str, Any]:
    """Return one file of stored numbers."""
    values: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text(encoding="utf-8"))
    return values


def test_functions_return_the_stored_numbers() -> None:
    expected, lines = stored("functions"), []
    for name, found in write.compute_functions():
        lines += [
            f"{name}{line}"
            for line in differences(expected.pop(name), json.loads(json.dumps(found)), cases.FIELDS)
        ]
    assert not expected, f"no longer computed: {sorted(expected)}"
    assert not lines, "\n".join(lines)


@pytest.mark.parametrize("name", cases.COMMANDS)
def test_commands_write_the_stored_numbers(name: str, tmp_path: Path) -> None:
    rtol = cases.TRAINED_RTOL if name in cases.TRAINED else RTOL
    found = json.loads(json.dumps(write.compute_command(name, tmp_path)))
    assert not (lines := differences(stored("commands")[name], found, cases.FIELDS, rtol)), lines


def test_a_departure_is_seen() -> None:
    """The comparison refuses a wrong number, a missing name and another shape."""
    expected = {"a": 1.0, "b": {"shape": [2], "values": [1.0, 2.0]}}
    assert differences(expected, {"a": 1.0 + 1e-9, "b": expected["b"], "c": 3}, {}) == []
    for wrong in ({"a": 1.01, "b": expected["b"]}, {"b": expected["b"]}, {**expected, "b": None}):
        assert len(differences(expected, wrong, {})) == 1
