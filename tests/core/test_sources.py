"""The word for the package's code changes with every file of it."""

from __future__ import annotations

import sys

import pytest

import featgraph
from featgraph.core import package as package_module
from featgraph.core.package import defer_module, hash_sources


@pytest.fixture
def package(tmp_path, monkeypatch):
    for name in ("a.py", "room/b.py", "room/inner/c.py", "page.css"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x = 1\n")
    monkeypatch.setattr(package_module, "PACKAGE", tmp_path)
    yield tmp_path
    hash_sources.cache_clear()


def words():
    hash_sources.cache_clear()
    return hash_sources(), hash_sources("room")


def test_each_edit_is_seen_where_it_counts(package, monkeypatch):
    whole, room = words()
    assert whole != room
    assert words() == (whole, room)
    (package / "page.css").write_text("y")
    assert words() == (whole, room)
    (package / "a.py").write_text("x = 2\n")
    assert words()[0] != whole
    assert words()[1] == room
    (package / "room" / "inner" / "c.py").rename(package / "room" / "inner" / "d.py")
    assert words()[1] != room
    monkeypatch.setattr(featgraph, "__version__", "99.0")
    assert all(word.startswith("99.0-") for word in words())


@pytest.fixture
def quopri(monkeypatch):
    """A module of the standard library that nobody has used yet."""
    monkeypatch.setitem(sys.modules, "quopri", None)  # so that what is there comes back
    del sys.modules["quopri"]
    defer_module("quopri")
    return sys.modules["quopri"]


def test_a_deferred_module_loads_when_it_is_used(quopri):
    import quopri as again

    assert again is quopri
    assert "decode" not in vars(quopri)
    from quopri import decode

    assert decode is quopri.decode is sys.modules["quopri"].decode
    assert sys.modules["quopri"].__file__


def test_a_deferred_module_has_no_more_than_the_module(quopri):
    assert not hasattr(quopri, "nothing")
    with pytest.raises(AttributeError):
        quopri.nothing  # noqa: B018


def test_a_module_that_is_loaded_is_not_deferred():
    before = sys.modules["pathlib"]
    defer_module("pathlib")
    assert sys.modules["pathlib"] is before
