"""The calls of the modules around a layer: how many samples there are, and which masks."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from torch import nn
from torch.utils.hooks import RemovableHandle

from featgraph.features.masks import Arguments

__all__ = ["CallsAround", "ModuleHook"]


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
        if self.on_start is not None and not self._is_inside(scope):
            if not module.training:
                return
            self.current = {s: a for s, a in self.current.items() if not is_within(s, scope)}
            self.on_start(scope)
        names = self.parameters[scope]
        values = {names[k] if k < len(names) else str(k): value for k, value in enumerate(args)}
        self.current[scope] = Arguments({**values, **kwargs}, frozenset({*names, *kwargs}))

    def _is_inside(self, scope: str) -> bool:
        """Whether a module around this one was called in this forward pass."""
        return any(scope != other and is_within(scope, other) for other in self.current)


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
