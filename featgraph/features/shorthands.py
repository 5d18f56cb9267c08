"""Shorthands for what people look at in transformers: residual stream, hidden MLP, attention."""

from __future__ import annotations

import re
from collections.abc import Iterator

from torch import nn

from featgraph.features.blocks import find_blocks
from featgraph.features.walk import has_forward, is_leaf, is_linear, layer_type, named_layers

__all__ = ["INPUT", "SHORTHANDS", "find_shorthand"]

INPUT = ":input"

SHORTHANDS = {
    "residual": "the output of each transformer block: the residual stream after it",
    "mlp_hidden": "the hidden neurons of the MLP of each block, after the activation function (and "
    "the gate): the input of its last linear map",
    "attention_out": "what each attention adds to the residual stream: the output of its last "
    "linear map",
}
_ATTENTION = re.compile(r"attn|attention", re.IGNORECASE)


def find_shorthand(model: nn.Module, shorthand: str) -> list[str]:
    """Find the layers that a key of ``SHORTHANDS`` means in a transformer.

    Parameters
    ----------
    model : Module
        A transformer, of torch, timm, transformers or one's own: its blocks hold modules whose
        class or name speaks of attention, and linear maps beside them.
    shorthand : str
        A key of ``SHORTHANDS``.

    Returns
    -------
    list of str
        Names of layers; one that ends in ":input" means the input of that layer.

    Raises
    ------
    ValueError
        If the model has no such blocks.

    Examples
    --------
    >>> model = nn.TransformerEncoderLayer(8, 2)
    >>> stack = nn.TransformerEncoder(model, 1, enable_nested_tensor=False)
    >>> [find_shorthand(stack, name) for name in SHORTHANDS]
    [['layers.0'], ['layers.0.linear2:input'], ['layers.0.self_attn']]
    """
    names = []
    for name, block in _transformer_blocks(model):
        prefix = f"{name}." if name else ""
        attentions = dict(_attentions(block))
        if shorthand == "residual":
            names.append(name)
        elif shorthand == "attention_out":
            names += [prefix + _last_map_name(inner, m) for inner, m in attentions.items()]
        else:
            beside = [
                inner
                for inner, module in named_layers(block)
                if is_linear(module) and not _lies_in(inner, attentions)
            ]
            names += [f"{prefix}{beside[-1]}{INPUT}"] if beside else []
    if not names:
        raise ValueError(
            f"layers={shorthand!r} needs blocks with attention and linear maps, and "
            f"{type(model).__name__} has none; name layers, which list_layers(model) lists"
        )
    return names


def _transformer_blocks(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield the modules that hold attention and linear maps beside it, innermost lists first."""
    for name in find_blocks(model):
        yield from _inner_blocks(name, model.get_submodule(name))


def _inner_blocks(name: str, module: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield ``module``, or where it is a stage, the blocks in it."""
    if not any(True for _ in _attentions(module)):
        return
    for inner_name, inner in named_layers(module):
        children = list(inner.named_children())
        if isinstance(inner, nn.Sequential | nn.ModuleList) and _are_blocks(inner):
            for child, block in children:
                yield from _inner_blocks(f"{name}.{inner_name}.{child}", block)
            return
    if has_forward(module):
        yield name, module


def _are_blocks(module: nn.Module) -> bool:
    return all(any(True for _ in _attentions(child)) for child in module.children())


def _attentions(block: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield the outermost modules of attention in a block."""
    found: list[str] = []
    for name, module in named_layers(block):
        speaks = _ATTENTION.search(name.rpartition(".")[2]) or _ATTENTION.search(layer_type(module))
        is_whole = isinstance(module, nn.MultiheadAttention) or not is_leaf(module)
        if speaks and is_whole and has_forward(module) and not _lies_in(name, found):
            found.append(name)
            yield name, module


def _lies_in(name: str, outer: dict[str, nn.Module] | list[str]) -> bool:
    return any(name.startswith(f"{other}.") for other in outer)


def _last_map_name(name: str, attention: nn.Module) -> str:
    """Return the linear map that ends an attention, or the attention if it calls none."""
    maps = [inner for inner, module in named_layers(attention) if is_linear(module)]
    return f"{name}.{maps[-1]}" if maps else name
