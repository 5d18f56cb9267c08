"""Counts that go on where they were stopped."""

from __future__ import annotations

import json
import subprocess
import sys

import networkx as nx
import numpy as np
import pytest

from featgraph.boxes import bounds, box_counts, counting, metric_space
from featgraph.boxes.methods import greedy, memb, merge

GRAPH = nx.gnp_random_graph(60, 0.05, seed=3)
SIZES = (1, 2, 3)
#: The function that does the work of a method, and how often three runs of three sizes call it.
WORK = {
    "memb": (memb, "solve", 9),
    "greedy": (greedy, "count_sizes", 3),
    "merge": (merge, "count_sizes", 3),
}


@pytest.fixture
def checkpoint(tmp_path):
    return tmp_path / "checkpoint.json"


def count(method="memb", **changes):
    chosen = {"sizes": SIZES, "repeats": 3, "rng": 5, "jobs": 1, "progress": False, **changes}
    return box_counts(chosen.pop("graph", GRAPH), method=method, **chosen)


def watch(monkeypatch, method, *, stop_at=None):
    """Count the calls of the working function, and press Ctrl-C at one of them."""
    module, name, _ = WORK[method]
    calls = []
    real = getattr(module, name)

    def work(*values, **options):
        if len(calls) + 1 == stop_at:
            raise KeyboardInterrupt
        calls.append(1)
        return real(*values, **options)

    monkeypatch.setattr(module, name, work)
    return calls


@pytest.mark.parametrize("quick", [True, False], ids=["caller", "threads"])
@pytest.mark.parametrize(
    ("method", "stop_at"),
    [("memb", 1), ("memb", 2), ("memb", 9), ("greedy", 1), ("greedy", 3), ("merge", 2)],
)
def test_a_stopped_call_goes_on(monkeypatch, checkpoint, method, stop_at, quick):
    if not quick:
        monkeypatch.setattr(metric_space, "QUICK", 0)
    whole = count(method, bounds=True)
    with monkeypatch.context() as patch:
        calls = watch(patch, method, stop_at=stop_at)
        with pytest.raises(KeyboardInterrupt):
            count(method, bounds=True, checkpoint=checkpoint)
        assert len(calls) == stop_at - 1
    calls = watch(monkeypatch, method)
    rest = count(method, bounds=True, checkpoint=checkpoint)
    assert len(calls) == WORK[method][2] - (stop_at - 1)
    assert rest.counts_per_repeat.tolist() == whole.counts_per_repeat.tolist()
    assert rest.lower_bounds.tolist() == whole.lower_bounds.tolist()
    again = count(method, bounds=True, checkpoint=checkpoint)
    assert len(calls) == WORK[method][2] - (stop_at - 1)
    assert again.to_rows() == whole.to_rows()


def test_bounds_go_on_too(monkeypatch, checkpoint):
    whole = count(bounds=True)
    real, asked = bounds._bound_within, []

    def work(space, size, *rest):
        if size == 1 and len(asked) == 2:
            asked.append("stop")
            raise KeyboardInterrupt
        asked.append(size)
        return real(space, size, *rest)

    monkeypatch.setattr(bounds, "_bound_within", work)
    with pytest.raises(KeyboardInterrupt):
        count(bounds=True, checkpoint=checkpoint)
    assert count(bounds=True, checkpoint=checkpoint).to_rows() == whole.to_rows()
    assert asked == [3, 2, "stop", 1]


def test_bounds_of_optimum_are_not_made_twice(monkeypatch):
    calls = []
    monkeypatch.setattr(bounds, "_bound_within", lambda *values: calls.append(values) or 1)
    counts = count("optimum", bounds=True, repeats=1)
    assert calls == []
    assert counts.lower_bounds.tolist() == counts.counts.tolist()


@pytest.mark.parametrize(
    "change",
    [
        {"rng": 6},
        {"sizes": (1, 2, 4)},
        {"repeats": 2},
        {"ties": "index"},
        {"graph": nx.gnp_random_graph(60, 0.05, seed=4)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_call_begins_anew(monkeypatch, checkpoint, change):
    count(checkpoint=checkpoint)
    expected = count(**change)
    calls = watch(monkeypatch, "memb")
    found = count(checkpoint=checkpoint, **change)
    assert len(calls) == found.counts_per_repeat.size
    assert found.to_rows() == expected.to_rows()
    count(checkpoint=checkpoint, **change)
    assert len(calls) == found.counts_per_repeat.size


def test_other_code_begins_anew(monkeypatch, checkpoint):
    count(checkpoint=checkpoint)
    monkeypatch.setattr(counting, "hash_sources", lambda: "of other code")
    calls = watch(monkeypatch, "memb")
    count(checkpoint=checkpoint)
    assert len(calls) == 9


def test_features_go_on_by_their_distances(monkeypatch, checkpoint):
    values = np.random.default_rng(0).normal(size=(20, 4))
    count(graph=values, sizes=(0.5, 1.0), checkpoint=checkpoint)
    calls = watch(monkeypatch, "memb")
    count(graph=values, sizes=(0.5, 1.0), checkpoint=checkpoint)
    assert not calls
    count(graph=2 * values, sizes=(0.5, 1.0), checkpoint=checkpoint)
    assert len(calls) == 6


@pytest.mark.parametrize(
    "text",
    ["", "not json", "[1, 2]", '{"nodes": 3}', '{"program": "featgraph box counts"}', b"\x80\xff"],
)
def test_a_file_of_another_kind_is_refused_and_left_alone(checkpoint, text):
    content = text if isinstance(text, bytes) else text.encode()
    checkpoint.write_bytes(content)
    with pytest.raises(ValueError, match="checkpoint must be a new file or one that box_counts"):
        count(checkpoint=checkpoint)
    assert checkpoint.read_bytes() == content


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[: len(text) // 2],
        lambda text: text.replace('"counts": [[', '"counts": [[-5, '),
        lambda text: text.replace('"counts": [[', '"counts": [[1e999, '),
        lambda text: json.dumps({**json.loads(text), "counts": [[2.5] * 3] * 3}),
        lambda text: json.dumps({**json.loads(text), "bounds": [10**12] * 3}),
        lambda text: text.replace('"checksum": "', '"checksum": "0'),
        lambda text: text.replace('"bounds": [', '"bounds": ' + "[" * 100_000),
    ],
)
def test_a_damaged_checkpoint_is_computed_again(checkpoint, damage):
    expected = count(checkpoint=checkpoint)
    checkpoint.write_text(damage(checkpoint.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.warns(UserWarning, match="checkpoint is damaged, and the counts are computed anew"):
        again = count(checkpoint=checkpoint)
    assert again.counts_per_repeat.tolist() == expected.counts_per_repeat.tolist()


def test_a_checkpoint_needs_a_seed(checkpoint):
    with pytest.raises(ValueError, match="checkpoint needs rng"):
        count(rng=None, checkpoint=checkpoint)
    assert not checkpoint.exists()


class Hands:
    """A clock that goes on by so many seconds at each look."""

    def __init__(self, step):
        self.now, self.step = 0.0, step

    def monotonic(self):
        self.now += self.step
        return self.now

    def perf_counter(self):
        return self.now


@pytest.mark.parametrize(("step", "n_written"), [(0, 1), (0.3, 150 // 4 + 1), (2, 150 + 1)])
def test_a_checkpoint_is_written_at_most_once_a_second(monkeypatch, checkpoint, step, n_written):
    written = []
    real = counting.write_text
    monkeypatch.setattr(counting, "write_text", lambda *values: written.append(1) or real(*values))
    monkeypatch.setattr(counting, "time", Hands(step))
    count(repeats=50, checkpoint=checkpoint)
    assert len(written) == n_written


KILLED_AFTER_THE_FIRST_WRITING = """
import os, signal, sys
from featgraph.boxes import counting
from featgraph.cli import main

write = counting.write_text

def write_and_die(*values):
    write(*values)
    os.kill(os.getpid(), signal.SIGKILL)

counting.EVERY = -1.0
counting.write_text = write_and_die
main(sys.argv[1:])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no such signal")
def test_a_killed_program_goes_on(tmp_path):
    nx.write_edgelist(nx.gnm_random_graph(100, 200, seed=1), tmp_path / "net.edges", data=False)
    words = ["boxcover", "net.edges", "-m", "annealing", "-s", "2,3,4", "-r", "4", "-q", "--out"]
    kept = tmp_path / "killed" / "checkpoint.json"

    def run(how, out):
        return subprocess.run([sys.executable, *how, *words, out], cwd=tmp_path).returncode

    assert run(["-c", KILLED_AFTER_THE_FIRST_WRITING], "killed") == -9
    assert 0 < len(read_finished(kept)) < 12
    assert run(["-m", "featgraph"], "killed") == 0
    assert run(["-m", "featgraph"], "whole") == 0
    assert not kept.exists()
    tables = [(tmp_path / out / "counts.csv").read_text() for out in ("killed", "whole")]
    assert tables[0] == tables[1]


def read_finished(path):
    counts = json.loads(path.read_text())["counts"]
    return [count for row in counts for count in row if count is not None]
