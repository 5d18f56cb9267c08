"""Hooks that reduce the activations of chosen layers as soon as a forward pass makes them."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from featgraph.core.checks import choice
from featgraph.features.around import CallsAround, ModuleHook, is_within
from featgraph.features.batches import batch_members, count_samples
from featgraph.features.call_names import (
    CALLS,
    Calls,
    base_name,
    call_name,
    list_entries,
    split_calls,
    take_turns,
)
from featgraph.features.layers import Layers, select_layers
from featgraph.features.layout import (
    decisive_leaves,
    declared_channels,
    is_batch_second,
    module_before,
)
from featgraph.features.masks import Arguments, MaskOption, MaskSearch, given_mask, search_mask
from featgraph.features.outputs import Activation, pick_activations
from featgraph.features.padding import find_padding, padding_id
from featgraph.features.reduce import (
    Reduce,
    apply_reduction,
    name_reduction,
    read_reductions,
    resolve_layout,
)
from featgraph.features.walk import is_leaf, named_layers

__all__ = ["ActivationHooks"]

# Reductions that do not average over tokens; what they give may be a view.
_UNAVERAGED = ("none", "flatten", "cls", "last", "tokens_as_samples")


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
    reductions : dict of str to str
        How each was reduced, for results.
    only : str or None
        The one layer to listen to, None for all.
    silent : list of str
        Chosen layers that gave nothing in the last forward pass taken.
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
        self.model = model
        # A rule may pick what has no features; a name that the user gave may not.
        entries = [e for e in list_entries(layers) if not str(e).startswith("!")]
        self.is_rule = all(isinstance(e, str) and e in ("auto", "all") for e in entries)
        self.skips = self.is_rule and "all" in entries
        self.calls = choice(calls, CALLS, "calls")
        self.output, self.mask, self.for_training = output, mask, for_training
        chosen, self.wanted_calls = split_calls(model, layers)
        self.names = select_layers(model, chosen)
        self.turns = take_turns(model, self.names)
        self.reduce = read_reductions(self.names, reduce)
        self.modules = {name: model.get_submodule(name) for name in self.names}
        self.before = {name: module_before(model, name) for name in self.names}
        self.declared = {name: declared_channels(model, name) for name in self.names}
        self.layouts: dict[str, str] = {}
        self.reductions: dict[str, str] = {}
        self.skipped: dict[str, str] = {}
        self.silent: list[str] = []
        self.only: str | None = None
        self.caught: dict[str, list[Tensor]] = {}
        self._n_calls: dict[str, int] = {}
        self._is_batch_second = any(is_batch_second(m) for m in model.modules())
        self._calls_around = CallsAround(model, self.names, self._restart if for_training else None)
        self._batch: object = None
        self._fruitful: set[tuple[str, int]] = set()
        self._has_told = False
        self._latest: nn.Module | None = None
        self._suspect: tuple[str, Tensor] | None = None
        self._vague: str | None = None
        self._has_warned = mask is False
        self._handles: list[RemovableHandle] = []

    def attach(self) -> None:
        """Put the hooks on."""
        self._handles += self._calls_around.attach()
        if any(not decisive_leaves(module) for module in self.modules.values()):
            # An activation function has the layout of what ran before it.
            for _, leaf in named_layers(self.model):
                if is_leaf(leaf) and any(width for _, width, _ in decisive_leaves(leaf)):
                    hook = ModuleHook(self._note_leaf, "")
                    self._handles.append(leaf.register_forward_hook(hook))
        for name, module in self.modules.items():
            self._handles.append(module.register_forward_hook(ModuleHook(self._hear, name)))

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

    def begin(self, batch: object = None) -> None:
        """Forget the forward pass before; the batch may hold masks."""
        self.caught, self._n_calls, self._fruitful = {}, {}, set()
        self._calls_around.current = {}
        self._batch = batch
        self._latest = self._suspect = None

    def take(self) -> dict[str, list[Tensor]]:
        """Return what one forward pass gave and forget it; warn of what the user should know."""
        caught = self.caught
        self.silent = [
            call_name(name, number or 0)
            for name in self.names
            for number in sorted(self.wanted_calls.get(name, ())) or (None,)
            if not any(n == name and number in (None, k) for n, k in self._fruitful)
        ]
        if not self._has_warned:
            self._warn_of_padding()
        if self.skipped and not self._has_told:
            self._has_told = True
            warnings.warn(
                f"left out, as they have no batch axis or no clear layout: {list(self.skipped)}; "
                f"{next(iter(self.skipped.values()))}",
                stacklevel=4,
            )
        self.begin()
        return caught

    def _restart(self, scope: str) -> None:
        """Forget what was caught inside a module that is called anew."""
        self.caught = {n: v for n, v in self.caught.items() if not is_within(base_name(n), scope)}
        self._n_calls = {n: k for n, k in self._n_calls.items() if not is_within(n, scope)}

    def _note_leaf(self, _: str, module: nn.Module, *__: object) -> None:
        if not torch.compiler.is_compiling():
            self._latest = module

    def _hear(self, name: str, module: nn.Module, _: object, output: object) -> None:
        if self.for_training and not self._is_wanted(name, module):
            return
        n_calls, (turn, n_turns) = self._n_calls.get(name, 0), self.turns[name]
        self._n_calls[name] = n_calls + 1
        number, wanted = n_calls // n_turns, self.wanted_calls.get(name)
        if (
            n_calls % n_turns != turn
            or (wanted is not None and number not in wanted)
            or (number and self.calls == "first")
        ):
            return
        is_numbered = self.calls == "each" or wanted is not None
        for activation in self._pick(name, output):
            place = f"{name}{activation.suffix}"
            call = call_name(place, number)
            key = call if is_numbered else place
            value = self._reduce(name, key, call, module, activation)
            if value is not None or key in self.skipped:
                self._fruitful.add((name, number))
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

    def _pick(self, name: str, output: object) -> list[Activation]:
        picked = pick_activations(output, self.output, layer=name)
        if not picked and not self.is_rule:
            raise ValueError(
                f"layer {name!r} gives no Tensor but {type(output).__name__}; choose another layer"
            )
        return picked

    def _reduce(
        self, name: str, key: str, call: str, module: nn.Module, activation: Activation
    ) -> Tensor | None:
        values = activation.values if self.for_training else activation.values.detach()
        if self.is_rule and values.shape[1:].numel() < 2:
            return None
        try:
            value = self._reduce_dense(name, key, call, module, values, activation.mask)
        except ValueError as error:
            if not (self.skips or activation.suffix):
                raise
            self.skipped.setdefault(key, str(error))
            return None
        return None if self.is_rule and value.shape[1] < 2 else value

    def _reduce_dense(
        self,
        name: str,
        key: str,
        call: str,
        module: nn.Module,
        values: Tensor,
        own_mask: Tensor | None,
    ) -> Tensor:
        reduce, shape = self.reduce[name], tuple(values.shape)
        if callable(reduce) is False and not values.dtype.is_floating_point:
            _refuse_numbers(values, key)
        found = MaskSearch(own_mask)
        if own_mask is None and self.mask is not False and len(shape) > 2:
            found = self._search_mask(name, shape)
        # One that does not fit is refused, and named, where it is used.
        mask = found.misfit if found.mask is None and len(shape) == 3 else found.mask
        layout = self._layout(name, key, call, module, shape, mask, is_packed=own_mask is not None)
        value = apply_reduction(values, reduce=reduce, layout=layout, mask=mask, layer=key)
        self.reductions[key] = name_reduction(reduce, layout, is_masked=mask is not None)
        n_samples = self._count_samples(name, shape)
        is_automatic = reduce == "auto" and n_samples is not None
        if is_automatic and len(value) != n_samples:
            raise ValueError(
                f"layer {key!r} gives {len(value)} rows for a batch of {n_samples} samples "
                f"under {layout!r}; give reduce= if you know the layout"
            )
        if mask is None and len(shape) == 3 and not callable(reduce) and reduce not in _UNAVERAGED:
            self._suspect = self._suspect or (None if found.ids is None else (key, found.ids))
            self._vague = self._vague or found.vague
        # A view would be overwritten by a later in-place operation and keep the whole alive.
        is_view = len(shape) == 2 or callable(reduce) or reduce in _UNAVERAGED or layout == "none"
        return value.clone() if is_view else value

    def _layout(
        self,
        name: str,
        key: str,
        call: str,
        module: nn.Module,
        shape: tuple[int, ...],
        mask: Tensor | None,
        *,
        is_packed: bool,
    ) -> str:
        reduce = self.reduce[name]
        if callable(reduce):
            return ""
        if is_packed and reduce in ("auto", "tokens_as_samples"):
            return "tokens"
        if call in self.layouts:
            return self.layouts[call]
        options: dict[str, Any] = {
            "reduce": reduce,
            "mask": mask,
            "module": module,
            "declared": self.declared[name],
            "n_samples": self._count_samples(name, shape),
            "layer": key,
        }
        try:
            layout = resolve_layout(shape, before=self._latest or self.before[name], **options)
        except ValueError:
            if self._latest is None:
                raise
            layout = resolve_layout(shape, before=self.before[name], **options)
        if layout == "tokens" and reduce == "auto" and mask is None and self._is_batch_second:
            # The first axis looks like the batch, but is the sequence if the input starts so.
            raise ValueError(
                f"layer {key!r} gives shape {shape}, whose layout is ambiguous: the model has "
                "modules made with batch_first=False; give reduce='tokens' for (B, N, D) or "
                "'sequence_first' for (N, B, D)"
            )
        if not torch.compiler.is_compiling():
            self.layouts[call] = layout
        return layout

    def _count_samples(self, name: str, shape: tuple[int, ...]) -> int | None:
        """Return the number of samples in the batch as far as it is known."""
        if shape and shape[0] == getattr(self._batch, "num_graphs", None):
            return shape[0]
        call = self._calls_around.outermost(name)
        return None if call is None else count_samples(call.values)

    def _search_mask(self, name: str, shape: tuple[int, ...]) -> MaskSearch:
        around = self._calls_around.around(name)
        members = batch_members(self._batch)
        if members:
            is_target = self._calls_around.paths[name][-1][1]
            around.append((Arguments(members, frozenset(members)), is_target))
        return search_mask(around, shape, given=self._given_mask(name, members))

    def _given_mask(self, name: str, members: Mapping[str, object]) -> Tensor | None:
        option: object = self.mask
        if isinstance(option, Mapping):
            fits = [prefix for prefix in option if is_within(name, prefix)]
            option = option[max(fits, key=len)] if fits else None
        if option is None:
            return None
        batch = self._batch
        if batch is None:
            call = self._calls_around.outermost(name)
            members = {} if call is None else call.values
            batch = next(iter(members.values())) if len(members) == 1 else members
        return given_mask(option, batch, members)

    def _warn_of_padding(self) -> None:
        if self._vague is not None:
            said = (
                f"the argument {self._vague!r} may be a mask, but what its ones mean is not clear, "
                "so means over tokens take in all of them; give mask="
            )
        elif self._suspect is not None:
            layer, ids = self._suspect
            padding = find_padding(ids, pad_id=padding_id(self.model))
            if padding is None:
                return
            said = (
                f"the inputs look padded: the id {padding[0]} is repeated at the {padding[1]} of "
                f"samples, and means over tokens take the padding in (layer {layer!r}); put an "
                f"attention_mask into the batch, or give mask=, such as "
                f"mask=lambda batch: batch != {padding[0]}"
            )
        else:
            return
        self._has_warned = True
        warnings.warn(f"{said}, or mask=False if all tokens are real", stacklevel=5)


def _refuse_numbers(values: Tensor, layer: str) -> None:
    """Refuse whole numbers and truth values; what is complex or sparse is refused elsewhere."""
    if values.is_complex() or values.is_quantized or values.layout != torch.strided:
        return
    raise ValueError(
        f"layer {layer!r} gives {values.dtype}, whole numbers and no activations; choose another "
        "layer or output=, or give reduce= a function of (activation, mask) that makes (B, D) of it"
    )
