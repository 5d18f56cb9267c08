"""Experiments with several workers: the files of one worker, to the last byte."""

from __future__ import annotations

import dataclasses

import pytest

from benchmarks.reproduce import EXPERIMENTS, gbs_sanity, homology_mnist, subjects, table3
from featgraph.io import write_rows


@pytest.fixture
def tiny(monkeypatch):
    for module in (gbs_sanity, homology_mnist, subjects, table3):
        size = dataclasses.replace(module._SIZES["quick"], epochs=1, n_train=64)
        monkeypatch.setitem(module._SIZES, "quick", size)


def contents(folder):
    """Every file but pictures and what holds times."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.suffix in (".csv", ".md", ".json", ".safetensors")
        and path.name not in ("provenance.json", "featgraph.json")
    }


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("figure2", {"nets": ["mlp"], "max_images": 40}),
        ("table4", {"nets": ["mlp"], "max_images": 60}),
        ("table5", {"nets": ["mlp"], "max_images": 130, "no_umap": True}),
        ("gbs-sanity", {}),
        ("homology-mnist", {"vary": ["width"]}),
        ("invariance-gain", {"nets": ["mlp"]}),
    ],
)
def test_any_number_of_workers_writes_the_same(name, options, tiny, tmp_path):
    if name == "invariance-gain":  # table 3 is run inside it; 4 and 5 are those above
        for table, column in (("table4", "σ tail"), ("table5", "Δ full")):
            rows = [{"network": "mlp", "state": "trained", column: 0.1}]
            write_rows(rows, tmp_path / table / f"{table}.csv")
            options = {**options, table: str(tmp_path / table)}
    run = EXPERIMENTS[name].load()
    out = tmp_path / "out"
    run(out, scale="quick", progress=False, **options)
    before = contents(out)
    first, *others = sorted(out.rglob("steps/*.json"))
    for step in others:
        step.unlink()
    kept = first.stat().st_mtime_ns
    run(out, scale="quick", progress=False, jobs=2, **options)  # goes on, with workers
    assert first.stat().st_mtime_ns == kept
    assert contents(out) == before
    assert len(before) > len(others) + 3
