"""Batches: whatever holds data becomes batches, and a batch becomes a call of the model."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from featgraph.core.checks import integer
from featgraph.core.progress import track_progress

__all__ = ["Forward", "count_samples", "find_tensor", "iterate_batches", "run_batch"]

Forward: TypeAlias = Callable[[nn.Module, Any], object]


def iterate_batches(
    data: object,
    *,
    batch_size: int = 128,
    max_batches: int | None = None,
    progress: bool | None = None,
    label: str = "batches",
) -> Iterator[object]:
    """Yield the batches of ``data``; a Tensor, ndarray or Dataset is cut into batches.

    Parameters
    ----------
    data : DataLoader, Dataset, Tensor, ndarray, or iterable of batches
        Samples stand along the first axis of a Tensor or ndarray.
    batch_size : int, default=128
        Samples per batch where the batches are made here; order is kept.
    max_batches : int or None, default=None
        Stop after this many batches.
    progress : bool or None, default=None
        Show a bar; None shows it on a terminal.
    label : str, default="batches"
        Word before the bar.

    Yields
    ------
    object
        One batch, as ``data`` gives it.

    Raises
    ------
    TypeError
        If ``data`` holds no batches by its kind (a dict, a string, a number).
    ValueError
        If there is no batch at all.

    Examples
    --------
    >>> [tuple(batch.shape) for batch in iterate_batches(torch.zeros(5, 3), batch_size=2)]
    [(2, 3), (2, 3), (1, 3)]
    """
    batch_size = integer(batch_size, "batch_size", least=1)
    batches = _as_batches(data, batch_size)
    if max_batches is not None:
        max_batches = integer(max_batches, "max_batches", least=1)
    try:
        total = len(batches)  # type: ignore[arg-type]
    except TypeError:
        total = None
    if max_batches is not None:
        total = max_batches if total is None else min(total, max_batches)
    n_batches = 0
    cut = itertools.islice(batches, max_batches)
    for batch in track_progress(cut, progress=progress, label=label, total=total):
        n_batches += 1
        yield batch
    if n_batches == 0:
        raise ValueError(
            "data must hold at least one batch, got none; "
            "an empty loader, or an iterator that was used up before?"
        )


def _as_batches(data: object, batch_size: int) -> Iterable[object]:
    if isinstance(data, np.ndarray):
        data = torch.from_numpy(data)
    if isinstance(data, torch.Tensor):
        return torch.split(data, batch_size) if len(data) else []
    if isinstance(data, Dataset):
        # A generator of its own: a DataLoader without one moves the global random state.
        return DataLoader(data, batch_size=batch_size, generator=torch.Generator())
    if isinstance(data, Mapping | str | bytes) or not isinstance(data, Iterable):
        if hasattr(data, "__getitem__") and hasattr(data, "__len__") and not isinstance(data, str):
            hint = "; put a single batch into a list"
        else:
            hint = ""
        raise TypeError(
            "data must be a DataLoader, Dataset, Tensor, ndarray or an iterable of batches, "
            f"got {type(data).__name__}{hint}"
        )
    return data


def run_batch(
    model: nn.Module,
    batch: object,
    *,
    forward: Forward | None = None,
    device: torch.device | None = None,
) -> object:
    """Call ``model`` on a batch by the rules of :func:`extract_features`.

    Parameters
    ----------
    model : Module
        Any network.
    batch : Tensor, ndarray, tuple, list or dict
        One batch.
    forward : callable or None, default=None
        Called as ``forward(model, batch)`` instead.
    device : device or None, default=None
        Where Tensors are sent first; None leaves them.

    Returns
    -------
    object
        What the model returns.

    Raises
    ------
    TypeError
        If the batch is of another kind.

    Examples
    --------
    >>> run_batch(nn.Identity(), (torch.ones(2), "label"))
    tensor([1., 1.])
    """
    if forward is not None:
        return forward(model, _send(batch, device, None))
    inputs = _inputs(batch)
    dtype = next((p.dtype for p in model.parameters() if p.is_floating_point()), None)
    inputs = _send(inputs, device, dtype)
    if isinstance(inputs, Mapping):
        names = inspect.signature(model.forward).parameters
        open_ended = any(p.kind is p.VAR_KEYWORD for p in names.values())
        keywords = {k: v for k, v in inputs.items() if open_ended or k in names}
        if keywords:
            return model(**keywords)
        inputs = find_tensor(inputs)
    if isinstance(inputs, tuple | list):
        return model(*inputs)
    return model(inputs)


def count_samples(batch: object) -> int | None:
    """Return the length of the first axis of the first Tensor in a batch, None without one.

    Examples
    --------
    >>> count_samples((torch.zeros(4, 2), torch.zeros(4)))
    4
    """
    tensor = find_tensor(batch)
    return int(tensor.shape[0]) if tensor is not None and tensor.ndim else None


def find_tensor(value: object) -> torch.Tensor | None:
    """Return the first Tensor in nested tuples, lists, dicts and dataclass-like outputs.

    Examples
    --------
    >>> find_tensor({"cache": None, "state": [torch.ones(1), torch.zeros(1)]})
    tensor([1.])
    """
    if isinstance(value, torch.Tensor):
        return value
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value)
    members: Iterable[object] = ()
    if isinstance(value, Mapping):
        members = value.values()
    elif isinstance(value, tuple | list):
        members = value
    elif hasattr(value, "__dataclass_fields__"):
        members = (getattr(value, name) for name in value.__dataclass_fields__)
    return next((t for t in map(find_tensor, members) if t is not None), None)


def _inputs(batch: object) -> object:
    """Return the part of a batch that the model takes: labels are left out."""
    if isinstance(batch, torch.Tensor | np.ndarray | Mapping):
        return batch
    if isinstance(batch, tuple | list) and len(batch):
        first = batch[0]
        if isinstance(first, torch.Tensor | np.ndarray | Mapping | tuple | list):
            return first
        raise TypeError(
            "a batch must start with its input, a Tensor, tuple or dict, "
            f"got {type(first).__name__}; give forward=lambda model, batch: ..."
        )
    raise TypeError(
        "a batch must be a Tensor, a tuple whose first member is the input, or a dict, "
        f"got {type(batch).__name__}; give forward=lambda model, batch: ..."
    )


def _send(value: Any, device: torch.device | None, dtype: torch.dtype | None) -> Any:
    """Move every Tensor in ``value`` to ``device`` and floating ones to ``dtype``."""
    if isinstance(value, np.ndarray):
        value = torch.from_numpy(value)
    if isinstance(value, torch.Tensor):
        return value.to(device=device, dtype=dtype if value.is_floating_point() else None)
    if isinstance(value, Mapping):
        return {key: _send(member, device, dtype) for key, member in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_send(member, device, dtype) for member in value))
    if isinstance(value, tuple | list):
        return type(value)(_send(member, device, dtype) for member in value)
    return value
