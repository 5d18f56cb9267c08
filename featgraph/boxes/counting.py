"""Counts over sizes and repeats: every pair is a task of its own, with a seed of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.checkpoint import Checkpoint
from featgraph.boxes.methods import Method
from featgraph.boxes.metric_space import MetricSpace
from featgraph.boxes.threads import run_tasks, usable_cores
from featgraph.core.progress import progress_bar

__all__ = ["count_boxes"]

WORTH_THREADS = 0.005  # seconds of work below which threads cost more than they save

Task = tuple[int, range]  # number of the run, places of the sizes


def count_boxes(
    space: MetricSpace,
    sizes: list[float],
    method: Method,
    options: dict[str, Any],
    seeds: NDArray[np.int64],
    record: Checkpoint,
    *,
    jobs: int | None,
    progress: bool | None,
) -> None:
    """Count the boxes of all runs and sizes that ``record`` does not hold yet, into it.

    All seeds, of shape (repeats, n_sizes), are there before any work starts, so counts depend
    neither on the number of threads nor on their order, nor on where an earlier call stopped.
    """
    algorithm, how = method.algorithm, {**method.defaults, **options}
    per_pass = algorithm.pass_length(space, sizes, **how) if method.one_pass else 0
    costs, guard = _share_costs(space, sizes, method), threading.Lock()

    def count_size(task: Task) -> None:
        repeat, (place,) = task
        rng = np.random.default_rng(int(seeds[repeat, place]))
        cover = space.trivial_cover(sizes[place])
        if cover is None:
            cover = algorithm.solve(space, sizes[place], rng, **how)
        if cover.lower_bound is not None:
            record.add_bound(place, cover.lower_bound)
        record.add(repeat, task[1], cover.n_boxes)
        advance(float(costs[place]))

    def count_pass(task: Task) -> None:
        repeat, places = task
        rng = np.random.default_rng(int(seeds[repeat, 0]))
        known = 0.0

        def note(share: float) -> None:  # how much of the pass is done
            nonlocal known
            advance(float(costs[list(places)].sum()) * (share - known))
            known = share

        some = sizes[places.start : places.stop]
        record.add(repeat, places, algorithm.count_sizes(space, some, rng, note=note, **how))
        note(1.0)

    def advance(cost: float) -> None:
        with guard:
            bar.update(cost)

    step = per_pass or 1
    tasks = [
        (repeat, range(low, min(low + step, len(sizes))))
        for low in range(0, len(sizes), step)
        for repeat in range(len(seeds))
    ]
    tasks = [task for task in tasks if not record.done[task[0], list(task[1])].all()]
    start = int((record.done * costs).sum())
    with progress_bar(total=seeds.size, progress=progress, label="boxes", start=start) as bar:
        work = count_pass if per_pass else count_size
        _run(work, tasks, jobs or usable_cores(), space.is_quick)


def _share_costs(space: MetricSpace, sizes: list[float], method: Method) -> NDArray[np.float64]:
    # What each size costs, for the time left on the bar; 1 on average.
    if space.is_quick or not method.per_node:
        return np.ones(len(sizes))
    costs = np.array([space.search_cost(size) for size in sizes])
    return np.asarray(costs / costs.mean(), dtype=np.float64)


def _run(work: Callable[[Task], None], tasks: Sequence[Task], n_threads: int, quick: bool) -> None:
    begin, done = time.perf_counter(), 0
    while quick and done < len(tasks):
        work(tasks[done])
        done += 1
        spent = time.perf_counter() - begin
        if n_threads > 1 and spent * (len(tasks) - done) > WORTH_THREADS * done:
            break
    if done < len(tasks):
        run_tasks(work, tasks[done:], n_threads)
