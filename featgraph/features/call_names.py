"""Names of layers that run several times in a forward pass: relu, relu#1, relu#2, ..."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, TypeAlias

from torch import nn

from featgraph.features.layers import Layers, list_entries
from featgraph.features.shorthands import INPUT

__all__ = ["CALLS", "Calls", "base_name", "call_name", "module_path", "split_calls", "take_turns"]

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
