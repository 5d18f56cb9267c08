"""What stands beside the package: one version everywhere, and what is built from the checkout."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import featgraph

ROOT = Path(__file__).resolve().parents[1]


def test_the_version_to_cite_is_the_version():
    stated = re.search(r"^version: (.+)$", (ROOT / "CITATION.cff").read_text("utf-8"), re.M)
    assert stated is not None
    assert stated[1] == featgraph.__version__


def test_the_changelog_begins_with_the_version():
    newest = re.search(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.M)
    assert newest is not None
    assert newest[1] == featgraph.__version__


def test_every_extra_is_part_of_all():
    tomllib = pytest.importorskip("tomllib", reason="Python 3.11 reads its own settings")
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = extras["optional-dependencies"]
    users = sorted(
        set(extras) - {"all", "ray", "test", "docs"}
    )  # ray has no build for some systems
    assert sorted(re.findall(r"\w+", extras["all"][0])[1:]) == users


def test_every_extra_stands_in_the_installation_page():
    tomllib = pytest.importorskip("tomllib", reason="Python 3.11 reads its own settings")
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    page = (ROOT / "docs" / "guide" / "installation.md").read_text("utf-8")
    extras = set(settings["project"]["optional-dependencies"]) - {"test", "docs"}
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.M)) == extras
