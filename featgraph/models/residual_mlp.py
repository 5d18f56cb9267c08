"""ResMLP: residual linear maps across patches and multilayer perceptrons across channels."""

from __future__ import annotations

import torch
from torch import nn

from featgraph.models.patches import PatchEmbedding

__all__ = ["ResMLP"]


class ResMLP(nn.Module):
    """A small ResMLP.

    Parameters
    ----------
    image_shape : tuple of int, default=(1, 8, 8)
        Channels, height and width of the input.
    n_classes : int, default=10
        Length of the output.
    width : int, default=96
        Channels of a token.
    n_blocks : int, default=4
        Number of residual blocks.
    patch_size : int, default=2
        Side of a patch in pixels.

    References
    ----------
    H. Touvron et al. 2021, ResMLP: feedforward networks for image classification with
    data-efficient training, arXiv:2105.03404.

    Examples
    --------
    >>> tuple(ResMLP()(torch.zeros(2, 1, 8, 8)).shape)
    (2, 10)
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 8, 8),
        n_classes: int = 10,
        *,
        width: int = 96,
        n_blocks: int = 4,
        patch_size: int = 2,
    ) -> None:
        super().__init__()
        self.patches = PatchEmbedding(image_shape, patch_size, width)
        self.blocks = nn.Sequential(
            *(_Block(width, self.patches.n_patches) for _ in range(n_blocks))
        )
        self.norm = _Affine(width)
        self.head = nn.Linear(width, n_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return class scores of shape (B, n_classes) for images of shape (B, C, H, W)."""
        tokens = self.norm(self.blocks(self.patches(images)))
        scores: torch.Tensor = self.head(tokens.mean(1))
        return scores


class _Affine(nn.Module):
    """Scale and shift of each channel, in place of a norm.

    The published residual branches start at a scale of 0.1 to train dozens of blocks; with
    four blocks they start at 1, which trains in half the time.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(width))
        self.shift = nn.Parameter(torch.zeros(width))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        return tokens * self.scale + self.shift


class _Block(nn.Module):
    def __init__(self, width: int, n_patches: int) -> None:
        super().__init__()
        self.before_patches = _Affine(width)
        self.across_patches = nn.Linear(n_patches, n_patches)
        self.after_patches = _Affine(width)
        self.before_channels = _Affine(width)
        self.across_channels = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )
        self.after_channels = _Affine(width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        mixed = self.across_patches(self.before_patches(tokens).transpose(1, 2)).transpose(1, 2)
        tokens = tokens + self.after_patches(mixed)
        mixed = self.across_channels(self.before_channels(tokens))
        result: torch.Tensor = tokens + self.after_channels(mixed)
        return result
