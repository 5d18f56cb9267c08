"""Hooks that keep the mean activations of layers, with their gradients, while a model trains."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from featgraph.features.batches import find_tensor
from featgraph.features.capture import read_layouts
from featgraph.features.layers import Layers, select_layers
from featgraph.features.layout import choose_layout, declared_channels, module_before
from featgraph.features.reduce import Reduce, reduce_mean

__all__ = ["LEAST_NODES", "Listener"]

# Below 8 nodes log N takes a handful of values and SS_rate says nothing about a power law.
LEAST_NODES = 8


class Listener:
    """Hooks on the chosen layers of a model.

    Attributes
    ----------
    names : list of str
        The layers; those of a rule that turn out unfit are dropped at the first forward pass.
    wanted : str or None
        The layer to keep in the next forward pass, None for all.
    caught : dict of str to Tensor, shape (B, D)
        What the last forward pass in training gave, float32 or float64.
    """

    def __init__(
        self, model: nn.Module, layers: Layers, reduce: Reduce | Mapping[str, Reduce]
    ) -> None:
        self.model = model
        self.lenient = isinstance(layers, str) and layers in ("auto", "all")
        self.names = select_layers(model, layers)
        self.layouts = read_layouts(self.names, reduce)
        self.wanted: str | None = None
        self.caught: dict[str, Tensor] = {}
        self.is_settled = False
        self.handles: list[RemovableHandle] = []

    def attach(self) -> None:
        """Put the hooks on."""
        for name in self.names:
            before = module_before(self.model, name)
            hook = _Hook(self, name, before, declared_channels(self.model, name))
            self.handles.append(self.model.get_submodule(name).register_forward_hook(hook))

    def remove(self) -> None:
        """Take the hooks off; the model is as before."""
        for handle in self.handles:
            handle.remove()
        self.handles, self.caught = [], {}

    def take(self) -> dict[str, Tensor]:
        """Return what the last forward pass gave, and forget it."""
        caught, self.caught = self.caught, {}
        if not caught:
            raise ValueError(
                "the regulariser needs a forward pass of the model in training mode before each "
                "call, got none; call model(inputs) first, and reg() once after it (a model that "
                "torch.compile ran before the regulariser was made must be compiled again)"
            )
        if not self.is_settled:
            self._settle(caught)
        return caught

    def _settle(self, caught: Mapping[str, Tensor]) -> None:
        """Look at the first forward pass: leave out, or refuse, what has no SS_rate to speak of."""
        problems = {}
        for name in self.names:
            if name not in caught:
                problems[name] = "is not called in training, or gives no Tensor"
            elif caught[name].shape[1] < LEAST_NODES:
                problems[name] = f"has {caught[name].shape[1]} nodes"
        fit = [name for name in self.names if name not in problems]
        listed = "; ".join(f"layer {name!r} {why}" for name, why in problems.items())
        rule = f"a layer must be called and have at least {LEAST_NODES} nodes"
        if problems and (not fit or not self.lenient):
            raise ValueError(f"{rule}: {listed}; choose other layers")
        if problems:
            warnings.warn(f"{rule}; left out: {listed}", stacklevel=4)
        self.names, self.is_settled = fit, True

    def hear(
        self,
        name: str,
        module: nn.Module,
        before: nn.Module | None,
        declared: tuple[int, bool] | None,
        output: object,
    ) -> None:
        """Keep the mean activation of a layer, if it is wanted now."""
        if not self.model.training:
            return
        if getattr(module, "_is_replica", False):
            raise ValueError(
                f"layer {name!r} must not be split over devices by DataParallel, each of which "
                "sees a part of the batch; use DistributedDataParallel"
            )
        # A compiled graph listens to all layers: one that listens to the drawn layer alone
        # would be compiled anew for each. What is not used costs one mean.
        single = self.is_settled and not torch.compiler.is_compiling()
        if single and self.wanted not in (None, name):
            return
        activation = find_tensor(output)
        if activation is None or activation.ndim < 2:
            return
        layout = self.layouts[name]
        if layout == "auto":
            layout = choose_layout(
                tuple(activation.shape),
                module=module,
                before=before,
                declared=declared,
                layer=name,
            )
        mean = reduce_mean(activation, reduce=layout, layer=name)
        # A view would be overwritten by a later in-place operation, such as ReLU(inplace=True).
        shared = activation.ndim == 2 or layout in ("none", "flatten", "cls")
        self.caught[name] = mean.clone() if shared else mean


class _Hook:
    """One hook; a copy or pickle of the model carries a deaf one."""

    def __init__(
        self,
        listener: Listener,
        name: str,
        before: nn.Module | None,
        declared: tuple[int, bool] | None,
    ) -> None:
        self.listener, self.name, self.before, self.declared = listener, name, before, declared

    def __call__(self, module: nn.Module, _: Any, output: object) -> None:
        self.listener.hear(self.name, module, self.before, self.declared, output)

    def __reduce__(self) -> tuple[Any, ...]:
        return _DeafHook, ()

    def __deepcopy__(self, memo: object) -> _DeafHook:
        return _DeafHook()


class _DeafHook:
    def __call__(self, *_: object) -> None:
        """Hear nothing."""
