"""Counts over sizes and repeats: every pair is a task of its own, with a seed of its own."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes._run import box_kind, find_module, is_quick, solve_space
from featgraph.boxes._sizes import kind_sizes
from featgraph.boxes.checkpoint import Checkpoint
from featgraph.boxes.methods import METHODS
from featgraph.boxes.metric_space import GraphSpace, MetricSpace
from featgraph.boxes.threads import run_tasks, usable_cores
from featgraph.core.progress import progress_bar

__all__ = ["count_space"]

WORTH_THREADS = 0.005  # seconds of work below which threads cost more than they save

Task = tuple[int, range]  # number of the run, places of the sizes


def count_space(
    space: MetricSpace,
    sizes: list[float],
    method: str,
    seeds: NDArray[np.int64],
    options: dict[str, Any],
    record: Checkpoint,
    *,
    jobs: int | None,
    progress: bool | None,
) -> None:
    """Count the boxes of all runs and sizes that ``record`` does not hold yet, into it.

    All seeds, of shape (repeats, n_sizes), are there before any work starts, so counts depend
    neither on the number of threads nor on their order, nor on where an earlier call stopped.
    """
    module = find_module(method)
    scaled = kind_sizes(space, sizes, box_kind(method, options))
    per_pass = module.pass_length(space, scaled, **options) if hasattr(module, "pass_length") else 0
    costs, guard = _share_costs(space, scaled, method), threading.Lock()

    def count_one(task: Task) -> None:
        repeat, (place,) = task
        own = np.random.default_rng(int(seeds[repeat, place]))
        found = solve_space(module.solve, space, scaled[place], own, options)
        if found.lower_bound is not None:
            record.add_bound(place, found.lower_bound)
        record.add(repeat, task[1], int(found.labels.max()) + 1)
        advance(float(costs[place]))

    def count_pass(task: Task) -> None:
        repeat, places = task
        own = np.random.default_rng(int(seeds[repeat, 0]))
        some = scaled[places.start : places.stop]
        known = 0.0

        def note(share: float) -> None:
            nonlocal known
            advance(float(costs[list(places)].sum()) * (share - known))
            known = share

        record.add(repeat, places, module.count_sizes(space, some, own, note=note, **options))
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
        _run(count_pass if per_pass else count_one, tasks, jobs or usable_cores(), is_quick(space))


def _share_costs(space: MetricSpace, sizes: list[float], method: str) -> NDArray[np.float64]:
    # What each size costs, for the time left on the bar; 1 on average.
    if is_quick(space) or not isinstance(space, GraphSpace) or space.name != "hop":
        return np.ones(len(sizes))
    if not METHODS[method].per_node:
        return np.ones(len(sizes))
    edges = np.array([1 + space.ball_edges(size) for size in sizes])
    return np.asarray(edges / edges.mean(), dtype=np.float64)


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
