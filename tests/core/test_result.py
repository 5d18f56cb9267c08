"""Every result prints, makes a table, and comes back from a file as it went in."""

from __future__ import annotations

import json
import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from featgraph.core.files import DamagedFileError
from featgraph.core.result import Result
from featgraph.core.rules import SHARE, Rule


class Pair(NamedTuple):
    low: float
    high: float


@dataclass(frozen=True, repr=False, eq=False)
class Part(Result):
    name: str
    values: NDArray[np.float64]


@dataclass(frozen=True, repr=False, eq=False)
class Whole(Result):
    """One field of every kind that a result may hold."""

    _rules: ClassVar[Mapping[str, Rule]] = {
        "sizes": Rule("n", rising=True),
        "counts": Rule("* n", least=1),
        "share": SHARE,
    }

    sizes: NDArray[np.int64]
    counts: NDArray[np.float64]
    kind: Literal["hop", "metric"] = "hop"
    share: float = 0.5
    limit: float = math.inf
    missing: float = math.nan
    seed: int | None = None
    done: bool = True
    interval: tuple[float, float] | None = (0.0, 1.0)
    labels: tuple[Hashable, ...] | None = ("a", ("b", 1), 2, None)
    parts: tuple[Part, ...] = ()
    curves: Mapping[str, NDArray[np.float64]] = field(default_factory=dict)
    degrees: dict[tuple[float, int], NDArray[np.int64]] = field(default_factory=dict)
    pair: Pair = Pair(0.0, math.nan)  # noqa: RUF009  (a named tuple cannot be changed)
    words: NDArray[Any] = field(default_factory=lambda: np.array(["x", "yz"]))
    options: Mapping[str, Any] = field(default_factory=dict)
    place: Path | None = None

    def _columns(self) -> Mapping[str, Any]:
        return {"size": self.sizes, "count": self.counts.min(axis=0), "kind": self.kind}

    def _curve(self) -> tuple[Any, Any]:
        return self.sizes, self.counts.min(axis=0)


@pytest.fixture
def whole() -> Whole:
    parts = (Part("p/q", np.array([1.0, np.nan, np.inf])), Part("<b>", np.zeros((2, 0))))
    return Whole(
        np.array([1, 2, 5]),
        np.array([[9.0, 4.0, 1.0], [8.0, 4.0, 2.0]]),
        parts=parts,
        curves={"a/b": np.array([1.5]), "a_b": np.array([2.5])},
        degrees={(1.0, 0): np.array([3, 4])},
        options={"order": "index", "p": np.float64(0.5), "hook": print},
        place=Path("here"),
    )


@pytest.mark.parametrize("suffix", [".json", ".npz"])
def test_a_result_comes_back_as_it_was(whole, tmp_path, suffix):
    again = Whole.load(whole.save(tmp_path / f"whole{suffix}"))
    assert again.to_dict() == whole.to_dict() | {"options": again.to_dict()["options"]}
    assert again.options == {"order": "index", "p": 0.5, "hook": repr(print)}
    assert again.labels == whole.labels
    assert math.isinf(again.limit)
    assert math.isnan(again.missing)
    assert again.counts.dtype == np.float64
    assert again.sizes.dtype == np.int64
    assert list(again.degrees) == [(1.0, 0)]
    assert again.pair.low == 0.0
    assert again.words.tolist() == ["x", "yz"]
    assert again.place == Path("here")
    np.testing.assert_array_equal(again.parts[0].values, whole.parts[0].values)
    assert again.parts[1].values.shape == (2, 0)


def test_json_is_strict(whole, tmp_path):
    text = whole.save(tmp_path / "whole.json").read_text(encoding="utf-8")

    def refuse(word: str) -> None:
        raise AssertionError(word)

    values = json.loads(text, parse_constant=refuse)
    assert values["format"] == "featgraph.Whole"
    assert values["missing"] is None
    assert values["limit"] == "inf"


def test_rows_repeat_what_is_single(whole):
    assert whole.to_rows()[2] == {"size": 5, "count": 1.0, "kind": "hop"}
    assert len(whole.to_rows()) == 3


def test_a_frame_has_the_rows(whole):
    pandas = pytest.importorskip("pandas")
    frame = whole.to_frame()
    assert isinstance(frame, pandas.DataFrame)
    assert frame.to_dict("records") == whole.to_rows()


def test_a_frame_without_pandas_names_the_extra(whole, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pandas", None)
    with pytest.raises(ImportError, match=r"pandas.*featgraph\[frames\]"):
        whole.to_frame()


def test_what_a_class_says_of_itself_is_no_column(whole):
    assert not {"_picture", "_shown", "_rules"} & set(whole.to_rows()[0])
    assert "_picture" not in repr(whole)


def test_html_is_escaped_and_draws_the_curve(whole):
    part = Part("<script>alert(1)</script>", np.array([1.0]))
    assert "<script>" not in part._repr_html_()
    assert "&lt;script&gt;" in part._repr_html_()
    assert "<polyline" in whole._repr_html_()
    assert "<polyline" not in part._repr_html_()


def test_provenance_names_what_made_it(whole):
    found = whole.provenance
    assert found["result"] == "Whole"
    assert found["kind"] == "hop"
    assert "seed" not in found


def change(path: Path, **values: Any) -> Path:
    """Replace members of a saved JSON file; None removes one."""
    found = {**json.loads(path.read_text(encoding="utf-8")), **values}
    path.write_text(json.dumps({k: v for k, v in found.items() if v != "gone"}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"sizes": "gone"}, r"w.json: sizes is missing"),
        ({"more": 1}, r"w.json: more is no field of Whole"),
        ({"sizes": [1, 2.5, 3]}, r"w.json: sizes must hold int64, got float64"),
        ({"sizes": [1, 2, 2]}, r"w.json: sizes must rise"),
        ({"sizes": [1, 2, 2**70]}, r"w.json: sizes must"),
        ({"sizes": [1, 2, 2**63]}, r"w.json: sizes must hold int64"),
        ({"sizes": None}, r"w.json: sizes must be an array, got None"),
        ({"counts": [[9.0, -4.0, 1.0]]}, r"w.json: counts must be at least 1, got -4.0"),
        ({"counts": [[9.0, 4.0]]}, r"w.json: counts must have shape .* n = 3 as in sizes"),
        ({"counts": [[9.0, 4.0, 1.0], [1.0]]}, r"w.json: counts must be an array with rows of one"),
        ({"counts": [[9.0, "4", 1.0]]}, r"w.json: counts must hold numbers"),
        ({"counts": [[9.0, True, 1.0]]}, r"w.json: counts must hold numbers"),
        ({"share": 1.5}, r"w.json: share must be at most 1, got 1.5"),
        ({"kind": "hops"}, r"w.json: kind must be one of \['hop', 'metric'\], got 'hops'"),
        ({"seed": 1.0}, r"w.json: seed must be of type int, got 1.0"),
        ({"seed": True}, r"w.json: seed must be of type int, got True"),
        ({"seed": 10**30}, r"w.json: seed must be of type int"),
        ({"share": 10**400}, r"w.json: share must be of type float"),
        ({"done": 1}, r"w.json: done must be of type bool, got 1"),
        ({"share": "half"}, r"w.json: share must be of type float, got 'half'"),
        ({"interval": [1.0]}, r"w.json: interval must have 2 items, got 1"),
        ({"interval": [1.0, "x"]}, r"w.json: interval/1 must be of type float"),
        ({"labels": [{"a": 1}]}, r"w.json: labels/0 must be labels"),
        ({"labels": [{"float": ["inf"]}]}, r"w.json: labels/0 must be labels"),
        ({"parts": [{"name": "x"}]}, r"w.json: parts/0/values is missing"),
        ({"parts": {"name": "x"}}, r"w.json: parts must be a list, got dict"),
        ({"curves": [1]}, r"w.json: curves must be an object"),
        ({"degrees": {"[1": [1]}}, r"w.json: degrees must have keys of type"),
        ({"version": 9}, r"w.json is of format version 9, this featgraph reads 1"),
        ({"format": "featgraph.Part"}, r"w.json must hold a saved Whole, got featgraph.Part"),
    ],
)
def test_what_cannot_be_is_refused(whole, tmp_path, values, match):
    path = change(whole.save(tmp_path / "w.json"), **values)
    with pytest.raises(DamagedFileError, match=match):
        Whole.load(path)


@pytest.mark.parametrize(
    ("text", "match"),
    [
        (b"", "w.json is not JSON"),
        (b"\xff\xfe", "w.json is not UTF-8"),
        (b"[1]", "w.json must hold an object, got list"),
        (b"[" * 200_000, "w.json is nested too deeply"),
        (b'{"seed": ' + b"9" * 5000 + b"}", "w.json is not JSON"),
        (b'{"seed": 1, "seed": 2}', "w.json: seed must stand once"),
        (b'{"parts": [{"name": "x", "name": "y"}]}', "w.json: name must stand once"),
    ],
)
def test_what_is_no_json_is_refused(tmp_path, text, match):
    path = tmp_path / "w.json"
    path.write_bytes(text)
    with pytest.raises(DamagedFileError, match=match):
        Whole.load(path)


@pytest.mark.parametrize("suffix", [".npz", ".json"])
def test_labels_that_are_no_finite_numbers_come_back(tmp_path, suffix):
    labels = (math.inf, -math.inf, "inf", ("a", math.inf), math.nan)
    once = Whole(np.array([1, 2, 5]), np.ones((1, 3)), labels=labels)
    again = Whole.load(once.save(tmp_path / f"w{suffix}"))
    assert again.labels is not None
    assert again.labels[:-1] == labels[:-1]
    assert repr(again.labels[-1]) == "nan"
    json.dumps(once.to_dict()["labels"], allow_nan=False)


def test_an_array_of_empty_strings_that_asks_for_the_memory_of_the_world(tmp_path, whole):
    import zipfile

    header = b"{'descr': '|S0', 'fortran_order': False, 'shape': (1000000000000,), }"
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    npy = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
    path = whole.save(tmp_path / "w.npz")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("extra.npy", npy)
    with pytest.raises(DamagedFileError, match=r"w.npz: 'extra' claims shape"):
        Whole.load(path)


def test_members_that_stand_twice_or_belong_to_nothing(tmp_path, whole):
    import io
    import warnings
    import zipfile

    buffer = io.BytesIO()
    np.save(buffer, np.zeros(2))
    for name, match in (("sizes.npy", "must stand once"), ("rest.npy", "is no array of this")):
        path = whole.save(tmp_path / "w.npz")
        with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # zipfile tells of the second one
            archive.writestr(name, buffer.getvalue())
        with pytest.raises(DamagedFileError, match=match):
            Whole.load(path)


def test_a_result_with_a_model_says_that_it_cannot_be_kept(tmp_path):
    @dataclass(frozen=True, repr=False, eq=False)
    class Holder(Result):
        model: Any

    with pytest.raises(TypeError, match="object cannot be saved in a result"):
        Holder(object()).save(tmp_path / "x.json")


def test_rules_hold_when_a_result_is_made():
    with pytest.raises(ValueError, match=r"sizes must rise, got \[2 1\]"):
        Whole(np.array([2, 1]), np.ones((1, 2)))


def test_the_error_keeps_its_parts_across_processes():
    import pickle

    error = pickle.loads(pickle.dumps(DamagedFileError("a/b.json", "sizes", "must rise")))
    assert (error.file, error.part, error.rule) == ("b.json", "sizes", "must rise")
