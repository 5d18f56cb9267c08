"""Layers of a model: list them, and select some by name, glob, type or rule."""

from __future__ import annotations

import fnmatch
import itertools
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from torch import nn

from featgraph.core.checks import nearest
from featgraph.features.walk import (
    count_parameters,
    is_activation,
    is_composite,
    is_leaf,
    is_linear,
    layer_children,
    layer_type,
    named_layers,
)

__all__ = ["LayerRow", "Layers", "list_layers", "select_layers"]

Layers: TypeAlias = "str | type[nn.Module] | Sequence[str | type[nn.Module]]"

# Blocks of Table 1 of Ding et al. 2025 (arXiv:2507.17785), by the class names of timm.
# VGG takes the last module before each max pooling: features.{1,4,9,14,19} in vgg11.
_FAMILIES = {
    "VisionTransformer": "blocks.*",
    "MlpMixer": "blocks.*",
    "MetaFormer": "stages.*",
    "PoolFormer": "stages.*",
    "PyramidVisionTransformerV2": "stages.*",
    "ResNet": "layer[1-4]",
}
_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)
_POOLS = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
_NEVER_CALLED = (nn.ModuleList, nn.ModuleDict, nn.ParameterList, nn.ParameterDict)


class LayerRow(NamedTuple):
    """One layer of a model."""

    name: str
    type: str
    n_parameters: int


def list_layers(model: nn.Module) -> list[LayerRow]:
    """List every submodule with its dotted name, type and number of parameters.

    Parameters
    ----------
    model : Module
        Any network.

    Returns
    -------
    list of LayerRow
        In the order of registration; a container counts the parameters inside it.

    Examples
    --------
    >>> for row in list_layers(nn.Sequential(nn.Linear(4, 3), nn.ReLU())):
    ...     row
    LayerRow(name='0', type='Linear', n_parameters=15)
    LayerRow(name='1', type='ReLU', n_parameters=0)
    """
    return [
        LayerRow(name, layer_type(module), count_parameters(module))
        for name, module in named_layers(model)
    ]


def select_layers(model: nn.Module, layers: Layers = "auto") -> list[str]:
    """Select layers by name, glob, module type or rule.

    Parameters
    ----------
    model : Module
        Any network.
    layers : str, module type, or list of these, default="auto"
        A dotted name; a glob, where ``*``, ``?`` and ``[0-3]`` stay within one part of the name
        and ``**`` crosses parts; a module type such as ``nn.Conv2d``; "all" for every submodule
        that can be called; "auto" for the blocks of the network (see Notes).

    Returns
    -------
    list of str
        Names for ``model.get_submodule``, without repeats, in the order of ``layers`` and of
        registration within each. A model without submodules gives ``[""]`` under "auto".

    Raises
    ------
    TypeError
        If ``layers`` is of another kind.
    ValueError
        If an entry matches nothing; the nearest name is suggested.

    Notes
    -----
    "auto" takes the first of these that gives at least one layer:

    1. the blocks of Table 1 of Ding et al. 2025 (arXiv:2507.17785) for the families of timm,
       known by class name: blocks of ViT, ResMLP and Mixer, stages of PoolFormer and PVT v2,
       layer1–4 of ResNet;
    2. blocks, whichever of these two hold more parameters: children with equal names up to a
       number (layer1, layer2, …), if they have submodules; or the children with parameterised
       submodules of a ``Sequential`` or ``ModuleList``, if there are at least two (the last
       child of a Sequential model is its head and left out);
    3. rule 2 inside the child that holds most parameters, if it holds more than half;
    4. the children that have submodules, if there are at least three before the last child;
    5. in a flat network, the last module before each max pooling if there are two poolings
       (vgg11: features.1, 4, 9, 14, 19), otherwise every activation that follows a linear map
       or convolution;
    6. the layers with parameters except the last one.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 2))
    >>> select_layers(net)
    ['1', '3']
    >>> select_layers(net, nn.Linear)
    ['0', '2', '4']
    >>> select_layers(net, ["[01]", "4"])
    ['0', '1', '4']
    """
    entries = [layers] if isinstance(layers, str | type) else layers
    if not isinstance(entries, Iterable):
        raise TypeError(_KINDS.format(type(layers).__name__))
    found: dict[str, None] = {}
    for entry in entries:
        found.update(dict.fromkeys(_select(model, entry)))
    if not found:
        raise ValueError("layers must select at least one layer, got an empty list")
    return list(found)


_KINDS = "layers must be a name, a glob, a module type or a list of these, got {}"


def _select(model: nn.Module, entry: object) -> list[str]:
    if isinstance(entry, type) and issubclass(entry, nn.Module):
        names = [n for n, m in named_layers(model) if isinstance(m, entry)]
        if not names:
            types = sorted({layer_type(m) for _, m in named_layers(model)})
            raise ValueError(f"layers: no module of type {entry.__name__}; there are {types}")
        return names
    if not isinstance(entry, str):
        raise TypeError(_KINDS.format(repr(entry)))
    if entry == "auto":
        return _auto(model)
    named = list(named_layers(model))
    if entry == "all":
        return [n for n, m in named if not isinstance(m, _NEVER_CALLED)] or [""]
    # A module registered twice keeps both names here; rules and globs see it once.
    if any(n == entry for n, _ in model.named_modules(remove_duplicate=False) if n):
        return [entry]
    names = [n for n, m in named if _matches(n, entry) and not isinstance(m, _NEVER_CALLED)]
    if not names:
        raise ValueError(
            f"layers: {entry!r} matches none of the {len(named)} layers"
            f"{nearest(entry, [n for n, _ in named])}; list_layers(model) lists them"
        )
    return names


def _matches(name: str, pattern: str) -> bool:
    """Whether a glob matches a dotted name part by part; ``**`` takes any number of parts."""
    parts, wanted = name.split("."), pattern.split(".")

    def fits(i: int, j: int) -> bool:
        if j == len(wanted):
            return i == len(parts)
        if wanted[j] == "**":
            return any(fits(k, j + 1) for k in range(i, len(parts) + 1))
        return i < len(parts) and fnmatch.fnmatchcase(parts[i], wanted[j]) and fits(i + 1, j + 1)

    return fits(0, 0)


def _auto(model: nn.Module) -> list[str]:
    pattern = _FAMILIES.get(layer_type(model))
    if pattern is not None:
        names = [n for n, _ in named_layers(model) if _matches(n, pattern)]
        if len(names) >= 2:
            return names
    prefix, trunk = "", model
    while True:
        candidates = [_numbered(trunk), _blocks(trunk, is_model=trunk is model)]
        names = max(candidates, key=lambda names: _weight(trunk, names))
        if names:
            return [prefix + name for name in names]
        heavy = [
            (name, child)
            for name, child in layer_children(trunk)
            if 2 * count_parameters(child) > count_parameters(trunk)
        ]
        if not heavy:
            children = [name for name, child in layer_children(model) if is_composite(child)]
            children = [name for name in children if name != list(model._modules)[-1]]
            return children if len(children) >= 3 else _flat(model)
        prefix, trunk = f"{prefix}{heavy[0][0]}.", heavy[0][1]


def _numbered(module: nn.Module) -> list[str]:
    groups: dict[str, list[str]] = {}
    for name, child in layer_children(module):
        callable_ = is_composite(child) and not isinstance(child, _NEVER_CALLED)
        if re.fullmatch(r"\D+\d+", name) and callable_:
            groups.setdefault(name.rstrip("0123456789"), []).append(name)
    repeated = [names for names in groups.values() if len(names) >= 2]
    return max(repeated, key=lambda names: _weight(module, names), default=[])


def _weight(module: nn.Module, names: list[str]) -> int:
    return sum(count_parameters(module.get_submodule(name)) for name in names)


def _blocks(module: nn.Module, *, is_model: bool) -> list[str]:
    """Children of the containers in ``module``, or of ``module`` itself if it is one."""
    if isinstance(module, _CONTAINERS):
        children = list(layer_children(module))
        if is_model and isinstance(module, nn.Sequential):
            children = children[:-1]
        names = [name for name, child in children if is_composite(child)]
        return names if len(names) >= 2 else []
    names = []
    for name, child in layer_children(module):
        if isinstance(child, _CONTAINERS):
            inner = [f"{name}.{k}" for k, block in layer_children(child) if is_composite(block)]
            names += inner if len(inner) >= 2 else []
    return names


def _flat(model: nn.Module) -> list[str]:
    leaves = [(name, module) for name, module in named_layers(model) if is_leaf(module)]
    before = [
        name
        for (name, module), (_, pool) in itertools.pairwise(leaves)
        if isinstance(pool, _POOLS) and not isinstance(module, _POOLS)
    ]
    if len(before) >= 2:
        return before
    names, fresh = [], False
    for name, module in leaves:
        if is_activation(module):
            names += [name] if fresh else []
            fresh = False
        else:
            fresh = fresh or is_linear(module)
    if names:
        return names
    heavy = [name for name, module in leaves if is_linear(module) or count_parameters(module) > 0]
    return heavy[:-1] or heavy or [leaves[-1][0] if leaves else ""]
