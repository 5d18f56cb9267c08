import json
import math
import os
from functools import partial

import pytest
from matplotlib.figure import Figure

from benchmarks.reproduce.run_folder import RunFolder


def test_steps_are_computed_once_per_settings(tmp_path):
    calls = []

    def compute():
        calls.append(1)
        return {"sigma": 0.25}

    for _ in range(2):
        assert RunFolder(tmp_path / "run", "table4", {"seed": 0}).finish_step("a", compute) == {
            "sigma": 0.25
        }
    assert len(calls) == 1
    RunFolder(tmp_path / "run", "table4", {"seed": 1}).finish_step("a", compute)
    assert len(calls) == 2


@pytest.mark.parametrize("jobs", [None, 1, 2, 9])
def test_steps_computed_at_once_are_those_computed_one_by_one(tmp_path, jobs):
    run = RunFolder(tmp_path / "run", "table4", {})
    run.finish_step("16", lambda: "from before")
    found = run.finish_steps(
        {str(k): partial(math.isqrt, k) for k in (25, 16, 9)}, jobs=jobs, progress=False
    )
    assert list(found.items()) == [("25", 5), ("16", "from before"), ("9", 3)]
    assert run.has_step("9")


def test_a_step_that_kills_its_worker_leaves_the_others(tmp_path):
    run = RunFolder(tmp_path / "run", "table4", {})
    steps = {"sound": partial(math.isqrt, 9), "deadly": partial(os._exit, 3)}
    with pytest.raises(RuntimeError, match="deadly: its worker died twice"):
        run.finish_steps(steps, jobs=2, progress=False)
    assert run.has_step("sound")


@pytest.mark.parametrize(
    ("jobs", "bad", "error", "words"),
    [
        (None, partial(math.isqrt, -1), ValueError, "^bad: isqrt.. argument must be nonnegative"),
        (2, partial(divmod, 1, 0), RuntimeError, "^bad: ZeroDivisionError: "),
    ],
)
def test_the_error_of_a_step_names_it(tmp_path, jobs, bad, error, words):
    run = RunFolder(tmp_path / "run", "table4", {})
    with pytest.raises(error, match=words):
        run.finish_steps({"sound": partial(math.isqrt, 9), "bad": bad}, jobs=jobs, progress=False)


def test_a_broken_step_is_computed_again(tmp_path):
    run = RunFolder(tmp_path / "run", "table4", {})
    run.finish_step("a", lambda: 1)
    (tmp_path / "run" / "steps" / "a.json").write_text('{"made_with": ')
    assert not run.has_step("a")
    assert run.finish_step("a", lambda: 2) == 2
    assert run.has_step("a")


def test_none_is_a_value_of_a_step(tmp_path):
    run = RunFolder(tmp_path / "run", "table4", {})
    assert run.finish_step("a", lambda: None) is None
    assert run.has_step("a")


def test_the_page_lists_what_was_written_and_forgets_the_rest(tmp_path):
    run = RunFolder(tmp_path / "run", "table4", {"seed": 0})
    run.write_figure("old", Figure())
    run.write_table("table4", [{"a": 1}])
    run.write_page("first")
    assert (run.folder / "old.png").is_file()
    again = RunFolder(tmp_path / "run", "table4", {"seed": 0})
    again.write_table("table4", [{"a": 2}])
    page = again.write_page("second")
    assert page.read_text() == "second"
    assert not (run.folder / "old.png").exists()
    assert (run.folder / "table4.csv").read_text() == "a\n2\n"
    listed = json.loads((run.folder / "featgraph.json").read_text())["files"]
    assert sorted(listed) == ["README.md", "provenance.json", "table4.csv", "table4.md"]
    assert json.loads((run.folder / "provenance.json").read_text())["settings"] == {"seed": 0}


def test_folders_of_other_things_are_refused(tmp_path):
    RunFolder(tmp_path / "run", "table4", {})
    with pytest.raises(ValueError, match="earlier reproduction of table5"):
        RunFolder(tmp_path / "run", "table5", {})
    RunFolder(tmp_path / "run", "table5", {}, force=True)
