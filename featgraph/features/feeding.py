"""Feeding: a batch becomes a call of the model."""

from __future__ import annotations

import inspect
import itertools
import numbers
from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from featgraph.core.values import describe
from featgraph.features.batches import is_array, is_graph
from featgraph.features.masks import MASK_NAMES, mask_place
from featgraph.features.module_calls import find_tensor
from featgraph.features.running import unwrap_model

__all__ = ["Forward", "batch_members", "count_samples", "run_batch"]

Forward: TypeAlias = Callable[[nn.Module, Any], object]

_LABELS = {"label", "labels", "label_ids", "target", "targets", "y"}
_LISTS = ("images", "image_list", "inputs_list")


class ModelError(ValueError, RuntimeError):
    """A model fails on a batch; ``except RuntimeError`` catches it as it would without us."""


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
    batch : Tensor, ndarray, tuple, list, dict, or graph of torch_geometric
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
        If the batch is of another kind, or gives not what ``model.forward`` takes.
    ValueError
        If the batch starts with labels.

    Examples
    --------
    >>> run_batch(nn.Identity(), (torch.ones(2, 1), "label")).shape
    torch.Size([2, 1])
    """
    if forward is not None:
        return forward(model, _send(batch, device, None))
    args, kwargs = _arrange(_Takes(unwrap_model(model)), batch)
    dtype = next((p.dtype for p in model.parameters() if p.is_floating_point()), None)
    inputs, named = _send(args, device, dtype), _send(kwargs, device, dtype)
    try:
        return model(*inputs, **named)
    except (RuntimeError, IndexError, NotImplementedError) as error:
        if type(error) not in (RuntimeError, IndexError, NotImplementedError):
            raise  # such as of the memory of a device
        got = ", ".join(describe(value) for value in (*inputs, *named.values()))
        raise ModelError(f"data must hold what the model takes, got {got}: {error}") from error


class _Takes:
    """What ``model.forward`` takes."""

    def __init__(self, model: nn.Module) -> None:
        self.model = model
        self.signature = inspect.signature(model.forward)
        parameters = list(self.signature.parameters.values())
        plain = [p for p in parameters if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]
        needed = [p for p in plain if p.default is p.empty]
        self.names = [p.name for p in plain]
        self.required = [p.name for p in needed]
        self.n_places = sum(p.kind != p.KEYWORD_ONLY for p in needed)
        self.any_name = any(p.kind is p.VAR_KEYWORD for p in parameters)
        first = next(iter(parameters), None)
        annotation = "" if first is None else str(first.annotation).lower()
        self.a_list = first is not None and (first.name in _LISTS or "list[" in annotation)
        self.ids = isinstance(
            next((m for m in model.modules() if list(m.parameters(recurse=False))), None),
            nn.Embedding,
        )

    def check(self, batch: object, args: list[object], kwargs: dict[str, object]) -> None:
        try:
            self.signature.bind(*args, **kwargs)
        except TypeError as error:
            self.refuse(batch, str(error))

    def refuse(self, batch: object, why: str) -> NoReturn:
        members = list(batch_members(batch)) or [type(batch).__name__]
        wanted = self.required or self.names or ["inputs"]
        if isinstance(batch, Mapping):
            keys = itertools.chain(map(repr, members), itertools.repeat("..."))
            given = [f"{name}=batch[{key}]" for name, key in zip(wanted, keys, strict=False)]
        elif isinstance(batch, tuple | list):
            given = [f"batch[{k}]" for k in range(len(wanted))]
        else:
            given = [f"{name}=batch.{name}" for name in wanted]
        if isinstance(batch, Mapping) and any(_is_text(value) for value in batch.values()):
            why += "; text must be tokenized first"
        raise TypeError(
            f"{type(self.model).__name__}.forward takes {self.names}, which the batch does not "
            f"give ({why}; it has {members}); write "
            f"forward=lambda model, batch: model({', '.join(given)})"
        )


def _arrange(takes: _Takes, batch: object) -> tuple[list[Any], dict[str, Any]]:
    args: list[Any]
    kwargs: dict[str, Any]
    if isinstance(batch, Tensor | np.ndarray | PackedSequence):
        args, kwargs = [batch], {}
    elif isinstance(batch, Mapping):
        args, kwargs = _arrange_mapping(takes, batch)
    elif isinstance(batch, tuple | list) and batch:
        args, kwargs = _arrange_tuple(takes, batch)
    elif is_graph(batch) or all(hasattr(batch, name) for name in takes.required or ["?"]):
        args, kwargs = _arrange_object(takes, batch)
    else:
        raise TypeError(
            "a batch must be a Tensor, a tuple whose first member is the input, a dict or a "
            f"graph, got {type(batch).__name__}; give other data, or forward=lambda model, batch: "
            "model(...)"
        )
    takes.check(batch, args, kwargs)
    return args, kwargs


def _arrange_mapping(
    takes: _Takes, batch: Mapping[str, Any]
) -> tuple[list[object], dict[str, object]]:
    named = {k: v for k, v in batch.items() if k in takes.names}
    if takes.any_name and set(takes.required) <= set(batch):
        named |= {k: v for k, v in batch.items() if is_array(v)}
    if set(named) - _LABELS:
        return [], named
    if len(takes.required) > 1:
        takes.refuse(batch, f"it names none of {takes.required}")
    inputs = [v for k, v in batch.items() if k not in _LABELS]
    first = next((v for v in inputs if is_array(v) and v.ndim > 1), find_tensor(inputs))
    if first is None:
        takes.refuse(batch, "no member is a Tensor of inputs")
    return [first], {}


def _arrange_object(takes: _Takes, batch: object) -> tuple[list[object], dict[str, object]]:
    """Arrange the attributes of a graph, or hand it over whole to a model that takes one thing."""
    if all(hasattr(batch, name) for name in takes.required):
        given = {name: getattr(batch, name, None) for name in takes.names}
        return [], {name: value for name, value in given.items() if value is not None}
    if len(takes.required) == 1:
        return [batch], {}
    missing = [name for name in takes.required if not hasattr(batch, name)]
    return takes.refuse(batch, f"missing {missing}")


def _arrange_tuple(
    takes: _Takes, batch: tuple[Any, ...] | list[Any]
) -> tuple[list[object], dict[str, object]]:
    first = batch[0]
    if isinstance(first, Mapping):
        return _arrange_mapping(takes, first)
    if isinstance(first, tuple | list) and not _is_plain(first):
        is_one = len(first) > len(takes.names) > 0 and all(map(is_array, first))
        return ([list(first)] if takes.a_list or is_one else list(first)), {}
    if is_graph(first):
        return _arrange_object(takes, first)
    if not isinstance(first, Tensor | np.ndarray):
        raise TypeError(
            "batches of data must start with their input, a Tensor, tuple or dict, "
            f"got {type(first).__name__}; give forward=lambda model, batch: model(batch[1])"
        )
    if takes.a_list and all(is_array(image) and image.ndim == 3 for image in batch):
        return [list(batch)], {}
    args = list(batch[: takes.n_places]) if 1 < takes.n_places <= len(batch) else [first]
    if len(args) == 1:
        _refuse_labels_first(takes, batch)
    place = mask_place(batch)
    name = next((n for n in MASK_NAMES if n in takes.names[len(args) :]), None)
    if place is None or name is None or place < len(args):
        return args, {}
    mask = batch[place]
    is_full = "pad" in name and bool((mask == 1).all())  # ones that mean no padding
    return args, {} if is_full else {name: mask}


def _is_plain(value: object) -> bool:
    """Tell whether there is nothing but numbers and texts, in lists or not: no input of a model."""
    if isinstance(value, tuple | list):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, numbers.Number | str | bytes)


def _refuse_labels_first(takes: _Takes, batch: tuple[Any, ...] | list[Any]) -> None:
    first = batch[0]
    if first.ndim != 1:
        return
    others = [k for k, v in enumerate(batch) if k and is_array(v) and len(v) == len(first)]
    inputs = next((k for k in others if batch[k].ndim > 1), None)
    if inputs is not None and not takes.ids:
        raise ValueError(
            f"batches of data must start with their inputs, got {first.dtype} of shape "
            f"{tuple(first.shape)}, which looks like labels, before {tuple(batch[inputs].shape)}; "
            f"give forward=lambda model, batch: model(batch[{inputs}])"
        )


def _send(value: Any, device: torch.device | None, dtype: torch.dtype | None) -> Any:
    """Move every Tensor in ``value`` to ``device`` and floating ones to ``dtype``."""
    if isinstance(value, np.ndarray):
        value = torch.from_numpy(value)
    if isinstance(value, Tensor):
        return value.to(device=device, dtype=dtype if value.is_floating_point() else None)
    if isinstance(value, Mapping):
        return {key: _send(member, device, dtype) for key, member in value.items()}
    if isinstance(value, PackedSequence):
        return value if device is None else value.to(device)  # type: ignore[arg-type]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_send(member, device, dtype) for member in value))
    if isinstance(value, tuple | list):
        return type(value)(_send(member, device, dtype) for member in value)
    return value.to(device) if is_graph(value) and device is not None else value


def _is_text(value: object) -> bool:
    return isinstance(value, list) and bool(value) and isinstance(value[0], str)


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
