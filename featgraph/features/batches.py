"""Batches: whatever holds data becomes batches; samples are told from them, and put together."""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from featgraph.core.checks import ArgumentError, integer
from featgraph.core.progress import track_progress
from featgraph.features.masks import mask_place

__all__ = [
    "collate_samples",
    "is_array",
    "is_graph",
    "is_sample",
    "iterate_batches",
]


def is_array(value: object) -> bool:
    """Whether a value is a Tensor or an ndarray of at least one axis.

    Examples
    --------
    >>> is_array(torch.zeros(2)), is_array(torch.tensor(2.0)), is_array([1, 2])
    (True, False, False)
    """
    return isinstance(value, Tensor | np.ndarray) and value.ndim > 0


def is_graph(value: object) -> bool:
    """Whether a value is a graph of torch_geometric, or a batch of graphs.

    Examples
    --------
    >>> is_graph(torch.zeros(2))
    False
    """
    return hasattr(value, "edge_index") and hasattr(value, "num_nodes")


def is_sample(item: object, model: nn.Module | None = None) -> bool:
    """Whether a member of a list is one sample, and not a batch of samples.

    Parameters
    ----------
    item : object
        The first member of a list.
    model : Module or None, default=None
        The network; a convolution as first layer says how many axes a batch has.

    Notes
    -----
    A label that is a single number says sample, a label per row says batch. Otherwise inputs of
    one axis are samples, and so are those with the channels of the first layer, a convolution,
    first.

    Examples
    --------
    >>> is_sample(torch.zeros(1, 8, 8), nn.Conv2d(1, 4, 3)), is_sample(torch.zeros(5, 8))
    (True, False)
    """
    if is_graph(item):
        return not hasattr(item, "num_graphs")
    if isinstance(item, Mapping):
        sizes = [np.ndim(value) for value in item.values() if _is_numeric(value)]
        arrays = [value for value in item.values() if _is_numeric(value)]
        biggest = max(arrays, key=np.ndim, default=None)
        if biggest is None or isinstance(biggest, list):
            return bool(sizes) or any(isinstance(value, str) for value in item.values())
        return _is_sample_input(biggest, model)
    if isinstance(item, tuple | list):
        if not item or (isinstance(item[0], int | float) and isinstance(item, list)):
            return bool(item)
        if any(map(_is_single, item)):  # a label
            return any(is_array(part) or isinstance(part, Mapping) for part in item)
        labels = item[1] if len(item) > 1 else None
        if is_array(item[0]) and is_array(labels) and len(item[0]) == len(labels):  # type: ignore[arg-type]
            return False
        return is_array(item[0]) and _is_sample_input(item[0], model)
    return is_array(item) and _is_sample_input(item, model)


def _is_numeric(value: object) -> bool:
    return is_array(value) or (
        isinstance(value, list) and bool(value) and isinstance(value[0], int | float)
    )


def _is_single(value: object) -> bool:
    return isinstance(value, int | float | str) or (
        isinstance(value, Tensor | np.ndarray | np.generic) and value.ndim == 0
    )


def _is_sample_input(value: Any, model: nn.Module | None) -> bool:
    if value.ndim <= 1:
        return True
    for module in model.modules() if model is not None else ():
        if isinstance(module, nn.modules.conv._ConvNd):
            is_one_less = value.ndim == module.weight.ndim - 1
            return bool(is_one_less and value.shape[0] == module.in_channels)
        if isinstance(module, nn.Linear | nn.Embedding):
            return False
    return False


def collate_samples(samples: Sequence[Any], model: nn.Module | None = None) -> Any:
    """Put samples together to a batch.

    Parameters
    ----------
    samples : sequence
        Tensors, arrays, lists of numbers, dicts or tuples of these, or graphs of
        torch_geometric.
    model : Module or None, default=None
        The network. Sequences of different lengths are padded with zeros where it takes an
        ``attention_mask``, which is then made.

    Raises
    ------
    ValueError
        If samples have different keys or shapes.

    Examples
    --------
    >>> collate_samples([(torch.zeros(3), 1), (torch.ones(3), 0)])[1]
    tensor([1, 0])
    """
    first = samples[0]
    if is_graph(first):
        from torch_geometric.data import Batch

        return Batch.from_data_list(list(samples))
    if isinstance(first, Mapping):
        keys = set(first)
        for k, sample in enumerate(samples):
            if set(sample) != keys:
                raise ValueError(
                    f"data: all samples must have the same keys, sample {k} of a batch has "
                    f"{sorted(sample)} and the first {sorted(keys)}"
                )
        columns = {key: _column([sample[key] for sample in samples]) for key in first}
        return _pad_columns(columns, model)
    if isinstance(first, tuple) or (isinstance(first, list) and not _is_numeric(first)):
        return tuple(collate_samples(column, model) for column in zip(*samples, strict=True))
    column = _column(samples)
    if isinstance(column, Tensor) or not _is_ragged(column):
        return column
    name = next(iter(inspect.signature(model.forward).parameters), "0") if model else "0"
    return _pad_columns({name: column}, model)


def _column(values: Sequence[Any]) -> object:
    """Stack values of one shape; a list of Tensors if the shapes differ, others as they are."""
    if not all(_is_numeric(value) or _is_single(value) for value in values):
        return list(values)
    if any(isinstance(value, str) for value in values):
        return list(values)
    try:
        tensors = [torch.as_tensor(value) for value in values]
    except (TypeError, ValueError, RuntimeError) as error:
        raise ArgumentError(f"data must hold samples of numbers: {error}") from error
    return torch.stack(tensors) if len({t.shape for t in tensors}) == 1 else tensors


def _is_ragged(column: object) -> bool:
    return isinstance(column, list) and bool(column) and isinstance(column[0], Tensor)


def _pad_columns(columns: dict[str, Any], model: nn.Module | None) -> dict[str, object]:
    ragged = {key: column for key, column in columns.items() if _is_ragged(column)}
    if not ragged:
        return columns
    key, tensors = next(iter(ragged.items()))
    parameters = inspect.signature(model.forward).parameters.values() if model else ()
    takes_mask = any(p.name == "attention_mask" or p.kind is p.VAR_KEYWORD for p in parameters)
    if not takes_mask or len({t.shape[1:] for t in tensors}) > 1:
        shapes = sorted({tuple(t.shape) for t in tensors})
        raise ValueError(
            f"data: samples must have one shape, got {shapes[:3]} for {key!r}, and the model takes "
            "no attention_mask that would say which tokens are padding; make batches yourself, "
            "with the mask that the model takes"
        )
    padded = {k: nn.utils.rnn.pad_sequence(v, batch_first=True) for k, v in ragged.items()}
    if "attention_mask" not in columns:
        ones = [torch.ones(len(t), dtype=torch.int64) for t in tensors]
        padded["attention_mask"] = nn.utils.rnn.pad_sequence(ones, batch_first=True)
    return {**columns, **padded}


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
        One batch, as ``data`` gives it; batches without samples are passed over.

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
        if not _is_empty(batch):
            n_batches += 1
            yield batch
    if n_batches == 0:
        raise ValueError(
            "data must hold at least one batch of samples, got none; "
            "an empty loader, or an iterator that was used up before?"
        )


def _is_empty(batch: object) -> bool:
    """Whether a batch holds arrays, all without rows, as a filter of samples may leave them."""
    is_many = isinstance(batch, tuple | list)
    parts: Any = batch.values() if isinstance(batch, Mapping) else batch if is_many else [batch]
    return len(parts) > 0 and all(is_array(part) and len(part) == 0 for part in parts)


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
