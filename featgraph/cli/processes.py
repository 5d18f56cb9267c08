"""Several processes started by ``torchrun``, each with its share of the images."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from featgraph.features.feature_matrix import FeatureMatrix

__all__ = ["capture_together", "count_processes", "joined_processes"]


def count_processes() -> int:
    """Return how many processes ``torchrun`` started, 1 without it.

    Examples
    --------
    >>> count_processes()
    1
    """
    return int(os.environ.get("WORLD_SIZE", "1")) if "RANK" in os.environ else 1


@contextlib.contextmanager
def joined_processes() -> Iterator[None]:
    """Join the processes for the length of the block, if they are not joined already."""
    from torch import distributed

    if distributed.is_initialized():
        yield
        return
    distributed.init_process_group("gloo")
    try:
        yield
    finally:
        distributed.destroy_process_group()


def capture_together(what: dict[str, Any], layers: Any, quiet: bool) -> dict[str, Any] | None:
    """Run the models over one's own share of the images; process 0 gets the features of all.

    Parameters
    ----------
    what : dict
        "model", "data" and perhaps "baseline", and other things that are handed on.
    layers : list of str
        As in ``extract_features``.
    quiet : bool
        No bars.

    Returns
    -------
    dict or None
        The same with features in place of models and without data, the samples in their
        order; None in other processes than 0.
    """
    from torch import distributed

    from featgraph.features.capture import extract_features

    rest = dict(what)
    images = rest.pop("data").images
    with joined_processes():
        rank, n_processes = distributed.get_rank(), distributed.get_world_size()
        progress = False if quiet or rank else None
        for name in ("baseline", "model"):
            if name in rest:
                own = extract_features(
                    rest[name], images[rank::n_processes], layers=layers, progress=progress
                )
                rest[name] = _gather(own, rank, n_processes, len(images))
    return rest if rank == 0 else None


def _gather(
    own: dict[str, FeatureMatrix], rank: int, n_processes: int, n_samples: int
) -> dict[str, FeatureMatrix]:
    """Return the features of all processes in process 0, sample k from process k mod n."""
    import dataclasses

    from torch import distributed

    parts: list[Any] | None = [None] * n_processes if rank == 0 else None
    distributed.gather_object({name: F.values for name, F in own.items()}, parts)
    if parts is None:
        return own
    found = {}
    for name, F in own.items():
        whole = F.values.new_empty(F.n_nodes, n_samples)
        for number, part in enumerate(parts):
            whole[:, number::n_processes] = part[name]
        found[name] = dataclasses.replace(F, values=whole)
    return found
