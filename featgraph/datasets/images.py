"""Images with labels, in memory or in their files: which are meant, and scaling to a size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from featgraph.core.checks import integer
from featgraph.core.files import DamagedFileError
from featgraph.core.progress import track_progress
from featgraph.core.values import take_as, to_tensor, to_whole_array

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = [
    "ImageDataset",
    "Rows",
    "Size",
    "Split",
    "StoredImages",
    "as_images",
    "as_norm",
    "as_shape",
    "find_rows",
    "load_digits",
    "resize_image",
    "resize_pixels",
]

Rows = int | slice | Sequence[int] | torch.Tensor


def find_rows(samples: Rows, n_samples: int) -> Any:
    """Return what picks the first samples (an int), or those at the given places or of a mask.

    Examples
    --------
    >>> find_rows(2, 5), find_rows([0, -1], 5)
    (slice(None, 2, None), tensor([ 0, -1]))
    """
    if isinstance(samples, int) and not isinstance(samples, bool):
        return slice(samples)
    if isinstance(samples, slice):
        return samples
    words = f"a number, a slice or places below {n_samples}"
    places = take_as(to_tensor, samples, "samples", words)
    if places.dtype == torch.bool and tuple(places.shape) == (n_samples,):
        return places
    places = torch.from_numpy(take_as(to_whole_array, places, "samples", words))
    if places.ndim != 1 or not (-n_samples <= places).logical_and(places < n_samples).all():
        raise ValueError(f"samples must be {words}, got shape {tuple(places.shape)}")
    return places


Size: TypeAlias = "int | tuple[int, int] | None"


def as_shape(size: Size) -> tuple[int, int] | None:
    """Return height and width that ``size`` asks for, None if it asks for none.

    Examples
    --------
    >>> as_shape(8), as_shape((4, 6)), as_shape(None)
    ((8, 8), (4, 6), None)
    """
    if size is None:
        return None
    if isinstance(size, tuple | list):
        if len(size) != 2:
            raise ValueError(f"size must be an int, (height, width) or None, got {size!r}")
        return integer(size[0], "size[0]", least=1), integer(size[1], "size[1]", least=1)
    side = integer(size, "size", least=1)
    return side, side


def resize_image(image: Image, size: Size) -> Image:
    """Scale an image: an int scales the shorter side to it and cuts the centre square."""
    import PIL.Image

    shape = as_shape(size)
    if shape is None:
        return image
    height, width = shape
    bicubic = PIL.Image.Resampling.BICUBIC
    if isinstance(size, tuple | list):
        return image.resize((width, height), bicubic)
    # The centre square alone is scaled: the same as scaling first, without rounding twice.
    side = min(image.width, image.height)
    left, top = (image.width - side) / 2, (image.height - side) / 2
    return image.resize((width, height), bicubic, box=(left, top, left + side, top + side))


def resize_pixels(pixels: NDArray[Any], size: Size) -> NDArray[Any]:
    """Scale pixels (height, width, n_channels) of type uint8, or floats in [0, 1], as an image is.

    Examples
    --------
    >>> resize_pixels(np.full((4, 6, 1), 0.5), 2)[..., 0].tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    if size is None:
        return pixels
    import PIL.Image

    whole = pixels.dtype == np.uint8
    channels = [
        np.asarray(resize_image(PIL.Image.fromarray(np.ascontiguousarray(channel)), size))
        for channel in np.moveaxis(pixels if whole else pixels.astype(np.float32), -1, 0)
    ]
    scaled = np.stack(channels, axis=-1)
    return scaled if whole else np.clip(scaled, 0.0, 1.0)  # cubic curves overshoot


Split: TypeAlias = Literal["train", "test", "all"]


@dataclass(frozen=True, repr=False, eq=False)
class ImageDataset(Dataset[tuple[torch.Tensor, torch.Tensor]]):
    """Images in memory, with their labels; a map-style dataset for a torch DataLoader.

    Parameters
    ----------
    images : Tensor of float32, shape (n_samples, n_channels, height, width)
        Pixel values in [0, 1], unless standardized.
    labels : Tensor of int64, shape (n_samples,)
        Class numbers from 0.
    classes : tuple of str, default=()
        Class names; empty if unknown.
    name : str, default="images"
        Where the images come from.

    Raises
    ------
    ValueError
        If the shapes do not fit together.

    Examples
    --------
    >>> data = ImageDataset(torch.zeros(4, 1, 8, 8), torch.arange(4), name="blank")
    >>> data
    ImageDataset(name='blank', n_samples=4, image_shape=(1, 8, 8), n_classes=4)
    >>> image, label = data[2]
    >>> tuple(image.shape), int(label)
    ((1, 8, 8), 2)
    """

    images: torch.Tensor
    labels: torch.Tensor
    classes: tuple[str, ...] = ()
    name: str = "images"

    def __post_init__(self) -> None:
        if self.images.ndim != 4 or not self.images.is_floating_point():
            raise ValueError(
                "images must be floats of shape (n_samples, n_channels, height, width), "
                f"got {self.images.dtype} of shape {tuple(self.images.shape)}"
            )
        if self.labels.shape != self.images.shape[:1] or self.labels.is_floating_point():
            raise ValueError(
                f"labels must be whole numbers of shape ({len(self.images)},), one per image, "
                f"got {self.labels.dtype} of shape {tuple(self.labels.shape)}"
            )
        if len(self.labels) and int(self.labels.min()) < 0:
            raise ValueError(f"labels must be class numbers from 0, got {int(self.labels.min())}")

    def __repr__(self) -> str:
        return (
            f"ImageDataset(name={self.name!r}, n_samples={len(self)}, "
            f"image_shape={self.image_shape}, n_classes={self.n_classes})"
        )

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        return self.images[index], self.labels[index]

    @property
    def tensors(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Images and labels, as a TensorDataset names them."""
        return self.images, self.labels

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height and width of an image."""
        _, n_channels, height, width = self.images.shape
        return n_channels, height, width

    @property
    def n_classes(self) -> int:
        """Number of named classes, or one more than the largest label."""
        return len(self.classes) or (int(self.labels.max()) + 1 if len(self.labels) else 0)

    def take(self, samples: Rows) -> ImageDataset:
        """Return the first ``samples`` images (an int), or those with the given indices."""
        rows = find_rows(samples, len(self))
        return ImageDataset(self.images[rows], self.labels[rows], self.classes, self.name)

    def resize(self, size: Size) -> ImageDataset:
        """Return the images scaled: an int cuts the centre square, a pair is (height, width).

        Examples
        --------
        >>> load_digits("test").resize(32).image_shape
        (1, 32, 32)
        """
        if size is None:
            return self
        pixels = self.images.permute(0, 2, 3, 1).numpy()
        scaled = np.stack([resize_pixels(image, size) for image in pixels])
        images = torch.from_numpy(scaled).permute(0, 3, 1, 2).contiguous()
        return ImageDataset(images, self.labels, self.classes, self.name)

    def standardize(self, mean: Sequence[float], std: Sequence[float]) -> ImageDataset:
        """Return ``(images - mean) / std`` channel by channel, as trained networks expect.

        Examples
        --------
        >>> data = ImageDataset(torch.ones(1, 3, 2, 2), torch.zeros(1, dtype=torch.int64))
        >>> data.standardize([0.5, 0.5, 0.5], [0.25, 0.25, 0.5]).images[0, :, 0, 0].tolist()
        [2.0, 2.0, 1.0]
        """
        middle, spread = as_norm(mean, std, self.image_shape[0])
        return ImageDataset((self.images - middle) / spread, self.labels, self.classes, self.name)


def as_norm(
    mean: Sequence[float], std: Sequence[float], n_channels: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return mean and standard deviation of channels, each of shape (n_channels, 1, 1)."""
    if len(mean) != n_channels or len(std) != n_channels or not all(s > 0 for s in std):
        raise ValueError(
            f"mean and std must hold {n_channels} numbers, one per channel, std above 0, "
            f"got {mean!r} and {std!r}"
        )
    return torch.tensor(list(mean)).view(-1, 1, 1), torch.tensor(list(std)).view(-1, 1, 1)


def load_digits(split: Split = "all", *, test_share: float = 0.2, seed: int = 0) -> ImageDataset:
    """Load the 1797 handwritten digits of 8 × 8 pixels that ship with scikit-learn.

    Parameters
    ----------
    split : {"train", "test", "all"}, default="all"
        Which part. The test part holds ``test_share`` of each digit, drawn with ``seed``.
    test_share : float, default=0.2
        Share of the images in the test part.
    seed : int, default=0
        Seed of the split.

    Returns
    -------
    ImageDataset
        Images of shape (n, 1, 8, 8) with values in [0, 1] (16 grey levels), ten classes.

    Raises
    ------
    ValueError
        If ``split`` is unknown or ``test_share`` leaves one part empty.

    Notes
    -----
    Optical Recognition of Handwritten Digits, UCI Machine Learning Repository, test set;
    E. Alpaydin & C. Kaynak 1998, doi:10.24432/C50P49.

    Examples
    --------
    >>> load_digits("test")
    ImageDataset(name='digits (test)', n_samples=360, image_shape=(1, 8, 8), n_classes=10)
    """
    from sklearn import datasets
    from sklearn.model_selection import train_test_split

    bunch = datasets.load_digits()
    images = torch.from_numpy(bunch.images).float().unsqueeze(1) / 16.0
    labels = torch.from_numpy(bunch.target).long()
    classes = tuple(str(digit) for digit in bunch.target_names)
    if split != "all":
        train, test = train_test_split(
            range(len(labels)), test_size=test_share, random_state=seed, stratify=bunch.target
        )
        chosen = torch.tensor(train if split == "train" else test)
        images, labels = images[chosen], labels[chosen]
    name = "digits" if split == "all" else f"digits ({split})"
    return ImageDataset(images, labels, classes, name)


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
