"""Batches: whatever holds data becomes batches."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence
from torch.utils.data import DataLoader, Dataset

from featgraph.core.checks import integer
from featgraph.core.progress import track_progress
from featgraph.features.masks import read_vague_mask
from featgraph.features.samples import collate_samples, is_array, is_graph, is_sample

__all__ = ["batch_members", "count_samples", "iterate_batches", "mask_place"]


def iterate_batches(
    data: object,
    *,
    batch_size: int = 128,
    max_batches: int | None = None,
    progress: bool | None = None,
    label: str = "batches",
    model: nn.Module | None = None,
) -> Iterator[object]:
    """Yield the batches of ``data``; what holds samples is cut into batches.

    Parameters
    ----------
    data : DataLoader, Dataset, Tensor, ndarray, dict or tuple of these, list, or iterable
        Samples stand along the first axis of a Tensor or ndarray, also of those in a dict
        (a ``BatchEncoding``) or a pair (X, y). The members of a list are samples where their
        number of axes says so, batches otherwise; what any other iterable yields is a batch.
    batch_size : int, default=128
        Samples per batch where the batches are made here; order is kept.
    max_batches : int or None, default=None
        Stop after this many batches.
    progress : bool or None, default=None
        Show a bar; None shows it on a terminal.
    label : str, default="batches"
        Word before the bar.
    model : Module or None, default=None
        The network, which tells a sample from a batch by its first layer.

    Yields
    ------
    object
        One batch, as ``data`` gives it.

    Raises
    ------
    TypeError
        If ``data`` holds no batches by its kind (a string, a number).
    ValueError
        If there is no batch at all, or dicts have other keys than the first one.

    Examples
    --------
    >>> [tuple(batch.shape) for batch in iterate_batches(torch.zeros(5, 3), batch_size=2)]
    [(2, 3), (2, 3), (1, 3)]
    """
    batch_size = integer(batch_size, "batch_size", least=1)
    batches = _as_batches(data, batch_size, model)
    if max_batches is not None:
        max_batches = integer(max_batches, "max_batches", least=1)
    try:
        total = len(batches)  # type: ignore[arg-type]
    except TypeError:
        total = None
    if max_batches is not None:
        total = max_batches if total is None else min(total, max_batches)
    n_batches, keys = 0, None
    cut = itertools.islice(batches, max_batches)
    for batch in track_progress(cut, progress=progress, label=label, total=total):
        found = set(batch) if isinstance(batch, Mapping) else None
        keys = found if n_batches == 0 else keys
        if batches is data and found != keys:
            raise ValueError(
                f"data: all batches must have the same keys, batch {n_batches} has "
                f"{sorted(found or ())} and the first {sorted(keys or ())}"
            )
        n_batches += 1
        yield batch
    if n_batches == 0:
        raise ValueError(
            "data must hold at least one batch, got none; "
            "an empty loader, or an iterator that was used up before?"
        )


def _as_batches(data: object, batch_size: int, model: nn.Module | None) -> Iterable[object]:
    if isinstance(data, np.ndarray):
        if data.dtype.kind not in "biufc":
            raise TypeError(f"data must hold numbers, got an array of {data.dtype}")
        if data.dtype.kind == "f" and data.dtype.itemsize > 8:
            data = data.astype(np.float64)
        data = torch.from_numpy(np.asarray(data, dtype=data.dtype.newbyteorder("=")).copy())
    if isinstance(data, Tensor):
        if data.ndim == 0 or data.layout is not torch.strided or data.is_meta:
            raise ValueError(
                f"data must be dense with samples on its first axis, got {data.layout} on "
                f"{data.device}, shape {tuple(data.shape)}"
            )
        return torch.split(data, batch_size) if len(data) else []
    if isinstance(data, Dataset) or isinstance(getattr(data, "column_names", None), list):
        # A generator of its own: a DataLoader without one moves the global random state.
        return DataLoader(
            data,  # type: ignore[arg-type]
            batch_size=batch_size,
            generator=torch.Generator(),
            collate_fn=lambda samples: collate_samples(samples, model),
        )
    if is_graph(data):
        return [data]
    if isinstance(data, Mapping):
        return _cut_mapping(data, batch_size, model)
    if isinstance(data, tuple | list) and _is_one_set(data):
        parts = (torch.split(torch.as_tensor(part), batch_size) for part in data)
        return list(zip(*parts, strict=True))
    if isinstance(data, Sequence) and len(data) and is_sample(data[0], model):
        starts = range(0, len(data), batch_size)
        return (collate_samples(data[k : k + batch_size], model) for k in starts)
    if isinstance(data, str | bytes) or not isinstance(data, Iterable):
        raise TypeError(
            "data must be a DataLoader, Dataset, Tensor, ndarray, a dict or pair of these, a list "
            f"of samples or an iterable of batches, got {type(data).__name__}"
        )
    return data


def _cut_mapping(
    data: Mapping[Any, Any], batch_size: int, model: nn.Module | None
) -> Iterable[object]:
    """Cut a dict of columns, such as a tokenizer gives, into batches."""
    lengths = {k: len(v) for k, v in data.items() if is_array(v) or isinstance(v, list)}
    if not lengths:
        kinds = {str(key): type(value).__name__ for key, value in data.items()}
        raise TypeError(
            f"data: a dict must hold Tensors or arrays with one row per sample, got {kinds}"
            + (
                "; choose one of its splits"
                if any(hasattr(v, "column_names") for v in data.values())
                else ""
            )
        )
    if len(set(lengths.values())) > 1:
        raise ValueError(f"data: all members must have as many samples, got {lengths}")
    n_samples = next(iter(lengths.values()))
    starts = range(0, n_samples, batch_size)
    if all(map(is_array, data.values())):
        return [{key: v[k : k + batch_size] for key, v in data.items()} for k in starts]
    rows = [{key: data[key][k] for key in lengths} for k in range(n_samples)]
    return (collate_samples(rows[k : k + batch_size], model) for k in starts)


def _is_one_set(data: Sequence[object]) -> bool:
    """Whether arrays are the parts of one data set, (X, y) or (ids, mask), and no batches."""
    if len(data) < 2 or not all(map(is_array, data)):
        return False
    parts = [torch.as_tensor(part) for part in data]
    inputs, rest = parts[0], parts[1:]
    if inputs.ndim < 2 or any(part.shape[:1] != inputs.shape[:1] for part in rest):
        return False
    if any(part.ndim == 1 for part in rest):
        return True
    if isinstance(data, tuple):
        is_other = any(p.is_floating_point() != inputs.is_floating_point() for p in rest)
        return is_other or mask_place(parts) is not None
    return False


def batch_members(batch: object) -> dict[str, object]:
    """Return the members of a batch by name; those of a tuple by place, a mask as "mask" too.

    Examples
    --------
    >>> list(batch_members((torch.zeros(2, 3), torch.zeros(2))))
    ['0', '1']
    """
    if isinstance(batch, Tensor):
        return {"0": batch}
    if isinstance(batch, Mapping):
        return {str(key): value for key, value in batch.items()}
    if not isinstance(batch, tuple | list) or not batch:
        return {}
    if isinstance(batch[0], Mapping):
        return batch_members(batch[0])
    members = {str(place): value for place, value in enumerate(batch)}
    place = mask_place(batch)
    return members if place is None else {**members, "mask": torch.as_tensor(batch[place])}


def mask_place(batch: Sequence[object]) -> int | None:
    """Return the place of a mask in (ids, mask, labels), None if nothing is like one.

    Examples
    --------
    >>> mask_place((torch.tensor([[5, 6, 0], [7, 8, 9]]), torch.tensor([[1, 1, 0], [1, 1, 1]])))
    1
    """
    if not is_array(batch[0]):
        return None
    tokens = torch.as_tensor(batch[0])
    full = None
    for place, member in enumerate(batch[1:], 1):
        mask = torch.as_tensor(member) if is_array(member) and tokens.ndim in (2, 3) else None
        if mask is None or read_vague_mask(mask, tokens) is None:
            continue
        if bool((mask == 1).all()):
            full = place if full is None else full
        elif bool((mask == 1).any()):
            return place
    return full


def count_samples(inputs: Mapping[str, object]) -> int | None:
    """Return the number of samples that a module is called with: the length of its first Tensor.

    Examples
    --------
    >>> count_samples({"x": torch.zeros(4, 2), "scale": 2.0})
    4
    """
    for value in inputs.values():
        if isinstance(value, PackedSequence):
            return int(value.batch_sizes[0])
        if isinstance(value, Tensor) and value.ndim:
            return len(value)
        if isinstance(value, tuple | list) and value and all(map(is_array, value)):
            return len(value)
    return None
