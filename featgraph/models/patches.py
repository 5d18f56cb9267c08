"""Cutting images into patches, the first step of mixers and transformers."""

from __future__ import annotations

import torch
from torch import nn

__all__ = ["PatchEmbedding"]


class PatchEmbedding(nn.Module):
    """Cut images into square patches and map each to ``width`` channels.

    Parameters
    ----------
    image_shape : tuple of int
        Channels, height and width of the input; height and width are multiples of
        ``patch_size``.
    patch_size : int
        Side of a patch in pixels.
    width : int
        Channels of a token.

    Raises
    ------
    ValueError
        If the patches do not tile the image.

    Examples
    --------
    >>> patches = PatchEmbedding((1, 8, 8), 2, 32)
    >>> patches.n_patches, tuple(patches(torch.zeros(3, 1, 8, 8)).shape)
    (16, (3, 16, 32))
    """

    def __init__(self, image_shape: tuple[int, int, int], patch_size: int, width: int) -> None:
        super().__init__()
        n_channels, height, width_px = image_shape
        if height % patch_size or width_px % patch_size:
            raise ValueError(
                f"patch_size must divide height and width of image_shape, {height} × {width_px}, "
                f"got {patch_size}"
            )
        self.n_patches = (height // patch_size) * (width_px // patch_size)
        self.project = nn.Conv2d(n_channels, width, patch_size, stride=patch_size)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return tokens of shape (B, n_patches, width) for images of shape (B, C, H, W)."""
        tokens: torch.Tensor = self.project(images)
        return tokens.flatten(2).transpose(1, 2)
