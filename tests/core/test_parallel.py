"""Tasks on several workers: the same results, whoever runs them and whoever dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import warnings

import pytest
from joblib.externals.loky import get_reusable_executor

from featgraph.core import parallel
from featgraph.core.parallel import WorkerLost, joined_cluster, own_workers, run_parallel


def make_task(folder, deadly=(), deaths=9):
    """Return a function that squares, notes its tries, and kills its worker for some numbers."""

    def square(number):
        import os

        tries = len([name for name in os.listdir(folder) if name.startswith(f"{number}-")])
        open(os.path.join(folder, f"{number}-{tries}"), "w").close()
        if number in deadly and tries < deaths:
            os._exit(9)
        return number * number

    return square


def count_tries(folder, number):
    return len(list(folder.glob(f"{number}-*")))


@pytest.mark.parametrize("jobs", [None, 1, 2, 50])
def test_results_come_with_their_places(jobs, tmp_path):
    found = run_parallel(make_task(tmp_path), [(5,), (6,), (7,)], jobs=jobs)
    assert sorted(found) == [(0, 25), (1, 36), (2, 49)]
    assert all(count_tries(tmp_path, number) == 1 for number in (5, 6, 7))


def list_children():
    own = pytest.importorskip("psutil").Process()
    return {child.pid for child in own.children() if "popen_loky" in " ".join(child.cmdline())}


def end_workers():
    get_reusable_executor(reuse=True).shutdown(kill_workers=True)


def test_workers_that_load_ahead_run_the_tasks_and_end():
    end_workers()
    with own_workers(2, "colorsys"):
        before = list_children()
        found = [found for _, found in run_parallel(tell_process, [("colorsys",)] * 2, jobs=2)]
    assert len(before) == 2
    assert {process for process, _ in found} <= before
    assert any(is_loaded for _, is_loaded in found)
    assert not list_children()


def test_more_tasks_than_workers_get_workers_of_their_own():
    end_workers()
    with own_workers(2, "colorsys"):
        assert sorted(run_parallel(abs, [(-k,) for k in range(4)], jobs=4)) == [
            (k, k) for k in range(4)
        ]
        assert len(list_children()) == 4
    assert not list_children()


def tell_process(module):
    return os.getpid(), module in sys.modules


def test_fewer_tasks_than_workers_wait_without_a_warning(recwarn):
    end_workers()
    with own_workers(3, "numba"):
        assert sorted(run_parallel(abs, [(-1,), (-2,)], jobs=3)) == [(0, 1), (1, 2)]
    assert not recwarn.list


def test_workers_end_when_the_block_fails():
    end_workers()
    with pytest.raises(ZeroDivisionError), own_workers(2, "torch"):
        raise ZeroDivisionError
    assert not list_children()


STUCK = """
import sys, threading
from featgraph.core.parallel import own_workers

if __name__ == "__main__":
    with own_workers(2, "stuck"):
        sys.exit(3)
"""


def run_script(folder, text, **options):
    """Start a program in a folder of its own modules."""
    (folder / "script.py").write_text(text, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), *sys.path])}
    words = [sys.executable, str(folder / "script.py")]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen(words, env=environment, **pipes, **options)


def test_a_block_that_fails_does_not_wait_until_workers_have_loaded(tmp_path):
    (tmp_path / "stuck.py").write_text("import threading\nthreading.Event().wait()\n")
    process = run_script(tmp_path, STUCK)
    assert process.communicate(timeout=120) == ("", "")
    assert process.returncode == 3


def warn(number):
    warnings.warn(f"{number} is odd", UserWarning, stacklevel=1)
    return number


@pytest.mark.parametrize("jobs", [1, 2])
def test_warnings_of_tasks_are_those_of_the_main_process(jobs, capfd):
    with pytest.warns(UserWarning, match="is odd") as noted:
        assert sorted(run_parallel(warn, [(1,), (3,)], jobs=jobs)) == [(0, 1), (1, 3)]
    assert sorted(str(one.message) for one in noted) == ["1 is odd", "3 is odd"]
    assert {one.filename for one in noted} == {__file__}
    assert capfd.readouterr().err == ""
    warnings.simplefilter("error")
    with pytest.raises(UserWarning, match="5 is odd"):
        list(run_parallel(warn, [(5,), (5,)], jobs=jobs))


def hear(_):
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="no masks of signals")
@pytest.mark.parametrize("ahead", [1, 2])
def test_ctrl_c_is_for_the_main_process_alone(ahead):
    end_workers()
    with own_workers(ahead, "colorsys"):
        assert [is_deaf for _, is_deaf in run_parallel(hear, [(0,), (1,)], jobs=2)] == [True] * 2
    assert not hear(None)


ORPHANS = """
import os, threading
from featgraph.core.parallel import run_parallel

def wait(_):
    os.write(1, f"{os.getpid()}\\n".encode())
    threading.Event().wait()

if __name__ == "__main__":
    list(run_parallel(wait, [(0,), (1,)], jobs=2))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no new parent for orphans")
def test_workers_end_after_the_death_of_their_main_process(tmp_path):
    psutil = pytest.importorskip("psutil")
    process = run_script(tmp_path, ORPHANS)
    workers = [psutil.Process(int(process.stdout.readline())) for _ in range(2)]
    process.kill()
    process.communicate()
    # those of loky wait for minutes
    assert psutil.wait_procs(workers, timeout=120)[1] == []


def test_workers_whose_tasks_have_only_begun_end_without_a_word(monkeypatch):
    told = []
    monkeypatch.setattr(threading, "excepthook", lambda error: told.append(error.thread.name))
    with parallel._quiet_end():
        for name in ("ExecutorManagerThread", "another"):
            thread = threading.Thread(target=divmod, args=(1, 0), name=name)
            thread.start()
            thread.join()
    assert told == ["another"]


def test_no_worker_starts_for_one_job():
    end_workers()
    with own_workers(1, "colorsys"):
        assert not list_children()


@pytest.mark.parametrize("backend", ["threading", "multiprocessing"])
def test_backends_that_joblib_is_told_to_use(backend):
    from joblib import parallel_config

    with parallel_config(backend, n_jobs=2):
        assert sorted(run_parallel(abs, [(-k,) for k in range(5)])) == [(k, k) for k in range(5)]


def test_no_task_is_no_work():
    assert list(run_parallel(abs, [], jobs=4)) == []


@pytest.mark.parametrize("jobs", [0, -1, 1.5, True])
def test_jobs_are_a_positive_number(jobs):
    with pytest.raises((TypeError, ValueError), match="jobs must be a whole number"):
        list(run_parallel(abs, [(1,)], jobs=jobs))


@pytest.mark.parametrize("jobs", [1, 2])
def test_error_of_a_task_is_raised_as_it_is(jobs):
    with pytest.raises(TypeError, match="bad operand type for abs"):
        list(run_parallel(abs, [(1,), ("a",), (2,)], jobs=jobs))


def test_task_whose_worker_dies_is_tried_once_more(tmp_path):
    task = make_task(tmp_path, deadly=(2,))
    found = dict(run_parallel(task, [(k,) for k in range(6)], jobs=2))
    lost = found.pop(2)
    assert isinstance(lost, WorkerLost)
    assert "its worker died twice" in lost.reason
    assert count_tries(tmp_path, 2) == 2
    assert found == {0: 0, 1: 1, 3: 9, 4: 16, 5: 25}


def test_worker_that_dies_once_costs_nothing_but_time(tmp_path):
    task = make_task(tmp_path, deadly=(1,), deaths=1)
    assert dict(run_parallel(task, [(k,) for k in range(4)], jobs=2)) == {0: 0, 1: 1, 2: 4, 3: 9}


GROWING = """
import time
from featgraph.core.parallel import run_parallel

kept = []

def grow(number):
    kept.append(b"x" * (310 * 2**20 if len(kept) == 1 else 1))  # more than at the first call
    time.sleep(1.1)
    return number

def main():
    print(sorted(run_parallel(grow, [(k,) for k in range(6)], jobs=2)))
"""


def test_worker_that_has_grown_is_replaced_where_warnings_are_errors(tmp_path):
    (tmp_path / "growing.py").write_text(GROWING, encoding="utf-8")
    words = ["-W", "error:A worker stopped while", "-c", "import growing; growing.main()"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])}
    ended = subprocess.run(
        [sys.executable, *words], env=environment, capture_output=True, text=True, timeout=120
    )
    assert ended.stdout == f"{[(k, k) for k in range(6)]}\n"
    assert ended.stderr == ""


@pytest.mark.parametrize("jobs", [1, 2])
def test_each_task_has_one_thread_of_linear_algebra(jobs):
    def count(_):
        import threadpoolctl
        import torch

        pools = threadpoolctl.threadpool_info()
        return max([torch.get_num_threads(), *(pool["num_threads"] for pool in pools)])

    assert {found for _, found in run_parallel(count, [(k,) for k in range(3)], jobs=jobs)} == {1}


def test_workers_start_no_threads_over_boxes():
    def count(_):
        from featgraph.boxes.threads import usable_cores

        return usable_cores()

    assert dict(run_parallel(count, [(0,), (1,)], jobs=2)) == {0: 1, 1: 1}


def test_bar_counts_all_tasks(capsys):
    list(run_parallel(abs, [(1,), (2,)], jobs=2, progress=True, label="layers", done=3))
    assert "layers: 100%" in capsys.readouterr().err.replace("\r", "\n").splitlines()[-1]


def test_missing_packages_are_named_with_their_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setitem(sys.modules, "ray", None)
    for address, extra in (("tcp://127.0.0.1:1", "cluster"), ("ray", "ray")):
        with (
            pytest.raises(ImportError, match=rf"featgraph\[{extra}\]"),
            joined_cluster(address),
        ):
            pass


def test_scheduler_that_does_not_answer():
    pytest.importorskip("distributed")
    with (
        pytest.raises(ValueError, match="cluster must be 'ray' or the address of a Dask scheduler"),
        joined_cluster("tcp://127.0.0.1:1", timeout=0.5),
    ):
        pass


@pytest.fixture(scope="module")
def scheduler():
    distributed = pytest.importorskip("distributed")
    import dask

    quick = {"distributed.scheduler.allowed-failures": 0}  # Dask itself tries a task three times
    with (
        dask.config.set(quick),
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50
        ) as cluster,
    ):
        yield cluster.scheduler_address


def test_cluster_of_two_workers(scheduler, tmp_path):
    places = {}

    def where(number):
        import os

        return number, os.getpid()

    with joined_cluster(scheduler):
        found = dict(run_parallel(where, [(k,) for k in range(8)], jobs=1))
        places = {process for _, process in found.values()}
        assert [found[k][0] for k in range(8)] == list(range(8))
        with pytest.raises(TypeError, match="bad operand"):
            list(run_parallel(abs, [("a",)]))
    assert os.getpid() not in places
    assert len(places) <= 2


@pytest.mark.slow
def test_task_that_kills_workers_of_a_cluster_is_given_up(scheduler, tmp_path):
    with joined_cluster(scheduler):
        found = dict(run_parallel(make_task(tmp_path, deadly=(2,)), [(k,) for k in range(4)]))
    lost = found.pop(2)
    assert isinstance(lost, WorkerLost)
    assert "KilledWorker" in lost.reason
    assert found == {0: 0, 1: 1, 3: 9}
