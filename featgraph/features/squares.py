"""Square activations: (N, B, D) with N = B looks like (B, N, D), until a smaller batch runs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from torch import Tensor, nn

from featgraph.features.layout import batch_axis_error
from featgraph.features.outputs import find_tensor
from featgraph.features.running import evaluating

__all__ = ["Run", "refuse_turned", "shorten"]

#: Runs the model on inputs that are passed through a function first.
Run: TypeAlias = Callable[[Callable[[Any], Any]], object]


def refuse_turned(
    model: nn.Module, squares: Mapping[str, nn.Module], n_samples: int, run: Run
) -> None:
    """Run a model on one sample less, and refuse layers whose second axis is the batch.

    Parameters
    ----------
    model : Module
        The model.
    squares : mapping of str to Module
        Layers that gave (B, B, D) for B samples.
    n_samples : int
        B, at least 2.
    run : callable
        Called with a function that takes the last sample off inputs.

    Raises
    ------
    ValueError
        As ``choose_layout`` for sequences first. A model that cannot run on fewer samples is let
        pass.
    """
    shapes: dict[str, tuple[int, ...]] = {}

    def keep(name: str, output: object) -> None:
        tensor = find_tensor(output)
        if tensor is not None and not tensor.is_nested:
            shapes[name] = tuple(tensor.shape)

    handles = [
        module.register_forward_hook(lambda m, i, output, name=name: keep(name, output))
        for name, module in squares.items()
    ]
    try:
        with contextlib.suppress(Exception), evaluating(model):
            run(lambda inputs: shorten(inputs, n_samples))
    finally:
        for handle in handles:
            handle.remove()
    for name, shape in shapes.items():
        if len(shape) == 3 and shape[:2] == (n_samples, n_samples - 1):
            raise batch_axis_error((n_samples, n_samples, shape[2]), n_samples, name)


def shorten(inputs: Any, n_samples: int) -> Any:
    """Take the last sample off whatever has one row per sample.

    Examples
    --------
    >>> import torch
    >>> shorten({"x": torch.zeros(3, 2), "names": ["a", "b", "c"], "scale": 2.0}, 3)["names"]
    ['a', 'b']
    """
    if isinstance(inputs, Mapping):
        return {key: shorten(value, n_samples) for key, value in inputs.items()}
    if isinstance(inputs, Tensor):
        is_batch = inputs.ndim > 0 and not inputs.is_nested and len(inputs) == n_samples
        return inputs[:-1] if is_batch else inputs
    if type(inputs) not in (tuple, list):
        return inputs
    are_columns = any(isinstance(v, Tensor) and v.ndim and len(v) == n_samples for v in inputs)
    if len(inputs) == n_samples and not are_columns:
        return inputs[:-1]
    return type(inputs)(shorten(value, n_samples) for value in inputs)
