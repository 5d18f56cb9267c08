"""Any model as units in layers: followed through its operations, or read block by block."""

from __future__ import annotations

import warnings
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

from featgraph.core.package import caller_level
from featgraph.features.running import unwrap_model
from featgraph.weights.blocks import read_stacks
from featgraph.weights.tracing import follow_units
from featgraph.weights.units import UnitTrace

__all__ = ["read_units"]

_WHOLE = (torch.int8, torch.uint8, torch.int16, torch.int32, torch.int64)


def read_units(model: nn.Module) -> UnitTrace:
    """Return the units of a model and the maps between them.

    Models of transformers are read block by block, others are followed through their operations;
    what depends on its data on the way is read by its blocks if it has some.

    Raises
    ------
    ValueError
        If the units cannot be followed, or the model holds no weights that can be read; the
        message names the place.
    """
    model = unwrap_model(model)
    _check_weights(model)
    is_transformers = hasattr(getattr(model, "config", None), "model_type")
    trace = read_stacks(model) if is_transformers else None
    if trace is not None:
        return trace
    try:
        return follow_units(model)
    except ValueError as error:
        try:
            trace = None if is_transformers else read_stacks(model)
        except ValueError as other:
            raise ValueError(f"{error}; by its blocks neither: {other}") from error.__cause__
        if trace is None:
            raise _name_weights(error, model) from error.__cause__
    _warn_left_out(model, trace)
    return trace


def _name_weights(error: ValueError, model: nn.Module) -> ValueError:
    names = [name for name, value in model.named_parameters() if value.ndim > 1]
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ValueError(f"{error}; its weights {', '.join(names[:4])}{more} were not understood")


def _warn_left_out(model: nn.Module, trace: UnitTrace) -> None:
    read = {link.kernel.untyped_storage().data_ptr() for link in trace.links}
    names = [
        name
        for name, value in model.named_parameters()
        if value.ndim > 1 and value.untyped_storage().data_ptr() not in read
    ]
    if names:
        warnings.warn(
            f"{type(model).__name__} was read by its transformer blocks alone: "
            f"{', '.join(names[:4])}{' …' if len(names) > 4 else ''} are left out",
            stacklevel=caller_level(),
        )


def _check_weights(model: nn.Module) -> None:
    for name, module in model.named_modules():
        if _is_quantized(module):
            raise ValueError(
                f"module {name or 'itself'!r} of type {type(module).__name__} is quantised: its "
                "weights are not kept as floating-point numbers; give the model as it was before"
            )
    for name, parameter in model.named_parameters():
        if isinstance(parameter, UninitializedParameter):
            raise ValueError(
                f"parameter {name!r} has no shape yet (a lazy module); run the model once"
            )
        if parameter.is_meta:
            raise ValueError(
                f"parameter {name!r} is on the meta device, which holds no numbers; load the "
                "weights of the model first"
            )
        if parameter.is_sparse or parameter.is_complex():
            raise ValueError(f"parameter {name!r} must be dense and real, got {parameter.dtype}")


def _is_quantized(module: nn.Module) -> bool:
    """Whether a module keeps its weights in another form than floating-point numbers."""
    weight: Any = getattr(module, "weight", None)
    packed = any(hasattr(module, name) for name in ("qweight", "_packed_params", "quant_state"))
    is_tensor = isinstance(weight, torch.Tensor)
    whole = is_tensor and weight.dtype in _WHOLE
    method = callable(weight) and not isinstance(weight, torch.Tensor | nn.Module)
    wrapped = is_tensor and hasattr(weight, "quant_state")
    return packed or method or whole or wrapped
