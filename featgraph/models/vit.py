"""A small vision transformer."""

from __future__ import annotations

import torch
from torch import nn

from featgraph.models.patches import PatchEmbedding

__all__ = ["SmallViT"]


class SmallViT(nn.Module):
    """Pre-norm transformer blocks on patches and one CLS token, which the head reads.

    Parameters
    ----------
    image_shape : tuple of int, default=(1, 8, 8)
        Channels, height and width of the input.
    n_classes : int, default=10
        Length of the output.
    width : int, default=64
        Channels of a token, a multiple of ``n_heads``.
    n_blocks : int, default=4
        Number of blocks.
    n_heads : int, default=4
        Attention heads.
    patch_size : int, default=2
        Side of a patch in pixels.

    References
    ----------
    A. Dosovitskiy et al. 2020, An image is worth 16x16 words: transformers for image
    recognition at scale, arXiv:2010.11929.

    Examples
    --------
    >>> tuple(SmallViT()(torch.zeros(2, 1, 8, 8)).shape)
    (2, 10)
    """

    def __init__(
        self,
        image_shape: tuple[int, int, int] = (1, 8, 8),
        n_classes: int = 10,
        *,
        width: int = 64,
        n_blocks: int = 4,
        n_heads: int = 4,
        patch_size: int = 2,
    ) -> None:
        super().__init__()
        if width % n_heads:
            raise ValueError(f"width must be a multiple of n_heads {n_heads}, got {width}")
        self.patches = PatchEmbedding(image_shape, patch_size, width)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        # As large as the tokens themselves: at the published 0.02 the CLS token takes a dozen
        # epochs of this small data before it tells one patch from another.
        self.positions = nn.Parameter(0.5 * torch.randn(1, self.patches.n_patches + 1, width))
        self.blocks = nn.Sequential(*(_Block(width, n_heads) for _ in range(n_blocks)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, n_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return class scores of shape (B, n_classes) for images of shape (B, C, H, W)."""
        tokens = self.patches(images)
        cls_token = self.cls_token.expand(len(tokens), -1, -1)
        tokens = torch.cat([cls_token, tokens], dim=1) + self.positions
        scores: torch.Tensor = self.head(self.norm(self.blocks(tokens))[:, 0])
        return scores


class _Block(nn.Module):
    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, n_heads, batch_first=True)
        self.norm_channels = nn.LayerNorm(width)
        self.across_channels = nn.Sequential(
            nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width)
        )

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        normed = self.norm_attention(tokens)
        attended, _ = self.attention(normed, normed, normed, need_weights=False)
        tokens = tokens + attended
        result: torch.Tensor = tokens + self.across_channels(self.norm_channels(tokens))
        return result
