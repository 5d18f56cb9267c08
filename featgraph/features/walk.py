"""Walking through a model: its layers by name, and whether anything can listen to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import torch
from torch import fx, nn
from torch.nn.utils import parametrize

__all__ = [
    "check_eager",
    "check_weights",
    "count_parameters",
    "declared_rows",
    "has_forward",
    "has_layer",
    "is_activation",
    "is_composite",
    "is_leaf",
    "is_linear",
    "layer_children",
    "layer_type",
    "named_layers",
]

# Children that are called with weights instead of data, or never.
_NOT_LAYERS = {"_packed_params", "weight_fake_quant"}
_SOFTMAXES = (nn.Softmax, nn.Softmax2d, nn.Softmin, nn.LogSoftmax)
# Names that libraries give to activation functions of their own.
_ACTIVATION = re.compile(r"([lL][uU]|[sS]wish|[mM]ish|Act|Activation|[sS]igmoid|Tanh|Sine|Snake)$")


def layer_children(module: nn.Module) -> list[tuple[str, nn.Module]]:
    """List the children that are called with data, by name.

    Parametrisations (``torch.nn.utils.parametrize``) work on weights, and so do the packed or
    rounded weights of quantised modules: they are no layers. Nor is ``out_proj`` of attention.

    Examples
    --------
    >>> layer_children(nn.utils.parametrizations.weight_norm(nn.Linear(2, 3)))
    []
    """
    return [(name, child) for name, child in module.named_children() if _is_seen(module, name)]


def _is_seen(module: nn.Module, child: str) -> bool:
    is_parametrisation = child == "parametrizations" and parametrize.is_parametrized(module)
    # torch's attention reads the weights of this map, and never calls it.
    is_read = child == "out_proj" and type(module) is nn.MultiheadAttention
    return child not in _NOT_LAYERS and not is_parametrisation and not is_read


def has_layer(model: nn.Module, name: str) -> bool:
    """Whether ``name`` is a submodule that is called with data, by any name it is registered by.

    Examples
    --------
    >>> has_layer(nn.Sequential(nn.ReLU()), "0"), has_layer(nn.Sequential(nn.ReLU()), "1")
    (True, False)
    """
    module: nn.Module | None = model
    for part in name.split("."):
        if module is None or part not in module._modules or not _is_seen(module, part):
            return False
        module = module._modules[part]
    return module is not None and has_forward(module)


def named_layers(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield every submodule that is called with data, each once, in the order of registration.

    Examples
    --------
    >>> parametrised = nn.utils.parametrizations.weight_norm(nn.Linear(2, 3))
    >>> [name for name, _ in named_layers(nn.Sequential(parametrised, nn.ReLU()))]
    ['0', '1']
    """
    seen = {model}

    def visit(prefix: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
        for name, child in layer_children(module):
            if child not in seen:
                seen.add(child)
                yield prefix + name, child
                yield from visit(f"{prefix}{name}.", child)

    yield from visit("", model)


def layer_type(module: nn.Module) -> str:
    """Return the name of the class of a module; that of a parametrised one, without the prefix.

    Examples
    --------
    >>> layer_type(nn.utils.parametrizations.weight_norm(nn.Linear(2, 3)))
    'Linear'
    """
    return parametrize.type_before_parametrizations(module).__name__


def has_forward(module: nn.Module) -> bool:
    """Whether a module can be called; a ``ModuleList`` is walked through instead.

    Examples
    --------
    >>> has_forward(nn.Sequential()), has_forward(nn.ModuleList())
    (True, False)
    """
    return type(module).forward is not nn.Module.forward


def is_leaf(module: nn.Module) -> bool:
    """Whether a module has no submodules that are called with data.

    Examples
    --------
    >>> is_leaf(nn.utils.parametrizations.weight_norm(nn.Linear(2, 3)))
    True
    """
    return not layer_children(module)


def is_composite(module: nn.Module) -> bool:
    """Whether a module has parameters and at least two leaves.

    Examples
    --------
    >>> is_composite(nn.Sequential(nn.Linear(2, 3), nn.ReLU())), is_composite(nn.Linear(2, 3))
    (True, False)
    """
    leaves = sum(is_leaf(inner) for _, inner in named_layers(module))
    return leaves >= 2 and count_parameters(module) > 0


def is_linear(module: nn.Module) -> bool:
    """Whether a module is a linear map or a convolution, quantised or not.

    Examples
    --------
    >>> is_linear(nn.Conv2d(1, 2, 3)), is_linear(nn.BatchNorm2d(2))
    (True, False)
    """
    kinds = (nn.Linear, nn.Bilinear, nn.modules.conv._ConvNd)
    # Quantised maps and those of other libraries are no subclasses, but have the sizes of one
    # (nf: the Conv1D of GPT-2).
    widths = any(hasattr(module, name) for name in ("out_features", "out_channels", "nf"))
    return isinstance(module, kinds) or (is_leaf(module) and widths and hasattr(module, "weight"))


def is_activation(module: nn.Module) -> bool:
    """Whether a module is an activation function, with or without parameters; softmax is not.

    Examples
    --------
    >>> is_activation(nn.PReLU()), is_activation(nn.Softmax(1)), is_activation(nn.Dropout())
    (True, False, False)
    """
    if isinstance(module, (*_SOFTMAXES, nn.MultiheadAttention)) or is_linear(module):
        return False
    is_torch = type(module).__module__ == "torch.nn.modules.activation"
    return is_torch or bool(_ACTIVATION.search(type(module).__name__))


def declared_rows(module: nn.Module) -> list[dict[str, Any]]:
    """Return the rows of ``feature_info``, in which models of timm describe their stages.

    Examples
    --------
    >>> declared_rows(nn.Linear(2, 3))
    []
    """
    info = getattr(module, "feature_info", None)
    rows = getattr(info, "info", info)
    return [
        row
        for row in (rows if isinstance(rows, list | tuple) else ())
        if isinstance(row, dict) and isinstance(row.get("module"), str) and "num_chs" in row
    ]


def count_parameters(module: nn.Module) -> int:
    """Count the parameters of a module, packed ones of quantised layers included.

    Examples
    --------
    >>> count_parameters(nn.Linear(2, 3))
    9
    """
    packed = [getattr(inner, "weight", None) for inner in module.modules()]
    return sum(
        p.numel()
        for p in [*module.parameters(), *(weight() for weight in packed if callable(weight))]
        if not isinstance(p, nn.parameter.UninitializedParameter)
    )


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
