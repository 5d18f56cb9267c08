"""What box_counts has finished, in memory and in a file from which the same call continues."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.metric_space import MetricSpace
from featgraph.core.files import DamagedFileError, parse_json, write_text
from featgraph.core.package import caller_level, hash_sources

__all__ = ["Checkpoint", "open_checkpoint"]

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

    def _take_over(self, values: dict[str, Any], path: Path) -> None:
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
