"""What a batch of labelled samples holds, and what a model makes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from featgraph.features.feeding import run_batch

__all__ = ["Inputs", "call_model", "read_scores", "send_inputs", "split_labels"]

Inputs: TypeAlias = "Tensor | tuple[Any, ...] | Mapping[str, Any]"

LABELS = ("labels", "label")


def split_labels(batch: Any) -> tuple[Inputs, Tensor]:
    """Return the inputs and the class numbers of a batch; columns of text are left out.

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
            named = {k: v for k, v in batch.items() if k != name and isinstance(v, Tensor)}
            return named, torch.as_tensor(batch[name])
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


def call_model(network: nn.Module, inputs: Inputs) -> object:
    """Call a network with what its ``forward`` takes of the inputs.

    Examples
    --------
    >>> call_model(nn.Identity(), {"input": torch.ones(1), "idx": torch.ones(1)})
    tensor([1.])
    """
    if isinstance(inputs, tuple):
        return network(*inputs)
    return run_batch(network, inputs)


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
