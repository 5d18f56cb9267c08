"""Images that stay in their files until they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from featgraph.core.files import DamagedFileError
from featgraph.core.progress import track_progress
from featgraph.datasets.images import ImageDataset, as_norm

__all__ = ["StoredImages", "as_images"]


@dataclass(frozen=True, repr=False, eq=False)
class StoredImages(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Images with their labels, each read when it is asked for; for more than memory holds.

    Attributes
    ----------
    read : callable
        Number of an image to its pixels, an ndarray of shape (height, width, n_channels), uint8
        or floats in [0, 1].
    labels : Tensor of int64, shape (n_samples,)
        Class numbers from 0.
    image_shape : tuple of int
        Channels, height and width of an image.
    classes : tuple of str, default=()
        Class names; empty if unknown.
    name : str, default="images"
        Where the images come from.
    norm : pair of Tensor or None, default=None
        Mean and standard deviation of channels, each of shape (n_channels, 1, 1), that
        ``standardize`` set.

    Examples
    --------
    >>> blank = np.full((4, 4, 1), 255, dtype=np.uint8)
    >>> data = StoredImages(lambda k: blank, torch.zeros(3, dtype=torch.int64), (1, 4, 4))
    >>> len(data), data[2][0].max().item()
    (3, 1.0)
    """

    read: Callable[[int], NDArray[Any]]
    labels: torch.Tensor
    image_shape: tuple[int, int, int]
    classes: tuple[str, ...] = ()
    name: str = "images"
    norm: tuple[torch.Tensor, torch.Tensor] | None = None

    def __repr__(self) -> str:
        return (
            f"StoredImages(name={self.name!r}, n_samples={len(self)}, "
            f"image_shape={self.image_shape})"
        )

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        image = as_images(self.read(index)[None], self.name)[0]
        if self.norm is not None:
            image = (image - self.norm[0]) / self.norm[1]
        return image, self.labels[index]

    def standardize(self, mean: Sequence[float], std: Sequence[float]) -> StoredImages:
        """Return the same images as ``ImageDataset.standardize`` gives them."""
        return replace(self, norm=as_norm(mean, std, self.image_shape[0]))

    def load(self, *, progress: bool | None = None) -> ImageDataset:
        """Read all images into memory.

        Examples
        --------
        >>> blank = np.zeros((4, 4, 1), dtype=np.uint8)
        >>> labels = torch.zeros(3, dtype=torch.int64)
        >>> StoredImages(lambda k: blank, labels, (1, 4, 4)).load().image_shape
        (1, 4, 4)
        """
        order = track_progress(range(len(self)), progress=progress, label="images", total=len(self))
        images = as_images(np.stack([self.read(k) for k in order]), self.name)
        try:
            data = ImageDataset(images, self.labels, self.classes, self.name)
        except ValueError as error:
            raise DamagedFileError(self.name, "", str(error), ": ") from None
        if self.norm is None:
            return data
        return data.standardize(*(values.flatten().tolist() for values in self.norm))


def as_images(pixels: NDArray[Any], name: str) -> torch.Tensor:
    """Return pixels (n, height, width[, n_channels]) as floats (n, n_channels, height, width).

    Raises
    ------
    ValueError
        If they are neither uint8 nor floats in [0, 1]; the message names the file.
    """
    if pixels.ndim == 3:
        pixels = pixels[..., None]
    if pixels.dtype == np.uint8:
        scale = np.float32(255)
    elif pixels.dtype.kind == "f" and pixels.size and 0 <= pixels.min() <= pixels.max() <= 1:
        scale = np.float32(1)
    else:
        raise DamagedFileError(
            name,
            "images",
            f"must be uint8, or floats in [0, 1], got {pixels.dtype}; keep raw pixels in the file "
            "and normalise with ImageDataset.standardize",
        )
    first = np.ascontiguousarray(pixels.transpose(0, 3, 1, 2), dtype=np.float32)
    return torch.from_numpy(first / scale)
