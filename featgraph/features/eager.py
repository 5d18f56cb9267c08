"""Models to whose layers nothing can listen: scripted, traced, exported, or without weights."""

from __future__ import annotations

import torch
from torch import fx, nn

__all__ = ["check_eager", "check_weights"]


def check_eager(model: object) -> None:
    """Refuse a model whose submodules are not called when it runs.

    Raises
    ------
    TypeError
        If ``model`` is no Module: exported programs are not.
    ValueError
        If it is scripted, traced by ``torch.jit``, or the flat graph of ``torch.export``.

    Examples
    --------
    >>> check_eager(nn.Linear(2, 3))
    >>> check_eager(3)
    Traceback (most recent call last):
    TypeError: model must be a torch.nn.Module, got int
    """
    if isinstance(model, torch.export.ExportedProgram):
        raise TypeError(_DEAF.format("a torch.export.ExportedProgram"))
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, got {type(model).__name__}")
    scripted = [name for name, m in model.named_modules() if isinstance(m, torch.jit.ScriptModule)]
    if scripted:
        where = f", in {scripted[0]!r}" if scripted[0] else ""
        raise ValueError(_DEAF.format(f"scripted or traced by torch.jit{where}"))
    if isinstance(model, fx.GraphModule) and not _calls_modules(model):
        raise ValueError(_DEAF.format("the flat graph of torch.export"))


_DEAF = (
    "model must be the eager torch.nn.Module, got {}, whose layers run without being called, so "
    "that nothing can listen to them; pass the model from which it was made"
)


def _calls_modules(model: fx.GraphModule) -> bool:
    """Whether a graph calls modules of the model; that of torch.export calls a guard at most."""
    called = [str(node.target) for node in model.graph.nodes if node.op == "call_module"]
    return any(name != "_guards_fn" for name in called)


def check_weights(model: nn.Module) -> None:
    """Refuse a model with weights on the meta device.

    Raises
    ------
    ValueError
        If a parameter or buffer holds no values; the message names it.

    Examples
    --------
    >>> check_weights(nn.Linear(2, 3, device="meta"))
    Traceback (most recent call last):
    ValueError: model must hold its weights, but 'weight' is on the meta device; load them, with \
model.to_empty(device='cpu') and model.load_state_dict(...)
    """
    if any(hasattr(module, "_hf_hook") for module in model.modules()):
        return  # accelerate brings the weights of each layer when it is called
    for name, tensor in [*model.named_parameters(), *model.named_buffers()]:
        if tensor.is_meta:
            raise ValueError(
                f"model must hold its weights, but {name!r} is on the meta device; load them, "
                "with model.to_empty(device='cpu') and model.load_state_dict(...)"
            )
