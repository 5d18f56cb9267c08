"""Samples: telling a sample from a batch, and putting samples together."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from featgraph.core.checks import ArgumentError

__all__ = ["collate_samples", "is_array", "is_graph", "is_sample"]


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


def _column(values: Sequence[Any]) -> Any:
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


def _pad_columns(columns: dict[str, Any], model: nn.Module | None) -> dict[str, Any]:
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
