"""Layers on several workers: the same files, whoever computes them and whatever goes wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch

from featgraph.core.files import FolderLock
from featgraph.dimension import compare_network
from featgraph.features import FeatureMatrix
from featgraph.pipeline import AnalysisSettings, analyze
from featgraph.report import ReportWriter
from featgraph.similarity import compare_measures

#: No time limit: what is proven within one depends on the load of the machine.
QUICK = AnalysisSettings(
    time_limit=None,
    curves=("paper", "released", "linkage", "greedy"),
    n_theta=8,
    n_null=2,
    n_sweep=2,
    repeats=1,
)


@pytest.fixture(scope="module", autouse=True)
def no_pictures():
    """Leave out the pictures of this process: they take most of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("featgraph.report.figures.draw_layer_figures", lambda _: ())
        patch.setattr("featgraph.report.report.draw_joint_figures", lambda _: ())
        yield


def make_layers(n_layers=3):
    rng = np.random.default_rng(0)
    return {f"blocks.{k}": rng.normal(size=(14 + k, 8)) for k in range(n_layers)}


def tables(folder):
    """Return the bytes of each table and of what the report says, without times and machine."""
    found = {path.name: path.read_bytes() for path in sorted(folder.glob("*.csv"))}
    values = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    del values["provenance"]
    return {**found, "report.json": json.dumps(values)}


def run(folder, **options):
    report = analyze(make_layers(), settings=QUICK, folder=folder, progress=False, **options)
    assert report.layers == tuple(make_layers())
    return tables(folder)


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    return run(tmp_path_factory.mktemp("alone"))


@pytest.mark.slow
def test_two_processes_write_the_same(alone, tmp_path):
    assert run(tmp_path, jobs=2) == alone


def test_workers_draw_layers_and_write_their_graphs(tmp_path, monkeypatch):
    monkeypatch.setattr("featgraph.report.figures.write_layer_graph", None)  # in this process
    run(tmp_path, jobs=2)
    for name in make_layers():
        assert (tmp_path / "figures" / f"trained--{name}--theta.png").stat().st_size > 1000
        assert (tmp_path / "graphs" / f"trained--{name}.graphml.gz").stat().st_size > 100


@pytest.mark.slow
def test_cluster_writes_the_same(alone, tmp_path):
    distributed = pytest.importorskip("distributed")
    from joblib import parallel_config

    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
        distributed.Client(cluster),
        parallel_config("dask"),
    ):
        assert run(tmp_path) == alone


def test_comparisons_and_similarities_are_the_same():
    layers = {name: values[:12] for name, values in make_layers(2).items()}
    options = {"curves": ("released", "linkage"), "n_theta": 8, "n_draws": 3, "hop_methods": ()}
    options["time_limit"] = None
    first, second = (
        compare_network(layers, jobs=jobs, progress=False, **options) for jobs in (None, 2)
    )
    assert list(first) == list(second) == list(layers)
    for name in layers:
        assert repr(first[name].to_rows()) == repr(second[name].to_rows())
    one, two = (compare_measures(layers, jobs=jobs, progress=False) for jobs in (None, 2))
    for name in one:
        np.testing.assert_array_equal(one[name].values, two[name].values)


def test_flat_layer_has_a_reason_and_no_rows():
    found = compare_network({"flat": np.ones((5, 4))}, n_theta=8, progress=False)["flat"]
    assert found.comparison is None
    assert "all distances equal 0" in found.reason
    assert found.to_rows() == []


@dataclass(frozen=True, repr=False, eq=False)
class Deadly(FeatureMatrix):
    """Features that no worker survives to unpack."""

    def __reduce__(self):
        return os._exit, (9,)


def test_layer_whose_worker_dies_is_left_out_with_its_reason(tmp_path):
    layers = {name: FeatureMatrix.from_array(x) for name, x in make_layers(3).items()}
    layers["blocks.1"] = Deadly(torch.from_numpy(make_layers(3)["blocks.1"]))
    report = analyze(layers, settings=QUICK, folder=tmp_path, jobs=2, progress=False)
    assert report.layers == ("blocks.0", "blocks.2")
    (skipped,) = report.skipped
    assert skipped.layer == "blocks.1"
    assert "its worker died twice" in skipped.reason
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "its worker died twice" in page
    assert "Partial report." not in page


def test_stopped_run_on_two_workers_goes_on(alone, tmp_path, monkeypatch):
    real, written = ReportWriter.write, []

    def stop(self, report):
        written.append(len(report.analyses))
        if written == [1, 2]:
            raise KeyboardInterrupt
        return real(self, report)

    monkeypatch.setattr(ReportWriter, "write", stop)
    with pytest.raises(KeyboardInterrupt, match="2 of 3 layers are finished"):
        run(tmp_path, jobs=2)
    parts = {path.name for path in (tmp_path / "parts").glob("*.npz")}
    assert len(parts) == 2
    monkeypatch.undo()
    times = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "parts").iterdir()}
    assert run(tmp_path, jobs=2) == alone
    for path in (tmp_path / "parts").iterdir():
        assert path.name not in parts or times[path.name] == path.stat().st_mtime_ns


def test_resumed_layer_has_its_links_again(tmp_path):
    first = analyze(make_layers(1), settings=QUICK, folder=tmp_path, progress=False)
    second = analyze(make_layers(1), settings=QUICK, folder=tmp_path, progress=False)
    mine, theirs = first.analyses[0].graph, second.analyses[0].graph
    for name in ("indptr", "indices", "weights"):
        np.testing.assert_array_equal(getattr(mine, name), getattr(theirs, name))
    assert dict(mine.node_attributes).keys() == dict(theirs.node_attributes).keys()
    assert (mine.epsilon, mine.epsilon_rule) == (theirs.epsilon, theirs.epsilon_rule)


@pytest.mark.parametrize("jobs", [None, 2])
def test_layers_of_an_earlier_run_are_not_drawn_again(jobs, tmp_path, monkeypatch):
    first = run(tmp_path, jobs=jobs)
    monkeypatch.setattr("featgraph.report.report.render_layer", None)
    assert run(tmp_path) == first


def test_folder_that_another_run_writes_is_refused(tmp_path):
    lock = FolderLock(tmp_path)
    with pytest.raises(ValueError, match=r"folder must be free.*process \d+ on .* is writing"):
        run(tmp_path)
    lock.release()
    run(tmp_path)
    assert not [path for path in tmp_path.iterdir() if "lock" in path.name]


def test_run_that_was_killed_holds_no_folder(tmp_path):
    code = "import os, sys\nfrom featgraph.core.files import FolderLock\n"
    code += "lock = FolderLock(sys.argv[1])\nos._exit(9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert (tmp_path / ".featgraph-lock").exists()
    FolderLock(tmp_path).release()
    assert not list(tmp_path.iterdir())


def test_wrong_jobs_are_an_error():
    with pytest.raises(ValueError, match="jobs must be a whole number of at least 1, got 0"):
        analyze(make_layers(1), settings=replace(QUICK, n_null=0), jobs=0, progress=False)
