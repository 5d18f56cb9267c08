"""Counts over sizes and repeats: every pair is a task of its own, with a seed of its own."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph._progress import track_progress
from featgraph.boxes._run import box_kind, find_module, solve_world
from featgraph.boxes._threads import usable_cores
from featgraph.boxes._world import World
from featgraph.boxes.methods import METHODS

__all__ = ["count_world"]

WORTH_THREADS = 0.005  # seconds of work below which a pool of threads costs more than it saves

Numbers = NDArray[np.int64] | NDArray[np.float64]


def count_world(
    world: World,
    sizes: list[float],
    method: str,
    repeats: int,
    rng: np.random.Generator,
    options: dict[str, Any],
    *,
    jobs: int | None,
    progress: bool | None,
) -> Numbers:
    """Return the number of boxes, shape (repeats, n_sizes).

    All seeds are drawn before any work starts, so counts depend neither on the number of
    threads nor on their order.
    """
    module = find_module(method)
    # diameter of two points at most θ/2 from a centre: at most θ
    scale = 0.5 if world.name == "metric" and box_kind(method, options) == "radius" else 1.0
    seeds = rng.integers(2**63, size=(repeats, len(sizes)))
    whole = METHODS[method].box != "none"
    shape = (repeats, len(sizes))
    counts: Numbers = np.empty(shape, dtype=np.int64)
    if not whole:
        counts = np.empty(shape, dtype=np.float64)

    def count_one(task: tuple[int, int]) -> None:
        repeat, s = task
        own = np.random.default_rng(int(seeds[repeat, s]))
        solution = solve_world(module.solve, world, scale * sizes[s], own, options)
        counts[repeat, s] = solution.labels.max() + 1

    def count_pass(repeat: int) -> bool:
        own = np.random.default_rng(int(seeds[repeat, 0]))
        found = module.count_sizes(world, [scale * size for size in sizes], own, **options)
        if found is not None:
            counts[repeat] = found
        return found is not None

    if hasattr(module, "count_sizes") and count_pass(0):
        _run(count_pass, range(1, repeats), jobs, progress)
    else:
        tasks = [(repeat, s) for s in range(len(sizes)) for repeat in range(repeats)]
        _run(count_one, tasks, jobs, progress)
    return counts


def _run(work: Any, tasks: Any, jobs: int | None, progress: bool | None) -> None:
    bar = track_progress(tasks, progress=progress, label="boxes", total=len(tasks))
    waiting = iter(bar)
    begin = time.perf_counter()
    for done, task in enumerate(waiting, start=1):
        work(task)
        spent = time.perf_counter() - begin
        if (jobs or usable_cores()) > 1 and spent * (len(tasks) - done) > WORTH_THREADS * done:
            break
    rest = tasks[done:] if len(tasks) else tasks
    if not len(rest):
        return
    with ThreadPoolExecutor(jobs or usable_cores()) as pool:
        futures = [pool.submit(work, task) for task in rest]
        try:
            for future in futures:
                future.result()
                next(waiting, None)
        except BaseException:
            pool.shutdown(wait=True, cancel_futures=True)  # an interruption does not hang
            raise
