"""A multilayer perceptron on flattened images."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn

__all__ = ["MLP"]


class MLP(nn.Module):
    """Hidden layers of linear map and ReLU, then a linear head.

    Parameters
    ----------
    image_shape : tuple of int, default=(1, 8, 8)
        Channels, height and width of the input.
    n_classes : int, default=10
        Length of the output.
    widths : sequence of int, default=(128, 128, 128)
        Width of each hidden layer.

    Examples
    --------
    >>> tuple(MLP()(torch.zeros(2, 1, 8, 8)).shape)
    (2, 10)
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 8, 8),
        n_classes: int = 10,
        *,
        widths: Sequence[int] = (128, 128, 128),
    ) -> None:
        super().__init__()
        n_inputs = image_shape[0] * image_shape[1] * image_shape[2]
        sizes = [n_inputs, *widths]
        self.flatten = nn.Flatten()
        self.blocks = nn.Sequential(
            *(
                nn.Sequential(nn.Linear(before, after), nn.ReLU())
                for before, after in itertools.pairwise(sizes)
            )
        )
        self.head = nn.Linear(sizes[-1], n_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return class scores of shape (B, n_classes) for images of shape (B, C, H, W)."""
        scores: torch.Tensor = self.head(self.blocks(self.flatten(images)))
        return scores
