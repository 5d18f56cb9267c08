"""What a batch of labelled samples holds, and what a model makes of it."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.utils.data import default_collate

__all__ = ["Inputs", "call_model", "collate_samples", "read_scores", "send_inputs", "split_labels"]

Inputs: TypeAlias = "Tensor | tuple[Any, ...] | Mapping[str, Any]"

LABELS = ("labels", "label")


def collate_samples(samples: Sequence[Any]) -> Any:
    """Join samples to a batch; of dicts, the columns of numbers.

    Parameters
    ----------
    samples : sequence
        Pairs of an input and a class number, or dicts of Tensors, arrays, numbers or lists of
        numbers, as the rows of Hugging Face datasets are. Columns of text are left out.

    Returns
    -------
    list or dict
        Tensors with a first axis over the samples.

    Raises
    ------
    ValueError
        If a column has rows of different lengths.

    Examples
    --------
    >>> collate_samples([{"input_ids": [3, 1], "text": "a", "label": 0}] * 2)
    {'input_ids': tensor([[3, 1],
            [3, 1]]), 'label': tensor([0, 0])}
    """
    if not isinstance(samples[0], Mapping):
        return default_collate(list(samples))
    batch = {}
    for name in samples[0]:
        column = [sample[name] for sample in samples]
        if isinstance(column[0], str | bytes) or column[0] is None:
            continue
        rows = [torch.as_tensor(value) for value in column]
        if len({row.shape for row in rows}) > 1:
            shapes = sorted({tuple(row.shape) for row in rows})
            raise ValueError(
                f"samples must have {name!r} of one shape, got {shapes[0]} and {shapes[-1]}; give "
                "collate= a function that pads, such as transformers' DataCollatorWithPadding"
            )
        batch[name] = torch.stack(rows)
    return batch


def split_labels(batch: Any) -> tuple[Inputs, Tensor]:
    """Return the inputs and the class numbers of a batch.

    Raises
    ------
    ValueError
        If the batch is neither a pair nor a mapping with "labels" or "label".

    Examples
    --------
    >>> split_labels({"input_ids": torch.zeros(2, 3), "labels": torch.tensor([0, 1])})[1]
    tensor([0, 1])
    """
    if isinstance(batch, Mapping):
        name = next((name for name in LABELS if name in batch), None)
        if name is not None:
            return {key: batch[key] for key in batch if key != name}, torch.as_tensor(batch[name])
        got = f"the keys {sorted(batch)}"
    elif isinstance(batch, tuple | list) and len(batch) == 2:
        inputs = tuple(batch[0]) if isinstance(batch[0], list) else batch[0]
        return inputs, batch[1]
    else:
        got = f"{type(batch).__name__} of {len(batch)}" if hasattr(batch, "__len__") else batch
    raise ValueError(
        f"a batch must be a pair of inputs and class numbers, or a dict with 'labels', got {got}; "
        "collate= can make it one"
    )


def send_inputs(inputs: Inputs, device: torch.device) -> Inputs:
    """Return the inputs with every Tensor on a device."""
    if isinstance(inputs, Tensor):
        return inputs.to(device)
    if isinstance(inputs, Mapping):
        return {k: v.to(device) if isinstance(v, Tensor) else v for k, v in inputs.items()}
    return tuple(v.to(device) if isinstance(v, Tensor) else v for v in inputs)


def call_model(network: nn.Module, model: nn.Module, inputs: Inputs) -> object:
    """Call ``network``, which may be a wrapper of ``model``, with what ``model`` takes.

    Of inputs given by name, those that its ``forward`` does not name are left out.

    Examples
    --------
    >>> call_model(nn.Identity(), nn.Identity(), {"input": torch.ones(1), "idx": torch.ones(1)})
    tensor([1.])
    """
    if isinstance(inputs, Mapping):
        names = inspect.signature(model.forward).parameters
        if not any(p.kind is p.VAR_KEYWORD for p in names.values()):
            inputs = {name: value for name, value in inputs.items() if name in names}
        return network(**inputs)
    return network(inputs) if isinstance(inputs, Tensor) else network(*inputs)


def read_scores(output: object) -> Tensor:
    """Return the class scores in what a model returns: a Tensor, ``logits``, or the first of many.

    Raises
    ------
    ValueError
        If there are none, or not one row of them per sample.

    Examples
    --------
    >>> read_scores({"loss": None, "logits": torch.zeros(2, 3)}).shape
    torch.Size([2, 3])
    """
    found = output
    if isinstance(output, Mapping):
        found = output.get("logits")
    elif hasattr(output, "logits"):
        found = output.logits
    elif isinstance(output, tuple | list) and output:
        found = output[0]
    if not isinstance(found, Tensor) or found.ndim != 2:
        shape = f"of shape {tuple(found.shape)}" if isinstance(found, Tensor) else "none"
        kind = type(output).__name__
        raise ValueError(
            f"model must return class scores (n_samples, n_classes), as a Tensor or as logits, "
            f"got {shape} from {kind}; wrap it in a Module that does"
        )
    return found
