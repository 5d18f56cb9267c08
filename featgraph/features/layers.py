"""Selecting layers of a model by name, glob, type, number or rule, and names of repeated calls."""

from __future__ import annotations

import fnmatch
import operator
import re
from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import Any, Literal, TypeAlias

import numpy as np
from torch import nn

from featgraph.core.checks import nearest
from featgraph.features.blocks import INPUT, SHORTHANDS, find_blocks, find_shorthand
from featgraph.features.walk import (
    check_eager,
    has_forward,
    has_layer,
    layer_type,
    named_layers,
)

__all__ = [
    "CALLS",
    "Calls",
    "Layers",
    "are_rules",
    "base_name",
    "call_name",
    "list_entries",
    "module_path",
    "select_layers",
    "split_calls",
    "take_turns",
]

Layers: TypeAlias = (
    "str | int | slice | type[nn.Module] | Sequence[str | int | slice | type[nn.Module]]"
)

_SLICE = re.compile(r"(-?\d*):(-?\d*)(?::(-?\d+))?")
_RULES = ("auto", "all", *SHORTHANDS)


def select_layers(model: nn.Module, layers: Layers = "auto") -> list[str]:
    """Select layers by name, glob, module type or rule.

    Parameters
    ----------
    model : Module
        Any network.
    layers : str, int, slice, module type, or list of these, default="auto"
        A dotted name; a glob, where ``*``, ``?`` and ``[0-3]`` stay within one part of the name
        and ``**`` crosses parts; a module type such as ``nn.Conv2d``; "all" for every submodule
        that can be called; "auto" for the blocks of the network (see Notes); a whole number or
        a slice of these blocks (``0``, ``-1``, ``slice(0, 4)``, "0:4", "::2"); a shorthand for
        transformers: "residual" (what each block leaves in the residual stream), "mlp_hidden"
        (the hidden neurons of each MLP) or "attention_out" (what each attention adds); a name
        that ends in ":input" for what goes into a layer. A text that begins with "!" takes out
        what its glob matches, whole or at the end of a name ("!*.dropout"); with nothing else
        named, out of "all".

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
        If an entry matches nothing; the nearest name is suggested. If the model is scripted,
        traced or exported, so that nothing can listen to its layers.

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
       follows a linear map or convolution; softmax is none. Recurrent modules too, whose
       activations are inside. A part of several maps that holds none of these is named in a
       warning;
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
    check_eager(model)
    entries = list_entries(layers)
    taken = [e for e in entries if not _takes_out(e)] or ["all"] * bool(entries)
    found: dict[str, None] = {}
    for entry in taken:
        found.update(dict.fromkeys(_select(model, entry)))
    for entry in entries:
        if _takes_out(entry):
            pattern = str(entry)[1:]
            matched = _matching(model, str(entry), pattern, f"**.{pattern}")
            found = {name: None for name in found if name not in matched}
    if not found:
        got = "an empty list" if not entries else f"{layers!r}, which leaves none"
        raise ValueError(f"layers must select at least one layer, got {got}")
    return list(found)


def are_rules(layers: Layers) -> bool:
    """Whether ``layers`` is made of rules alone, so that unfit layers may be left out.

    Examples
    --------
    >>> are_rules(["all", "!*.dropout"]), are_rules(["auto", "head"])
    (True, False)
    """
    entries = list_entries(layers)
    return all((isinstance(one, str) and one in _RULES) or _takes_out(one) for one in entries)


def list_entries(layers: object) -> list[Any]:
    """Return the entries of ``layers=``, which may be a single one.

    Examples
    --------
    >>> list_entries("auto"), list_entries(["0", "1"])
    (['auto'], ['0', '1'])
    """
    if isinstance(layers, np.ndarray):
        layers = layers.tolist()  # an array of names or numbers
    if isinstance(layers, str | type | slice | Integral):
        return [layers]
    if not isinstance(layers, Iterable):
        raise TypeError(_KINDS.format(type(layers).__name__))
    return list(layers)


def _is_truth(entry: object) -> bool:
    return isinstance(entry, bool)


def _takes_out(entry: object) -> bool:
    return isinstance(entry, str) and entry.startswith("!")


_KINDS = (
    "layers must be a name, a glob, a module type or a list of these, or number blocks by int and "
    "slice, got {}"
)


def _select(model: nn.Module, entry: object) -> list[str]:
    if isinstance(entry, type) and issubclass(entry, nn.Module):
        names = [n for n, m in named_layers(model) if isinstance(m, entry)]
        if not names:
            types = sorted({layer_type(m) for _, m in named_layers(model)})
            raise ValueError(f"layers: no module of type {entry.__name__}; there are {types}")
        return names
    if isinstance(entry, slice) or (isinstance(entry, str) and _SLICE.fullmatch(entry)):
        return _numbered_blocks(model, entry)
    if isinstance(entry, Integral) and not _is_truth(entry):
        return _numbered_blocks(model, operator.index(entry))
    if not isinstance(entry, str):
        raise TypeError(_KINDS.format(repr(entry)))
    if entry == "auto":
        return find_blocks(model)
    if entry in SHORTHANDS:
        return find_shorthand(model, entry)
    if entry == "all":
        return [n for n, m in named_layers(model) if has_forward(m)] or [""]
    if entry.endswith(INPUT):
        return [name + INPUT for name in _matching(model, entry, entry.removesuffix(INPUT))]
    return _matching(model, entry, entry)


def _numbered_blocks(model: nn.Module, which: int | slice | str) -> list[str]:
    blocks = find_blocks(model)
    key = which
    if isinstance(key, str):
        key = slice(*(int(part) if part else None for part in key.split(":")))
    try:
        names = blocks[key] if isinstance(key, slice) else [blocks[key]]
    except (IndexError, ValueError):  # a slice of step 0
        names = []
    if not names:
        raise ValueError(
            f"layers: {which!r} is none of the {len(blocks)} blocks that 'auto' takes: "
            f"{', '.join(blocks)}"
        )
    return names


def _matching(model: nn.Module, entry: str, *patterns: str) -> list[str]:
    """List the layers of a name or glob; an unknown name is an error that names the nearest."""
    found = [n for n, m in named_layers(model) if has_forward(m)]
    names = [n for n in found if any(_matches(n, pattern) for pattern in patterns)]
    # A module registered twice is listed once, but known by both names.
    names += [p for p in patterns if p not in names and has_layer(model, p)]
    if not names:
        raise ValueError(f"layers: {_why_unknown(model, patterns[0], entry, found)}")
    return names


def _why_unknown(model: nn.Module, name: str, entry: str, found: list[str]) -> str:
    modules = dict(model.named_modules(remove_duplicate=False))
    if name in modules and not has_forward(modules[name]):
        return f"{entry!r} is a {layer_type(modules[name])}, which is not called; take '{name}.*'"
    if name in modules:
        return f"{entry!r} works on weights and never sees data; take the layer that holds it"
    return (
        f"{entry!r} matches none of the {len(found)} layers{nearest(name, found)}; "
        "list_layers(model) lists them"
    )


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


Calls: TypeAlias = Literal["each", "last", "first", "mean", "concatenate"]

CALLS = {
    "each": "every call as a layer of its own: name, name#1, name#2, ...",
    "last": "the last call of a forward pass",
    "first": "the first call",
    "mean": "the mean over the calls",
    "concatenate": "the nodes of every call, one call after another",
}

_CALL = re.compile(r"(.+)#(\d+)")


def base_name(name: str) -> str:
    """Return the name of a layer without the number of the call.

    Examples
    --------
    >>> base_name("relu#2"), base_name("relu")
    ('relu', 'relu')
    """
    match = _CALL.fullmatch(name)
    return match[1] if match else name


def call_name(name: str, number: int) -> str:
    """Return the name of a call of a layer, the first having that of the layer.

    Examples
    --------
    >>> call_name("relu", 0), call_name("relu", 2)
    ('relu', 'relu#2')
    """
    return f"{name}#{number}" if number else name


def module_path(name: str) -> str:
    """Return the path of the module that a name of a layer, a call or an input speaks of.

    Examples
    --------
    >>> module_path("fc:input"), module_path("relu#2")
    ('fc', 'relu')
    """
    return base_name(name).removesuffix(INPUT)


def split_calls(model: nn.Module, layers: Layers) -> tuple[Layers, dict[str, set[int]]]:
    """Take the numbers off names of calls, "relu#2", and return them by layer.

    Examples
    --------
    >>> split_calls(nn.Sequential(nn.ReLU()), ["0#1", "0#2"])
    (['0', '0'], {'0': {1, 2}})
    """
    known = dict(model.named_modules(remove_duplicate=False))
    calls: dict[str, set[int]] = {}
    found, whole = [], set()
    for entry in list_entries(layers):
        match = _CALL.fullmatch(entry) if isinstance(entry, str) and entry not in known else None
        if match:
            calls.setdefault(match[1], set()).add(int(match[2]))
        elif isinstance(entry, str):
            whole.add(entry)
        found.append(match[1] if match else entry)
    if not calls:
        return layers, {}
    return found, {k: v for k, v in calls.items() if k not in whole}


def take_turns(model: nn.Module, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Say which calls belong to a name of a module that stands several times in one container.

    Returns
    -------
    dict of str to (int, int)
        Name to (k, m): the calls k, k + m, k + 2 m, ... are those of this name. A name that
        stands for the module wherever it is has (0, 1).

    Examples
    --------
    >>> act = nn.ReLU()
    >>> take_turns(nn.Sequential(nn.Linear(2, 2), act, nn.Linear(2, 2), act), ["3"])
    {'3': (1, 2)}
    """
    turns = {}
    paths = set(map(module_path, names))
    for name in names:
        path = module_path(name)
        parent = path.rpartition(".")[0]
        module = model.get_submodule(path)
        inside = model.get_submodule(parent)._modules.items()
        places = [f"{parent}.{k}" if parent else k for k, child in inside if child is module]
        number = places.index(path) if path in places else 0
        is_one_of = number > 0 or len(paths.intersection(places)) > 1
        turns[name] = (number, len(places)) if is_one_of else (0, 1)
    return turns
