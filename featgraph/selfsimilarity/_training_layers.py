"""Layers that the regulariser watches: their last features, from all processes together."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.autograd.function import once_differentiable

from featgraph.features.hooks import ActivationHooks

__all__ = ["LEAST_NODES", "TrainingLayers", "device_of", "gather_samples", "is_constant"]

# Below 8 nodes log N takes a handful of values and SS_rate says nothing about a power law.
LEAST_NODES = 8
_RULE = f"a layer must be called and have at least {LEAST_NODES} nodes"
# Nodes that differ by less than this share of the largest activation differ by rounding only.
ROUNDING = 1e-6


class TrainingLayers:
    """The chosen layers of a model in training.

    Attributes
    ----------
    names : list of str
        The layers; those of a rule that turn out unfit are dropped after the first forward pass,
        and the calls of a module that runs several times are added.
    is_settled : bool
        Whether a first forward pass was seen.
    """

    def __init__(self, hooks: ActivationHooks) -> None:
        self.hooks = hooks
        self.names = list(hooks.names)
        self.is_settled = False

    @property
    def drawn(self) -> str | None:
        """The layer to keep in the next forward pass, None for all."""
        return self.hooks.only

    @drawn.setter
    def drawn(self, name: str | None) -> None:
        self.hooks.only = name

    def take(self) -> dict[str, Tensor]:
        """Return what the last forward pass gave, (B, D) by layer, and forget it."""
        caught = {
            name: _join(values, self.hooks)
            for name, values in self.hooks.take(stacklevel=4).items()
        }
        if not caught and self.hooks.was_run:
            why = next(
                iter(self.hooks.skipped.values()), f"layers {self.hooks.silent} give nothing"
            )
            raise ValueError(f"{_RULE}, and none is left: {why}; choose other layers")
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
        problems = dict.fromkeys(self.hooks.silent, "is not called in training, or gives no Tensor")
        problems |= {
            name: f"has {values.shape[1]} nodes"
            for name, values in caught.items()
            if values.shape[1] < LEAST_NODES
        }
        fit = [name for name in caught if name not in problems]
        listed = "; ".join(f"layer {name!r} {why}" for name, why in problems.items())
        if problems and (not fit or not self.hooks.is_rule):
            raise ValueError(f"{_RULE}: {listed}; choose other layers")
        if problems:
            warnings.warn(f"{_RULE}; left out: {listed}", stacklevel=4)
        self.names, self.is_settled = fit, True


def _join(values: list[Tensor], hooks: ActivationHooks) -> Tensor:
    if len(values) == 1:
        return values[0]
    return torch.stack(values).mean(0) if hooks.calls == "mean" else torch.cat(values, dim=1)


def is_constant(values: Tensor) -> bool:
    """Whether nodes differ by rounding only; the gradient would be noise, however large."""
    spread = (values.amax(dim=0) - values.amin(dim=0)).max()
    return bool(spread <= ROUNDING * values.abs().max())


def device_of(model: nn.Module) -> torch.device:
    """Return the device of a model, main memory for one without parameters."""
    parameter = next(model.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device


def gather_samples(values: Tensor) -> Tensor:
    """Return the rows of all processes, shape (total, D), in the order of the processes.

    Every process computes the same loss from the same rows, so the gradient of that loss by
    one's own rows is known here without communication. DistributedDataParallel takes the mean of
    the gradients over the processes, where the sum belongs; hence the factor: the number of
    processes.
    """
    gathered: Tensor = _Gather.apply(values)  # type: ignore[no-untyped-call]
    return gathered


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:
        world, rank = distributed.get_world_size(), distributed.get_rank()
        length = torch.tensor([len(values)], device=values.device)
        lengths = [torch.empty_like(length) for _ in range(world)]
        distributed.all_gather(lengths, length)
        sizes = [int(size) for size in lengths]
        # Processes may hold batches of different length; a collective may not.
        padded = values.new_zeros(max(sizes), values.shape[1])
        padded[: len(values)] = values
        parts = [torch.empty_like(padded) for _ in range(world)]
        distributed.all_gather(parts, padded)
        start = sum(sizes[:rank])
        ctx.own, ctx.world = slice(start, start + sizes[rank]), world
        return torch.cat([part[:size] for part, size in zip(parts, sizes, strict=True)])

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        own: Tensor = ctx.world * grad[ctx.own]
        return own
