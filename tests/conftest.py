"""Shared fixtures: real data that may be absent, and settings that keep runs repeatable."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import matplotlib
import numpy as np
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


@pytest.fixture(autouse=True)
def _own_process_state() -> Iterator[None]:
    """Begin each test with the same random numbers, and undo what it leaves in the process.

    So the outcome does not depend on which tests ran before in the same process.
    """
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002 (that of other packages)
    folder, variables, errors = Path.cwd(), dict(os.environ), np.geterr()
    style = matplotlib.rcParams.copy()
    torch = sys.modules.get("torch")
    if torch:
        torch.manual_seed(0)
        threads, kind = torch.get_num_threads(), torch.get_default_dtype()
    yield
    os.chdir(folder)
    if dict(os.environ) != variables:
        for name in set(os.environ) - set(variables):
            del os.environ[name]
        os.environ.update(variables)
    np.seterr(**errors)
    dict.update(matplotlib.rcParams, style)
    if torch:
        torch.set_num_threads(threads)
        torch.set_default_dtype(kind)
