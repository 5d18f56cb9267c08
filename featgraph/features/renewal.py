"""The untrained twin of a model: the same architecture with weights drawn anew."""

from __future__ import annotations

import copy

import torch
from torch import nn

__all__ = ["renew_weights"]


def renew_weights(model: nn.Module, seed: int, *, advice: str | None) -> nn.Module:
    """Return a copy of ``model`` whose layers have drawn new weights.

    A model of transformers is made anew from its configuration. ``advice`` ends the message about
    a module that has weights and cannot draw them; with None such a module keeps them.

    Examples
    --------
    >>> net = nn.Linear(2, 3)
    >>> twin = renew_weights(net, 0, advice=None)
    >>> bool((twin.weight == net.weight).any())
    False
    """
    config = getattr(model, "config", None)
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        if hasattr(config, "model_type"):
            return _made_anew(model, config)
        twin = copy.deepcopy(model)
        for name, module in twin.named_modules():
            reset = getattr(module, "reset_parameters", getattr(module, "_reset_parameters", None))
            if callable(reset):
                reset()
            elif advice is not None and any(True for _ in module.parameters(recurse=False)):
                raise ValueError(
                    f"cannot draw new weights for {name or type(module).__name__!r} (it has "
                    f"weights but no reset_parameters); {advice}"
                )
    return twin


def _made_anew(model: nn.Module, config: object) -> nn.Module:
    twin: nn.Module = type(model)(config)
    first = next(model.parameters())
    return twin.to(device=first.device, dtype=first.dtype).train(model.training)
