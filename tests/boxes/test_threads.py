"""Threads beside the caller: Ctrl-C reaches him at once, and they end by themselves."""

from __future__ import annotations

import _thread
import os
import signal
import subprocess
import sys
import threading

import numpy as np
import pytest

from featgraph.boxes import threads
from featgraph.boxes.threads import map_ranges, run_beside, run_tasks


@pytest.mark.parametrize("n_threads", [1, 2, 5])
def test_results_stand_at_their_places(n_threads):
    found = run_tasks(lambda x: x * x, range(20), n_threads)
    assert [found[place] for place in range(20)] == [x * x for x in range(20)]
    assert run_tasks(lambda x: x, [], n_threads) == {}


def test_errors_reach_the_caller():
    def fail(task):
        if task == 3:
            raise ValueError("three")
        return task

    with pytest.raises(ValueError, match="three"):
        run_tasks(fail, range(10), 2)


class Kernel:
    """Work during which no Python runs, until it is released; the first call presses Ctrl-C."""

    def __init__(self):
        self.threads = []
        self.ended = []
        self._end, self._start = os.pipe()

    def __call__(self, task):
        self.threads.append(threading.current_thread())
        if task == 0:
            _thread.interrupt_main()
        os.read(self._end, 1)  # until the other end is closed
        self.ended.append(task)

    def release(self):
        """Let the work under way return, and wait for the end of its threads."""
        os.close(self._start)
        for thread in self.threads:
            wait_for(thread)
        os.close(self._end)


def wait_for(thread):
    """Join a thread that has to end; one that never does fails the test, not the whole run."""
    thread.join(timeout=60)
    assert not thread.is_alive()


@pytest.fixture
def ctrl_c():
    """Let Ctrl-C be heard, which programs in the background are started to ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_does_not_wait_for_work_under_way():
    kernel = Kernel()
    with pytest.raises(KeyboardInterrupt):
        run_tasks(kernel, range(4), 2)
    assert 1 <= len(kernel.threads) <= 2
    assert any(thread.is_alive() for thread in kernel.threads)  # nobody waited for them
    kernel.release()
    assert kernel.ended == []  # what was left behind ended when the kernel returned


@pytest.mark.usefixtures("ctrl_c")
def test_threads_within_threads_end_as_well():
    kernel, between = Kernel(), []

    def work():
        between.append(threading.current_thread())
        return run_tasks(kernel, range(8), 2)

    with pytest.raises(KeyboardInterrupt):
        run_beside(work)
    wait_for(between[0])
    kernel.release()
    assert kernel.ended == []


@pytest.mark.usefixtures("ctrl_c")
def test_threads_are_told_to_leave_while_none_is_starting(monkeypatch):
    # CPython files a new thread under the one that starts it: told then, the wrong one ends.
    started, told, start, leave = [], [], threading.Thread.start, threads._leave

    def start_watched(thread):
        started.append(threads._STARTING.locked())
        start(thread)

    def leave_watched(ident):
        told.append(threads._STARTING.locked())
        leave(ident)

    monkeypatch.setattr(threading.Thread, "start", start_watched)
    monkeypatch.setattr(threads, "_leave", leave_watched)
    kernel = Kernel()
    with pytest.raises(KeyboardInterrupt):
        run_tasks(kernel, range(4), 2)
    kernel.release()
    assert started
    assert all(started)
    assert told
    assert all(told)


@pytest.mark.parametrize("cores", [1, 3])
@pytest.mark.parametrize(("n_items", "grain"), [(0, 1), (10, 1), (5000, 1), (5000, 63)])
def test_ranges_cover_all_items_once(monkeypatch, cores, n_items, grain):
    monkeypatch.setattr(threads, "usable_cores", lambda: cores)
    times = np.zeros(n_items, dtype=int)
    starts = []

    def work(low, high):
        starts.append(low)
        times[low:high] += 1

    map_ranges(work, n_items, grain=grain)
    assert np.all(times == 1)
    assert all(low % grain == 0 for low in starts)


def test_a_program_ends_with_kernels_left_behind():
    code = """
import _thread, signal, threading, numpy as np
from featgraph.boxes import box_counts
from featgraph.boxes.metric_space import QUICK
from featgraph.datasets import make_lattice

graph = make_lattice((300, 300))
assert graph.indices.size > QUICK
signal.signal(signal.SIGINT, signal.default_int_handler)
box_counts(graph, sizes=[60], method="random_sequential", rng=0)  # compiled before, not beside
try:
    threading.Timer(0.5, _thread.interrupt_main).start()
    box_counts(graph, sizes=[60], method="random_sequential", repeats=10**5, rng=0)
except KeyboardInterrupt:
    print("stopped")
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "stopped\n", "")
