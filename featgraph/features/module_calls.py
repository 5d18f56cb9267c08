"""Calls of modules: the activations that they return, and what calls around a layer tell of it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence
from torch.utils.hooks import RemovableHandle

from featgraph.features.layout import name_layer
from featgraph.features.masks import Arguments

__all__ = [
    "Activation",
    "CallsAround",
    "ModuleHook",
    "densify",
    "find_tensor",
    "other_branches",
    "pick_activations",
]


class Activation(NamedTuple):
    """A Tensor that a layer gave.

    ``suffix`` follows the name of the layer ("" or ".1"). ``mask`` says which tokens are real
    where the output itself does, as packed sequences and nested Tensors do; such an activation
    has shape (B, N, D).
    """

    suffix: str
    values: Tensor
    mask: Tensor | None


def find_tensor(value: object) -> Tensor | None:
    """Return the first Tensor in nested tuples, lists, dicts and dataclass-like outputs.

    Examples
    --------
    >>> find_tensor({"cache": None, "state": [torch.ones(1), torch.zeros(1)]})
    tensor([1.])
    """
    for _, found in _walk(value, ""):
        return found if isinstance(found, Tensor) else found.data
    return None


def pick_activations(
    output: object,
    member: int | str | None = None,
    *,
    layer: str | None = None,
    n_samples: int | None = None,
) -> list[Activation]:
    """List the activations in an output: the first Tensor, a member of one's choice, or all.

    Parameters
    ----------
    output : object
        What a module returned.
    member : int, str or None, default=None
        A place in a tuple or a name in a dict; "all" for every Tensor in it; None for the first.
    layer : str or None, default=None
        Name for messages.
    n_samples : int or None, default=None
        Length of the batch, if known: the first Tensor that has an axis for it goes before one
        that has none, as the tokens of pixels in TNT.

    Raises
    ------
    ValueError
        If there is no such member.

    Examples
    --------
    >>> output = (torch.zeros(2, 3), {"cache": torch.zeros(2, 4)})
    >>> [(a.suffix, a.values.shape[1]) for a in pick_activations(output, "all")]
    [('.0', 3), ('.1.cache', 4)]
    """
    if member == "all":
        found = list(_walk(output, ""))
    elif member is None:
        values = [value for _, value in _walk(output, "")]
        fits = [value for value in values if _has_batch(value, n_samples)]
        found = [("", value) for value in (fits or values)[:1]]
    else:
        found = [("", value) for _, value in _walk(_member(output, member, layer), "")][:1]
    return [_as_activation(suffix, value) for suffix, value in found]


def _has_batch(value: Tensor | PackedSequence, n_samples: int | None) -> bool:
    if n_samples is None or isinstance(value, PackedSequence) or value.is_nested:
        return True
    return n_samples in value.shape[:2]


def other_branches(output: object, taken: Tensor) -> list[tuple[int, ...]]:
    """List the shapes of other Tensors in an output that look like activations of a branch.

    They have as many axes as the one that was taken, three at least, the same batch, and other
    lengths: the branches of CrossViT and HRNet, not attention weights or states.

    Examples
    --------
    >>> taken = torch.zeros(2, 9, 4)
    >>> other_branches([taken, torch.zeros(2, 5, 8), torch.zeros(2, 3, 9, 9)], taken)
    [(2, 5, 8)]
    """
    if isinstance(output, Tensor) or taken.ndim < 3 or taken.is_nested:
        return []
    tensors = [value for _, value in _walk(output, "") if isinstance(value, Tensor)]
    return [
        tuple(value.shape)
        for value in tensors
        if not value.is_nested
        and value.ndim == taken.ndim
        and value.shape[0] == taken.shape[0]
        and value.shape != taken.shape
        and value.is_floating_point()
    ]


def _member(output: object, member: int | str, layer: str | None) -> object:
    if isinstance(output, Tensor | PackedSequence):
        if member in (0, -1):
            return output
    elif hasattr(output, "__dataclass_fields__") and not isinstance(output, Mapping):
        if isinstance(member, str) and hasattr(output, member):
            return getattr(output, member)
    else:
        try:
            return output[member]  # type: ignore[index]
        except (KeyError, IndexError, TypeError):
            pass
    has = ""
    if isinstance(output, Mapping):
        has = f" with {list(output)}"
    elif isinstance(output, tuple | list):
        has = f" of {len(output)}"
    raise ValueError(
        f"output={member!r} names no member of what {name_layer(layer)} gives, "
        f"a {type(output).__name__}{has}; give output=None for its first Tensor, or choose "
        "layers that have this member"
    )


def _walk(value: object, suffix: str) -> Iterator[tuple[str, Tensor | PackedSequence]]:
    if isinstance(value, Tensor | PackedSequence):
        yield suffix, value
        return
    if isinstance(value, np.ndarray):
        yield suffix, torch.from_numpy(value)
        return
    members: list[tuple[object, object]] = []
    if isinstance(value, Mapping):
        members = list(value.items())
    elif isinstance(value, tuple | list):
        members = list(enumerate(value))
    elif hasattr(value, "__dataclass_fields__"):
        members = [(name, getattr(value, name)) for name in value.__dataclass_fields__]
    for name, inner in members:
        yield from _walk(inner, f"{suffix}.{name}")


def _as_activation(suffix: str, value: Tensor | PackedSequence) -> Activation:
    if isinstance(value, PackedSequence):
        values, lengths = pad_packed_sequence(value, batch_first=True)
        return Activation(suffix, values, _lengths_mask(lengths, values))
    return Activation(suffix, *densify(value))


def densify(activation: Tensor) -> tuple[Tensor, Tensor | None]:
    """Return a nested Tensor as a padded one with its mask; any other as it is, without.

    Examples
    --------
    >>> parts = [torch.ones(2, 1), torch.ones(1, 1)]
    >>> nested = torch.nested.nested_tensor(parts, layout=torch.jagged)
    >>> [part.shape for part in densify(nested)]
    [torch.Size([2, 2, 1]), torch.Size([2, 2])]
    """
    if not activation.is_nested:
        return activation, None
    lengths = torch.tensor([len(part) for part in activation.unbind()])
    dense = torch.nested.to_padded_tensor(activation, 0.0)
    return dense, _lengths_mask(lengths, dense)


def _lengths_mask(lengths: Tensor, values: Tensor) -> Tensor:
    places = torch.arange(values.shape[1], device=values.device)
    return places < lengths.to(values.device)[:, None]


class ModuleHook:
    """A hook that stays behind: copies and pickles of a model carry one that does nothing."""

    def __init__(self, call: Callable[..., None], layer: Any) -> None:
        self.call, self.layer = call, layer

    def __call__(self, module: nn.Module, *values: Any) -> None:
        self.call(self.layer, module, *values)

    def __reduce__(self) -> tuple[Any, ...]:
        return ModuleHook, (_do_nothing, None)

    def __deepcopy__(self, memo: object) -> ModuleHook:
        return ModuleHook(_do_nothing, None)


def _do_nothing(*_: Any) -> None:
    """Take no notice."""


class CallsAround:
    """Hooks that note what the modules around some layers, and the layers, are called with.

    Attributes
    ----------
    current : dict of str to Arguments
        Name of a module ("" is the model) to its last call in this forward pass.
    """

    def __init__(
        self, model: nn.Module, names: list[str], on_start: Callable[[str], None] | None = None
    ) -> None:
        self.model = model
        self.current: dict[str, Arguments] = {}
        self.on_start = on_start
        #: Layer to the modules around it, nearest first, and whether it is on the target side.
        self.paths = {name: _path(model, name) for name in names}
        modules = {scope for path in self.paths.values() for scope, _ in path}
        self.parameters = {scope: _parameters(model.get_submodule(scope)) for scope in modules}

    def attach(self) -> list[RemovableHandle]:
        """Put the hooks on and return their handles."""
        return [
            self.model.get_submodule(scope).register_forward_pre_hook(
                ModuleHook(self._note, scope), with_kwargs=True
            )
            for scope in self.parameters
        ]

    def around(self, name: str) -> list[tuple[Arguments, bool]]:
        """List the calls around a layer, nearest first, as ``search_mask`` takes them."""
        return [(self.current[s], target) for s, target in self.paths[name] if s in self.current]

    def outermost(self, name: str) -> Arguments | None:
        """Return the outermost call around a layer, that of the model if it was called."""
        scopes = [scope for scope, _ in self.paths[name] if scope in self.current]
        return self.current[scopes[-1]] if scopes else None

    def _note(
        self, scope: str, module: nn.Module, args: tuple[object, ...], kwargs: Mapping[str, object]
    ) -> None:
        if self.on_start is not None and not any(
            scope != s and is_within(scope, s) for s in self.current
        ):
            if not module.training:
                return
            self.current = {s: a for s, a in self.current.items() if not is_within(s, scope)}
            self.on_start(scope)
        names = self.parameters[scope]
        values = {names[k] if k < len(names) else str(k): value for k, value in enumerate(args)}
        self.current[scope] = Arguments({**values, **kwargs}, frozenset({*names, *kwargs}))


def is_within(name: str, scope: str) -> bool:
    """Whether a dotted name is that of a module or of a part of it.

    Examples
    --------
    >>> is_within("a.b", "a"), is_within("ab", "a"), is_within("a", "")
    (True, False, True)
    """
    return scope in ("", name) or name.startswith(f"{scope}.")


def _path(model: nn.Module, name: str) -> list[tuple[str, bool]]:
    parts = name.split(".") if name else []
    scopes = [".".join(parts[:k]) for k in range(len(parts), -1, -1)]
    path, is_target = [], False
    for scope in scopes:
        path.append((scope, is_target))
        last = scope.rpartition(".")[2].lower()
        named = last.startswith("dec") or "decoder" in last
        is_target = is_target or named or "Decoder" in type(model.get_submodule(scope)).__name__
    return path


def _parameters(module: nn.Module) -> tuple[str, ...]:
    """Names of the parameters of ``forward`` that a position or a keyword may give."""
    try:
        parameters = inspect.signature(module.forward).parameters.values()
    except (TypeError, ValueError):
        return ()
    return tuple(p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD))
