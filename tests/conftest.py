"""Shared fixtures: real data that may be absent, and settings that keep runs repeatable."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import matplotlib
import pytest

ROOT = Path(__file__).resolve().parents[1]
matplotlib.use("Agg")
hypothesis.settings.register_profile("house", deadline=None, derandomize=True, max_examples=40)
hypothesis.settings.register_profile("nightly", deadline=None, max_examples=400)
hypothesis.settings.load_profile("house")  # --hypothesis-profile=nightly draws anew every time


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of real networks, images and weights; tests that need it skip when it is absent."""
    folder = Path(os.environ.get("FEATGRAPH_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no folder of real data here (set FEATGRAPH_DATA)")
    return folder
