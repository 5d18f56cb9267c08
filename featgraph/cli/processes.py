"""Several processes started by ``torchrun``, each with its share of the work."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

__all__ = ["count_processes", "joined_processes", "stream_together"]


def count_processes() -> int:
    """Return how many processes ``torchrun`` started, 1 without it.

    Examples
    --------
    >>> count_processes()
    1
    """
    return int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1


@contextlib.contextmanager
def joined_processes(backend: str = "gloo") -> Iterator[tuple[int, int]]:
    """Join the processes for the length of the block; yield the number of this one, and how many.

    One process alone, or processes that are joined already, are left as they are.

    Examples
    --------
    >>> with joined_processes() as place:
    ...     place
    (0, 1)
    """
    from torch import distributed

    from featgraph._processes import leave_processes, process_rank

    if count_processes() == 1 or distributed.is_initialized():
        yield process_rank()
        return
    distributed.init_process_group(backend)
    try:
        yield process_rank()
    finally:
        leave_processes()


def stream_together(what: dict[str, Any], layers: Any, quiet: bool) -> dict[str, Any]:
    """Run the models over the images, those of each process over its share, and add up distances.

    Parameters
    ----------
    what : dict
        "model", "data" (a dataset) and perhaps "baseline", and other things that are handed on.
    layers : list of str
        As in ``extract_features``.
    quiet : bool
        No bars.

    Returns
    -------
    dict
        The same with distances over all images in place of models, and without data.
    """
    from torch.utils.data import Subset

    from featgraph._processes import process_rank
    from featgraph.distances.streaming import stream_distances

    rest = dict(what)
    images = rest.pop("data")
    rank, n_processes = process_rank()
    own = Subset(images, range(rank, len(images), n_processes))
    progress = False if quiet or rank else None
    for name in ("baseline", "model"):
        if name in rest:
            rest[name] = stream_distances(rest[name], own, layers=layers, progress=progress)
    return rest
