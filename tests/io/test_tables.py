"""Tables: what is written can be read, and numbers that JSON lacks follow the stated rule."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.io import write_rows

ROWS = [
    {"layer": "a|b", "size": np.int64(2), "d": np.float32(0.5), "ok": np.True_},
    {"layer": 'quote " and, comma\nline', "size": 3, "d": float("nan"), "extra": None},
    {"layer": None, "size": 4, "d": float("inf")},
]

value = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


@given(st.lists(st.dictionaries(st.text(max_size=3), value, max_size=4), max_size=5))
def test_json_reads_back(tmp_path_factory, rows):
    path = write_rows(rows, tmp_path_factory.mktemp("t") / "t.json")
    columns = list(dict.fromkeys(key for row in rows for key in row))

    def plain(item):
        finite = not isinstance(item, float) or np.isfinite(item)
        return item if finite else None

    expected = [{key: plain(row.get(key)) for key in columns} for row in rows]
    assert json.loads(path.read_text(encoding="utf-8")) == expected


def test_csv(tmp_path):
    path = write_rows(ROWS, tmp_path / "t.csv")
    with path.open(encoding="utf-8", newline="") as stream:
        table = list(csv.DictReader(stream))
    assert list(table[0]) == ["layer", "size", "d", "ok", "extra"]
    assert [row["layer"] for row in table] == ["a|b", 'quote " and, comma\nline', ""]
    assert [row["d"] for row in table] == ["0.5", "nan", "inf"]
    assert table[0]["ok"] == "True"


def test_floats_are_written_in_full(tmp_path):
    path = write_rows([{"x": 1 / 3}], tmp_path / "t.csv")
    assert float(path.read_text().split()[1]) == 1 / 3


def test_markdown(tmp_path):
    text = write_rows(ROWS, tmp_path / "t.md").read_text(encoding="utf-8")
    assert text.splitlines() == [
        "| layer | size | d | ok | extra |",
        "| --- | ---: | ---: | ---: | ---: |",
        "| a\\|b | 2 | 0.5 | True |  |",
        '| quote " and, comma line | 3 | nan |  |  |',
        "|  | 4 | inf |  |  |",
    ]


def test_nested_values(tmp_path):
    row = {"window": (1, np.int32(8)), "array": np.arange(2), "options": {"a": [float("nan")]}}
    path = write_rows([{**row, "path": Path("a")}], tmp_path / "t.json")
    assert json.loads(path.read_text()) == [
        {"window": [1, 8], "array": [0, 1], "options": {"a": [None]}, "path": "a"}
    ]
    assert "[1, 8]" in write_rows([row], tmp_path / "t.csv").read_text()


def test_no_rows(tmp_path):
    assert write_rows([], tmp_path / "t.json").read_text() == "[]\n"
    assert write_rows([], tmp_path / "t.csv").read_text().strip() == ""


def test_bad_suffix_and_values(tmp_path):
    with pytest.raises(ValueError, match=r"path must end in one of \['\.csv', '\.json', '\.md'\]"):
        write_rows([], tmp_path / "t.xlsx")
    path = write_rows([{"a": 1}], tmp_path / "t.csv")
    with pytest.raises(TypeError, match="rows must hold numbers, strings.*got object"):
        write_rows([{"a": object()}], path)
    assert path.read_text() == "a\n1\n"  # the older file stays
