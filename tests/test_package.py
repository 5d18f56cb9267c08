"""What stands beside the package: one version everywhere, and what is built from the checkout."""

from __future__ import annotations

import re
from pathlib import Path

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
