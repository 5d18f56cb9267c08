"""A network that takes images of any size."""

from __future__ import annotations

import torch
from torch import nn

from featgraph.core.checks import integer

__all__ = ["ResizedInput"]


class ResizedInput(nn.Module):
    """Images are scaled to the side a network was made for, then given to it.

    Small images can so stay small in memory and on their way to the device.

    Parameters
    ----------
    net : Module
        Takes images of shape (B, 3, side, side).
    side : int
        Height and width, in pixels.

    Examples
    --------
    >>> net = ResizedInput(nn.Flatten(), 4)
    >>> tuple(net(torch.zeros(2, 1, 8, 8)).shape)
    (2, 48)
    """

    def __init__(self, net: nn.Module, side: int) -> None:
        super().__init__()
        self.net = net
        self.side = integer(side, "side", least=1)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Return what the network gives; grey images are given three equal channels."""
        if images.shape[1] == 1:
            images = images.expand(-1, 3, -1, -1)
        size = (self.side, self.side)
        scaled = nn.functional.interpolate(images, size, mode="bilinear", antialias=True)
        scores: torch.Tensor = self.net(scaled)
        return scores
