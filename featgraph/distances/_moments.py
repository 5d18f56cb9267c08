"""Mean, deviation and range of each node's activation, joined over batches and processes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, distributed

__all__ = ["NodeMoments"]


@dataclass
class NodeMoments:
    """What is known of each row after ``n_samples`` columns; tensors have shape (n_nodes,)."""

    n_samples: int
    mean: Tensor
    squares: Tensor  # sum of squared deviations from the mean
    lowest: Tensor
    highest: Tensor

    @classmethod
    def of(cls, values: Tensor) -> NodeMoments:
        """Return the moments of the rows of ``values``, in float64."""
        wide = values.double()
        mean = wide.mean(dim=1)
        squares = (wide - mean[:, None]).square_().sum(dim=1)
        return cls(values.shape[1], mean, squares, *wide.aminmax(dim=1))

    @property
    def deviation(self) -> Tensor:
        """Population standard deviation of each node."""
        return (self.squares / self.n_samples).sqrt()

    @property
    def is_silent(self) -> Tensor:
        """Whether a node has one value for all samples."""
        return self.lowest == self.highest

    def add(self, other: NodeMoments) -> None:
        """Add other samples of the same nodes (Chan, Golub & LeVeque 1983, Eq. 2.1)."""
        total = self.n_samples + other.n_samples
        gap = other.mean - self.mean
        self.squares += other.squares + gap.square() * (self.n_samples * other.n_samples / total)
        self.mean += gap * (other.n_samples / total)
        self.lowest = torch.minimum(self.lowest, other.lowest)
        self.highest = torch.maximum(self.highest, other.highest)
        self.n_samples = total

    def all_reduce(self, n_samples: int) -> None:
        """Replace by the moments of all processes, which have ``n_samples`` samples together."""
        mean = self.mean * (self.n_samples / n_samples)
        distributed.all_reduce(mean)
        self.squares += (self.mean - mean).square() * self.n_samples
        distributed.all_reduce(self.squares)
        distributed.all_reduce(self.lowest, op=distributed.ReduceOp.MIN)
        distributed.all_reduce(self.highest, op=distributed.ReduceOp.MAX)
        self.mean, self.n_samples = mean, n_samples
