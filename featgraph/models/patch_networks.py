"""MLP-Mixer, ResMLP and a vision transformer: networks on patches of images."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

__all__ = ["MLPMixer", "PatchEmbedding", "ResMLP", "SmallViT"]


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


class _PatchNetwork(nn.Module):
    """Blocks on the patches of an image, a norm, and a head on the mean of the tokens."""

    _block: Callable[[int, int], nn.Module]
    _norm: Callable[[int], nn.Module]

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
        kind = type(self)
        self.patches = PatchEmbedding(image_shape, patch_size, width)
        self.blocks = nn.Sequential(
            *(kind._block(width, self.patches.n_patches) for _ in range(n_blocks))
        )
        self.norm = kind._norm(width)
        self.head = nn.Linear(width, n_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return class scores of shape (B, n_classes) for images of shape (B, C, H, W)."""
        tokens = self.norm(self.blocks(self.patches(images)))
        scores: torch.Tensor = self.head(tokens.mean(1))
        return scores


def _perceptron(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, width))


class _MixerBlock(nn.Module):
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


class MLPMixer(_PatchNetwork):
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

    _block = _MixerBlock
    _norm = nn.LayerNorm


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


class _ResMLPBlock(nn.Module):
    def __init__(self, width: int, n_patches: int) -> None:
        super().__init__()
        self.before_patches = _Affine(width)
        self.across_patches = nn.Linear(n_patches, n_patches)
        self.after_patches = _Affine(width)
        self.before_channels = _Affine(width)
        self.across_channels = _perceptron(width)
        self.after_channels = _Affine(width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        mixed = self.across_patches(self.before_patches(tokens).transpose(1, 2)).transpose(1, 2)
        tokens = tokens + self.after_patches(mixed)
        mixed = self.across_channels(self.before_channels(tokens))
        result: torch.Tensor = tokens + self.after_channels(mixed)
        return result


class ResMLP(_PatchNetwork):
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

    _block = _ResMLPBlock
    _norm = _Affine


class _TransformerBlock(nn.Module):
    def __init__(self, width: int, n_heads: int) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, n_heads, batch_first=True)
        self.norm_channels = nn.LayerNorm(width)
        self.across_channels = _perceptron(width)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        normed = self.norm_attention(tokens)
        attended, _ = self.attention(normed, normed, normed, need_weights=False)
        tokens = tokens + attended
        result: torch.Tensor = tokens + self.across_channels(self.norm_channels(tokens))
        return result


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
        self.blocks = nn.Sequential(*(_TransformerBlock(width, n_heads) for _ in range(n_blocks)))
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, n_classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return class scores of shape (B, n_classes) for images of shape (B, C, H, W)."""
        tokens = self.patches(images)
        cls_token = self.cls_token.expand(len(tokens), -1, -1)
        tokens = torch.cat([cls_token, tokens], dim=1) + self.positions
        scores: torch.Tensor = self.head(self.norm(self.blocks(tokens))[:, 0])
        return scores
