"""A loss that is no longer finite: where it began."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from featgraph.features.outputs import find_tensor
from featgraph.training.batches import Inputs, call_model

__all__ = ["TrainingDivergedError", "find_first_nonfinite"]


class TrainingDivergedError(ValueError):
    """Training stopped because a loss, gradient or weight was not finite.

    Attributes
    ----------
    step : int
        Number of the step, from 0.
    layer : str or None
        First layer with values that are not finite, if one was found.
    checkpoint : Path or None
        Last good checkpoint.
    """

    def __init__(self, what: str, step: int, layer: str | None, checkpoint: Path | None) -> None:
        self.step, self.layer, self.checkpoint = step, layer, checkpoint
        where = "" if layer is None else f", first in layer {layer!r}"
        kept = "; no checkpoint was kept" if checkpoint is None else f"; last good: {checkpoint}"
        super().__init__(f"{what} at step {step}{where}{kept}. A lower lr or clip_norm may help")


def find_first_nonfinite(model: nn.Module, inputs: Inputs) -> str | None:
    """Return the first layer that gives NaN or infinite values, or whose weights hold them.

    Parameters
    ----------
    model : Module
        The network, in the mode in which it failed.
    inputs : Tensor, tuple or mapping of these
        The batch at which it failed.

    Returns
    -------
    str or None
        Dotted name of the first leaf module, in the order of the calls, with an output that is
        not finite; "input" if the batch itself is not; None if all is finite.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))
    >>> _ = nn.init.constant_(net[2].bias, float("inf"))
    >>> find_first_nonfinite(net, torch.ones(1, 2))
    '2'
    """
    parts = inputs.values() if isinstance(inputs, Mapping) else inputs
    given = [inputs] if isinstance(inputs, Tensor) else parts
    if not all(bool(torch.isfinite(x).all()) for x in given if isinstance(x, Tensor)):
        return "input"
    found: list[str] = []
    handles = []
    for name, module in model.named_modules():
        if not list(module.children()):

            def hook(_: nn.Module, __: object, output: object, name: str = name) -> None:
                value = find_tensor(output)
                if value is not None and not bool(torch.isfinite(value).all()):
                    found.append(name)

            handles.append(module.register_forward_hook(hook))
    try:
        with torch.no_grad():
            call_model(model, inputs)
    finally:
        for handle in handles:
            handle.remove()
    return found[0] if found else None
