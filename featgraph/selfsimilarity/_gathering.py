"""Features of all processes together, with gradients into one's own."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed
from torch.autograd.function import once_differentiable

from featgraph.core.processes import agree_on, is_distributed

__all__ = ["agree_on", "gather_samples", "is_distributed"]


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
