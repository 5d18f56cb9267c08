"""Valid calls and objects, made once."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

from tests.api.valid_calls import Call, valid_calls
from tests.api.valid_objects import valid_objects


@pytest.fixture(scope="session")
def calls(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Call]:
    """Return the valid calls of all public functions."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return valid_calls(tmp_path_factory.mktemp("files"))


@pytest.fixture(scope="session")
def objects(calls: dict[str, Call]) -> dict[str, Any]:
    """Return an object of every public class."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return valid_objects(calls)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch) -> None:
    """Work in an empty folder, as some odd values are names of files."""
    monkeypatch.chdir(tmp_path)
