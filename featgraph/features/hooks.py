"""Hooks that reduce the activations of chosen layers as soon as a forward pass makes them."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from featgraph.core.checks import choice
from featgraph.features.layers import (
    CALLS,
    Calls,
    Layers,
    are_rules,
    base_name,
    call_name,
    list_entries,
    module_path,
    select_layers,
    split_calls,
    take_turns,
)
from featgraph.features.layout import batch_axis_error, decisive_leaves
from featgraph.features.masks import MaskOption
from featgraph.features.module_calls import (
    Activation,
    CallsAround,
    ModuleHook,
    find_tensor,
    is_within,
    other_branches,
    pick_activations,
)
from featgraph.features.reduce import Reduce, read_reductions
from featgraph.features.reducing import ActivationReducer, HookedLayer, hooked_layer
from featgraph.features.running import evaluating
from featgraph.features.walk import check_weights, is_leaf, named_layers

__all__ = ["ActivationHooks", "Run", "refuse_turned", "shorten"]

#: Runs the model on inputs that are passed through a function first.
Run: TypeAlias = Callable[[Callable[[Any], Any]], object]


class ActivationHooks:
    """Hooks on the chosen layers of a model, and what they caught in one forward pass.

    Extraction, streaming, tracking and the regulariser all read activations through this class.

    Parameters
    ----------
    model : Module
        The network itself, out of any wrapper.
    layers, reduce, output, calls, mask
        As in :func:`extract_features`.
    for_training : bool, default=False
        Catch in training mode only, keep gradients, and begin anew when the model is called.
        Otherwise gradients are dropped and the user calls :meth:`begin` before each batch.

    Attributes
    ----------
    names : list of str
        The chosen layers. What is caught has the same names, followed by the place in a tuple
        under ``output="all"``, and by the number of the call, from 1, as in "relu#1".
    caught : dict of str to list of Tensor, shape (B, D)
        What was caught in this forward pass, float32 or float64.
    only : str or None
        The one layer to listen to, None for all.
    silent : list of str
        Chosen layers that gave nothing in the last forward pass taken.
    was_run : bool
        Whether the model ran (in training mode, ``for_training``) before the last ``take``.
    """

    def __init__(
        self,
        model: nn.Module,
        layers: Layers,
        *,
        reduce: Reduce | Mapping[str, Reduce] = "auto",
        output: int | str | None = None,
        calls: Calls = "each",
        mask: MaskOption = None,
        for_training: bool = False,
    ) -> None:
        check_weights(model)
        self.model = model
        # A rule may pick what has no features; a name that the user gave may not.
        self.is_rule = are_rules(layers)
        entries = [entry for entry in list_entries(layers) if str(entry)[:1] != "!"]
        self.skips = self.is_rule and ("all" in entries or not entries)
        self.calls = choice(calls, CALLS, "calls")
        self.output, self.for_training = output, for_training
        chosen, wanted = split_calls(model, layers)
        self.names = select_layers(model, chosen)
        turns = take_turns(model, self.names)
        reductions = read_reductions(self.names, reduce)
        self.layers = [
            hooked_layer(model, name, reductions[name], turns[name], wanted.get(name))
            for name in self.names
        ]
        paths = list(dict.fromkeys(layer.path for layer in self.layers))
        self._calls_around = CallsAround(model, paths, self._restart if for_training else None)
        self.reducer = ActivationReducer(model, self._calls_around, mask, is_rule=self.is_rule)
        self.only: str | None = None
        self.silent: list[str] = []
        self.was_run = False
        self.skipped: dict[str, str] = {}
        self.caught: dict[str, list[Tensor]] = {}
        self._n_calls: dict[str, int] = {}
        self._fruitful: set[tuple[str, int]] = set()
        self._has_told_of_skipped = self._has_told_of_branches = False
        self._branches: dict[str, list[tuple[int, ...]]] = {}
        self._handles: list[RemovableHandle] = []

    @property
    def reductions(self) -> dict[str, str]:
        """How each layer was reduced, for results."""
        return self.reducer.reductions

    def attach(self) -> None:
        """Put the hooks on."""
        self._handles += self._calls_around.attach()
        if any(layer.is_input or not decisive_leaves(layer.module) for layer in self.layers):
            # An activation function has the layout of what ran before it.
            for _, leaf in named_layers(self.model):
                if is_leaf(leaf) and any(width for _, width, _ in decisive_leaves(leaf)):
                    hook = ModuleHook(self._note_leaf, "")
                    self._handles.append(leaf.register_forward_hook(hook))
        for layer in self.layers:
            if layer.is_input:
                hook = ModuleHook(self._hear_input, layer)
                handle = layer.module.register_forward_pre_hook(hook, with_kwargs=True)
            else:
                handle = layer.module.register_forward_hook(ModuleHook(self._hear, layer))
            self._handles.append(handle)

    def detach(self) -> None:
        """Take the hooks off; what they caught stays."""
        for handle in self._handles:
            handle.remove()
        self._handles = []

    @contextlib.contextmanager
    def on_batch(self, batch: object) -> Iterator[None]:
        """Keep the hooks on for the forward pass of one batch, whatever happens in it."""
        self.begin(batch)
        try:
            self.attach()
            yield
        finally:
            self.detach()

    def refuse_turned(self, run: Run) -> None:
        """Refuse layers of shape (N, B, D) that look like (B, N, D), as N = B: run on B - 1.

        ``run`` is called with a function that takes the last sample off inputs.
        """
        squares, self.reducer.squares = self.reducer.squares, {}
        for n_samples in {n for _, n in squares.values()}:
            modules = {name: module for name, (module, n) in squares.items() if n == n_samples}
            refuse_turned(self.model, modules, n_samples, run)

    def begin(self, batch: object = None) -> None:
        """Forget the forward pass before; the batch may hold masks."""
        self.caught, self._n_calls, self._fruitful = {}, {}, set()
        self._calls_around.current = {}
        self.reducer.begin(batch)

    def take(self, *, stacklevel: int) -> dict[str, list[Tensor]]:
        """Return what one forward pass gave and forget it; warn of what the user should know.

        ``stacklevel`` counts from here to the line of the user.
        """
        caught = self.caught
        self.silent = [
            call_name(layer.name, number or 0)
            for layer in self.layers
            for number in sorted(layer.wanted or ()) or (None,)
            if not any(n == layer.name and number in (None, k) for n, k in self._fruitful)
        ]
        self.was_run = bool(self._n_calls) or "" in self._calls_around.current
        if self.for_training and self.reducer.squares:
            call = self._calls_around.current.get("")
            values = {} if call is None else call.values
            self.refuse_turned(lambda cut: self.model(**cut(values)))
        self.reducer.warn_of_padding(stacklevel + 1)
        if self.skipped and not self._has_told_of_skipped:
            self._has_told_of_skipped = True
            why = next(iter(self.skipped.values()))
            warnings.warn(
                "layers left out, as they have no batch axis, no clear layout or no activations: "
                f"{list(self.skipped)}; the first: {why}",
                stacklevel=stacklevel,
            )
        if self._branches and not self._has_told_of_branches:
            self._has_told_of_branches = True
            name, shapes = next(iter(self._branches.items()))
            warnings.warn(
                f"of layers that give several Tensors the first is taken: {list(self._branches)}; "
                f"{name!r} gives others of shape {', '.join(map(str, shapes))}; output='all' "
                "takes every one",
                stacklevel=stacklevel,
            )
        self.begin()
        return caught

    def _restart(self, scope: str) -> None:
        """Forget what was caught inside a module that is called anew."""
        self.caught = {n: v for n, v in self.caught.items() if not is_within(module_path(n), scope)}
        self._n_calls = {
            n: k for n, k in self._n_calls.items() if not is_within(module_path(n), scope)
        }

    def _note_leaf(self, _: str, module: nn.Module, *__: object) -> None:
        if not torch.compiler.is_compiling():
            self.reducer.latest = module

    def _hear_input(
        self,
        layer: HookedLayer,
        module: nn.Module,
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
    ) -> None:
        self._hear(layer, module, args, args[0] if args else next(iter(kwargs.values()), None))

    def _hear(self, layer: HookedLayer, module: nn.Module, _: object, output: object) -> None:
        if self.for_training and not self._is_wanted(layer.name, module):
            return
        n_calls, (turn, n_turns) = self._n_calls.get(layer.name, 0), layer.turn
        self._n_calls[layer.name] = n_calls + 1
        number = n_calls // n_turns
        is_left_out = layer.wanted is not None and number not in layer.wanted
        if n_calls % n_turns != turn or is_left_out or (number and self.calls == "first"):
            return
        is_numbered = self.calls == "each" or layer.wanted is not None
        for activation in self._pick(layer, output):
            place = f"{layer.name}{activation.suffix}"
            call = call_name(place, number)
            key = call if is_numbered else place
            value = self._reduce(layer, key, call, activation)
            if value is not None or key in self.skipped:
                self._fruitful.add((layer.name, number))
            if value is not None and self.calls in ("mean", "concatenate"):
                self.caught.setdefault(key, []).append(value)
            elif value is not None:
                self.caught[key] = [value]

    def _is_wanted(self, name: str, module: nn.Module) -> bool:
        if not self.model.training:
            return False
        if getattr(module, "_is_replica", False):
            raise ValueError(
                f"layer {name!r} must not be split over devices by DataParallel, each of which "
                "sees a part of the batch; use DistributedDataParallel"
            )
        # A compiled graph listens to all layers: one that listens to the drawn layer alone
        # would be compiled anew for each. What is not used costs one mean.
        if self.only is None or torch.compiler.is_compiling():
            return True
        return is_within(base_name(self.only), name)

    def _pick(self, layer: HookedLayer, output: object) -> list[Activation]:
        n_samples = self.reducer.count_samples(layer)
        picked = pick_activations(output, self.output, layer=layer.name, n_samples=n_samples)
        if picked and self.is_rule and self.output is None and not self.for_training:
            branches = other_branches(output, picked[0].values)
            self._branches |= {layer.name: branches} if branches else {}
        if not picked and not self.is_rule:
            kind = "nothing" if output is None else f"no Tensor but {type(output).__name__}"
            raise ValueError(f"layer {layer.name!r} gives {kind}; choose another layer")
        return picked

    def _reduce(
        self, layer: HookedLayer, key: str, call: str, activation: Activation
    ) -> Tensor | None:
        values = activation.values if self.for_training else activation.values.detach()
        if self.is_rule and values.shape[1:].numel() < 2:
            return None
        try:
            value = self.reducer.reduce(layer, key, call, activation._replace(values=values))
        except ValueError as error:
            if not (self.skips or activation.suffix):
                raise
            self.skipped.setdefault(key, str(error))
            return None
        return None if self.is_rule and value.shape[1] < 2 else value


def refuse_turned(
    model: nn.Module, squares: Mapping[str, nn.Module], n_samples: int, run: Run
) -> None:
    """Run a model on one sample less, and refuse layers whose second axis is the batch.

    Parameters
    ----------
    model : Module
        The model.
    squares : mapping of str to Module
        Layers that gave (B, B, D) for B samples.
    n_samples : int
        B, at least 2.
    run : callable
        Called with a function that takes the last sample off inputs.

    Raises
    ------
    ValueError
        As ``choose_layout`` for sequences first. A model that cannot run on fewer samples is let
        pass.
    """
    shapes: dict[str, tuple[int, ...]] = {}

    def keep(name: str, output: object) -> None:
        tensor = find_tensor(output)
        if tensor is not None and not tensor.is_nested:
            shapes[name] = tuple(tensor.shape)

    handles = [
        module.register_forward_hook(lambda m, i, output, name=name: keep(name, output))
        for name, module in squares.items()
    ]
    try:
        with contextlib.suppress(Exception), evaluating(model):
            run(lambda inputs: shorten(inputs, n_samples))
    finally:
        for handle in handles:
            handle.remove()
    for name, shape in shapes.items():
        if len(shape) == 3 and shape[:2] == (n_samples, n_samples - 1):
            raise batch_axis_error((n_samples, n_samples, shape[2]), n_samples, name)


def shorten(inputs: Any, n_samples: int) -> Any:
    """Take the last sample off whatever has one row per sample.

    Examples
    --------
    >>> import torch
    >>> shorten({"x": torch.zeros(3, 2), "names": ["a", "b", "c"], "scale": 2.0}, 3)["names"]
    ['a', 'b']
    """
    if isinstance(inputs, Mapping):
        return {key: shorten(value, n_samples) for key, value in inputs.items()}
    if isinstance(inputs, Tensor):
        is_batch = inputs.ndim > 0 and not inputs.is_nested and len(inputs) == n_samples
        return inputs[:-1] if is_batch else inputs
    if type(inputs) not in (tuple, list):
        return inputs
    are_columns = any(isinstance(v, Tensor) and v.ndim and len(v) == n_samples for v in inputs)
    if len(inputs) == n_samples and not are_columns:
        return inputs[:-1]
    return type(inputs)(shorten(value, n_samples) for value in inputs)
