"""Counts over sizes and repeats: every pair is a task of its own, with a seed of its own.

What is finished is kept in memory, and in a file from which the same call continues.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.methods import Method
from featgraph.boxes.metric_space import MetricSpace
from featgraph.boxes.threads import run_tasks, usable_cores
from featgraph.core.files import DamagedFileError, parse_json, write_text
from featgraph.core.package import caller_level, hash_sources
from featgraph.core.progress import progress_bar

__all__ = ["Checkpoint", "count_boxes", "open_checkpoint"]

WORTH_THREADS = 0.005  # seconds of work below which threads cost more than they save

Task = tuple[int, range]  # number of the run, places of the sizes


def count_boxes(
    space: MetricSpace,
    sizes: list[float],
    method: Method,
    options: dict[str, object],
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


Ints = NDArray[np.int64]
Numbers = NDArray[np.int64] | NDArray[np.float64]

EVERY = 1.0  # seconds between two writings, so that thousands of small tasks cost nothing
MARK = "featgraph box counts"


class Checkpoint:
    """Finished counts and bounds; leaving the block writes them to ``path``, if there is one.

    Parameters
    ----------
    path : Path or None
        File; None: nothing is written.
    fingerprint : str
        Names all that the counts depend on; what a file holds under another one is dropped.
    counts : ndarray, shape (n_repeats, n_sizes)
        Filled in place.

    Raises
    ------
    ValueError
        If ``path`` holds anything but a checkpoint.

    Warns
    -----
    UserWarning
        If the checkpoint is damaged (its checksum tells): all is computed again.
    """

    def __init__(self, path: Path | None, fingerprint: str, counts: Numbers) -> None:
        self.counts = counts
        self.done = np.zeros(counts.shape, dtype=np.bool_)
        self.bounds = np.zeros(counts.shape[1], dtype=np.int64)  # 0: none yet
        self._path = path
        self._fingerprint = fingerprint
        self._written = time.monotonic()
        self._lock = threading.Lock()
        if path is not None:
            self._read(path)

    def __enter__(self) -> Checkpoint:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._lock:
            self._write()
            self._path = None  # a thread left behind by Ctrl-C must not write any more

    def add(self, repeat: int, sizes: Sequence[int], counts: Any) -> None:
        """Note the counts of some sizes, given by their places, of one run."""
        with self._lock:
            self.counts[repeat, list(sizes)] = counts
            self.done[repeat, list(sizes)] = True
            self._write_late()

    def add_bound(self, place: int, bound: int) -> None:
        """Note a certified lower bound of one size; the best of several counts."""
        with self._lock:
            self.bounds[place] = max(self.bounds[place], bound)
            self._write_late()

    def _write_late(self) -> None:
        if time.monotonic() - self._written > EVERY:
            self._write()

    def _write(self) -> None:
        if self._path is None:
            return
        finished = self.counts.astype(object)
        finished[~self.done] = None
        counts, bounds = finished.tolist(), self.bounds.tolist()
        values = {
            "program": MARK,
            "fingerprint": self._fingerprint,
            "checksum": _checksum(counts, bounds),
            "counts": counts,
            "bounds": bounds,
        }
        write_text(self._path, json.dumps(values) + "\n")
        self._written = time.monotonic()

    def _read(self, path: Path) -> None:
        """Take over what an earlier call finished; what is damaged is computed again."""
        if not path.exists():
            return
        found = path.read_bytes()
        if not found.startswith(f'{{"program": "{MARK}", "fingerprint"'.encode()):
            raise ValueError(
                f"checkpoint must be a new file or one that box_counts wrote, got "
                f"{os.fspath(path)!r}, which holds something else; delete it or name another"
            )
        try:
            values = parse_json(found, path)
            if values.get("fingerprint") == self._fingerprint:
                self._take_over(values, path)
        except DamagedFileError as error:
            note = f"the checkpoint is damaged, and the counts are computed anew ({error})"
            warnings.warn(note, UserWarning, stacklevel=caller_level())

    def _take_over(self, values: dict[str, object], path: Path) -> None:
        if values.get("checksum") != _checksum(values.get("counts"), values.get("bounds")):
            raise DamagedFileError(path, "checksum", "must be that of counts and bounds")
        finished = np.array(values["counts"], dtype=np.float64)  # None becomes nan
        bounds = np.array(values["bounds"], dtype=np.int64)
        if finished.shape != self.counts.shape or bounds.shape != self.bounds.shape:
            raise DamagedFileError(path, "counts", f"must have shape {self.counts.shape}")
        self.done = ~np.isnan(finished)
        self.counts[self.done] = finished[self.done]
        self.bounds = bounds


def _checksum(counts: object, bounds: object) -> str:
    return hashlib.sha256(json.dumps([counts, bounds]).encode()).hexdigest()


def open_checkpoint(
    path: str | os.PathLike[str] | None,
    space: MetricSpace,
    counts: Numbers,
    *facts: object,
) -> Checkpoint:
    """Return what an earlier call finished with the same space and facts, else an empty record."""
    if path is None:
        return Checkpoint(None, "", counts)
    return Checkpoint(Path(path), _fingerprint(space, facts), counts)


def _fingerprint(space: MetricSpace, facts: Sequence[object]) -> str:
    seen = hashlib.sha256(f"{hash_sources()} {space.name}".encode())
    _feed(seen, space.arrays)
    _feed(seen, facts)
    return seen.hexdigest()


def _feed(seen: Any, value: object) -> None:
    # Values one after another, each with its type and length, arrays whole.
    if isinstance(value, np.ndarray):
        seen.update(f"{value.dtype} {value.shape} ".encode())
        seen.update(np.ascontiguousarray(value).data)
    elif isinstance(value, dict):
        _feed(seen, sorted(value.items()))
    elif isinstance(value, list | tuple):
        seen.update(f"{len(value)} ".encode())
        for item in value:
            _feed(seen, item)
    else:
        seen.update(f"{value!r} ".encode())
