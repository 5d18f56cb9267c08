"""Images scaled to a size: the centre square, or exactly what is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import integer

if TYPE_CHECKING:
    from PIL.Image import Image

__all__ = ["Size", "as_shape", "resize_image", "resize_pixels"]

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
