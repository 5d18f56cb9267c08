"""A small convolutional network with batch normalisation."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn

__all__ = ["SmallCNN"]


class SmallCNN(nn.Module):
    """Stages of two 3 × 3 convolutions with batch norm and ReLU, halving the image between them.

    Parameters
    ----------
    image_shape : tuple of int, default=(1, 8, 8)
        Channels, height and width of the input.
    n_classes : int, default=10
        Length of the output.
    widths : sequence of int, default=(32, 64, 96)
        Channels of each stage.

    Examples
    --------
    >>> tuple(SmallCNN().eval()(torch.zeros(2, 1, 8, 8)).shape)
    (2, 10)
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 8, 8),
        n_classes: int = 10,
        *,
        widths: Sequence[int] = (32, 64, 96),
    ) -> None:
        super().__init__()
        sizes = [image_shape[0], *widths]
        self.stages = nn.Sequential(
            *(
                _stage(before, after, halve=k > 0)
                for k, (before, after) in enumerate(itertools.pairwise(sizes))
            )
        )
        self.head = nn.Linear(sizes[-1], n_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return class scores of shape (B, n_classes) for images of shape (B, C, H, W)."""
        scores: torch.Tensor = self.head(self.stages(images).mean((2, 3)))
        return scores


def _stage(n_before: int, n_after: int, *, halve: bool) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(n_before, n_after, 3, stride=2 if halve else 1, padding=1, bias=False),
        nn.BatchNorm2d(n_after),
        nn.ReLU(),
        nn.Conv2d(n_after, n_after, 3, padding=1, bias=False),
        nn.BatchNorm2d(n_after),
        nn.ReLU(),
    )
