"""MLP-Mixer: multilayer perceptrons across patches and across channels by turns."""

from __future__ import annotations

import torch
from torch import nn

from featgraph.models.patches import PatchEmbedding

__all__ = ["MLPMixer"]


class MLPMixer(nn.Module):
    """A small MLP-Mixer.

    Parameters
    ----------
    image_shape : tuple of int, default=(1, 8, 8)
        Channels, height and width of the input.
    n_classes : int, default=10
        Length of the output.
    width : int, default=96
        Channels of a token.
    n_blocks : int, default=4
        Number of mixer blocks.
    patch_size : int, default=2
        Side of a patch in pixels.

    References
    ----------
    I. Tolstikhin et al. 2021, MLP-Mixer: an all-MLP architecture for vision, arXiv:2105.01601.

    Examples
    --------
    >>> tuple(MLPMixer()(torch.zeros(2, 1, 8, 8)).shape)
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
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, n_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return class scores of shape (B, n_classes) for images of shape (B, C, H, W)."""
        tokens = self.norm(self.blocks(self.patches(images)))
        scores: torch.Tensor = self.head(tokens.mean(1))
        return scores


class _Block(nn.Module):
    def __init__(self, width: int, n_patches: int) -> None:
        super().__init__()
        self.norm_patches = nn.LayerNorm(width)
        self.across_patches = _perceptron(n_patches)
        self.norm_channels = nn.LayerNorm(width)
        self.across_channels = _perceptron(width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        mixed = self.across_patches(self.norm_patches(tokens).transpose(1, 2))
        tokens = tokens + mixed.transpose(1, 2)
        result: torch.Tensor = tokens + self.across_channels(self.norm_channels(tokens))
        return result


def _perceptron(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))
