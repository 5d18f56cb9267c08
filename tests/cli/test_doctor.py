"""``featgraph doctor`` says what is there, and how to cure what is not."""

from __future__ import annotations

import json
import sys
from importlib import metadata

import pytest

from featgraph.cli import main


@pytest.fixture
def checks(capsys):
    def run():
        assert main(["doctor", "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)["checks"]
        return {row["what"]: row for row in rows}

    return run


def test_versions_and_devices_are_shown(checks):
    found = checks()
    assert found["numpy"]["found"] == metadata.version("numpy")
    assert found["torch"]["state"] == "ok"
    assert "threads" in found["processors"]["found"]
    assert "cuda" in found or "cuda:0" in found
    assert "compiled kernels" in found


def test_a_missing_package_has_its_pip_line(checks, monkeypatch):
    real = metadata.version

    def version(name):
        if name == "gudhi":
            raise metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(metadata, "version", version)
    row = checks()["extra topology"]
    assert row["state"] == "not installed"
    assert row["cure"] == "pip install 'featgraph[topology]' -c constraints.txt"


def test_an_extra_that_is_not_installed_is_no_problem(capsys, monkeypatch):
    rows = [
        {"what": "extra topology", "found": "gudhi –", "state": "not installed", "cure": "pip"},
        {"what": "extra stats", "found": "powerlaw –", "state": "not installed", "cure": "pip"},
    ]
    for part in ("_list_versions", "_list_devices", "_list_caches"):
        monkeypatch.setattr(f"featgraph.cli.doctor.{part}", list)
    monkeypatch.setattr("featgraph.cli.doctor._list_extras", lambda: rows)
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    assert "if wanted: pip install 'featgraph[topology,stats]' -c constraints.txt" in printed
    assert printed.endswith("no things to look at\n")


def test_no_folder_for_kernels_is_a_finding(checks, monkeypatch):
    monkeypatch.setattr("featgraph.kernels.cache.cache_folder", lambda: None)
    row = checks()["compiled kernels"]
    assert row["state"] == "slow"
    assert "NUMBA_CACHE_DIR" in row["cure"]


def test_a_torchvision_that_does_not_load_is_a_finding(checks, monkeypatch):
    class Broken:
        def find_spec(self, name, path=None, target=None):
            if name == "torchvision":
                raise RuntimeError("operator torchvision::nms does not exist")

    real = metadata.version
    monkeypatch.setattr(metadata, "version", lambda n: "0.0" if n == "torchvision" else real(n))
    monkeypatch.delitem(sys.modules, "torchvision", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Broken(), *sys.meta_path])
    row = checks()["torchvision loads"]
    assert row["state"] == "does not load"
    assert "nms does not exist" in row["cure"]
    assert "featgraph[models]" in row["cure"]
