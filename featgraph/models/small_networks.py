"""A perceptron, a convolutional and a residual network for small images."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch
from torch import nn

__all__ = ["MLP", "SmallCNN", "SmallResNet"]


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
    first = _convolve(n_before, n_after, 2 if halve else 1)
    return nn.Sequential(*first, nn.ReLU(), *_convolve(n_after, n_after, 1), nn.ReLU())


class SmallResNet(nn.Module):
    """A 3 × 3 convolution, then one residual block per width, halving the image between them.

    Parameters
    ----------
    image_shape : tuple of int, default=(1, 8, 8)
        Channels, height and width of the input.
    n_classes : int, default=10
        Length of the output.
    widths : sequence of int, default=(32, 48, 64)
        Channels of each block.

    References
    ----------
    K. He et al. 2015, Deep residual learning for image recognition, arXiv:1512.03385.

    Examples
    --------
    >>> tuple(SmallResNet().eval()(torch.zeros(2, 1, 8, 8)).shape)
    (2, 10)
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 8, 8),
        n_classes: int = 10,
        *,
        widths: Sequence[int] = (32, 48, 64),
    ) -> None:
        super().__init__()
        self.stem = nn.Sequential(*_convolve(image_shape[0], widths[0], 1), nn.ReLU())
        sizes = [widths[0], *widths]
        self.blocks = nn.Sequential(
            *(
                _ResidualBlock(before, after, 2 if k > 0 else 1)
                for k, (before, after) in enumerate(itertools.pairwise(sizes))
            )
        )
        self.head = nn.Linear(sizes[-1], n_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return class scores of shape (B, n_classes) for images of shape (B, C, H, W)."""
        scores: torch.Tensor = self.head(self.blocks(self.stem(images)).mean((2, 3)))
        return scores


class _ResidualBlock(nn.Module):
    def __init__(self, n_before: int, n_after: int, stride: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            *_convolve(n_before, n_after, stride), nn.ReLU(), *_convolve(n_after, n_after, 1)
        )
        changes = stride > 1 or n_before != n_after
        self.shortcut = nn.Sequential(
            *([nn.Conv2d(n_before, n_after, 1, stride, bias=False)] if changes else []),
            *([nn.BatchNorm2d(n_after)] if changes else []),
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        result: torch.Tensor = torch.relu(self.shortcut(x) + self.inner(x))
        return result


def _convolve(n_before: int, n_after: int, stride: int) -> list[nn.Module]:
    convolution = nn.Conv2d(n_before, n_after, 3, stride, padding=1, bias=False)
    return [convolution, nn.BatchNorm2d(n_after)]
