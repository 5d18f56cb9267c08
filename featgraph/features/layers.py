"""Layers of a model: list them, and select some by name, glob, type or rule."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from torch import nn

from featgraph.core.checks import nearest
from featgraph.features.blocks import find_blocks
from featgraph.features.walk import count_parameters, has_forward, layer_type, named_layers

__all__ = ["LayerRow", "Layers", "list_layers", "select_layers"]

Layers: TypeAlias = "str | type[nn.Module] | Sequence[str | type[nn.Module]]"


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
    2. the outermost lists of repeated blocks of every tower and branch: children with equal
       names up to a number (layer1, layer2, …), if two of them have submodules, and the children
       with submodules of a ``Sequential`` or ``ModuleList`` (the last child of a Sequential model
       is its head and left out). What a model declares is taken: the stages in ``feature_info``
       of timm, completed to whole lists without the stem, and the blocks of transformers. Other
       lists are taken from 5 % of the parameters of all lists on, embedding tables not counted;
       stems, embeddings, transitions, poolers and heads, auxiliary ones too, are passed over. A
       list of 10 % or more that is left out is named in a warning;
    3. the children that have submodules, if there are at least three before the last child;
    4. in a flat network, the last module before each max pooling if there are two poolings
       (vgg11: features.1, 4, 9, 14, 19), otherwise every activation, one that learns too, that
       follows a linear map or convolution; softmax is none;
    5. the layers with parameters except the last one and embedding tables.

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
        return find_blocks(model)
    named = list(named_layers(model))
    if entry == "all":
        return [n for n, m in named if has_forward(m)] or [""]
    # A module registered twice keeps both names here; rules and globs see it once.
    if any(n == entry for n, _ in model.named_modules(remove_duplicate=False) if n):
        return [entry]
    names = [n for n, m in named if _matches(n, entry) and has_forward(m)]
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
