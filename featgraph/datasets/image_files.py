"""Images from a folder, a .zip or an .npz file, read without trusting it."""

from __future__ import annotations

import io
import os
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from featgraph.core.arrays import BROKEN, check_zip, read_npz
from featgraph.core.checks import integer, nearest
from featgraph.core.files import DamagedFileError
from featgraph.datasets.images import (
    ImageDataset,
    Size,
    StoredImages,
    as_shape,
    resize_image,
    resize_pixels,
)

__all__ = ["load_image_folder", "load_npz_images", "open_image_folder", "open_npz_images"]

Colors: TypeAlias = Literal["rgb", "grey"]

# Formats that are pictures only: PIL would hand PostScript to an interpreter.
_FORMATS = {
    ".bmp": "BMP",
    ".gif": "GIF",
    ".jpeg": "JPEG",
    ".jpg": "JPEG",
    ".pgm": "PPM",
    ".png": "PNG",
    ".ppm": "PPM",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".webp": "WEBP",
}
_MOST_PIXELS = 64 * 10**6


def load_image_folder(
    path: str | os.PathLike[str],
    *,
    size: Size = None,
    colors: Colors = "rgb",
    max_images: int | None = None,
    progress: bool | None = None,
) -> ImageDataset:
    """Load the images of a folder or .zip; subfolders are classes.

    Parameters
    ----------
    path : str or path
        A folder or a .zip file. Images are found at any depth and taken in the order of their
        names; hidden files are left out. The folder an image stands in is its class, numbered
        in the order of names; images that all stand in one folder have class 0.
    size : int, (height, width) or None, default=None
        An int scales the shorter side to it and cuts the centre square; a pair scales to
        exactly that; None takes the images as they are, which must then be of one size.
    colors : {"rgb", "grey"}, default="rgb"
        Three channels or one.
    max_images : int or None, default=None
        Take at most this many, spread evenly over the order of names and so over the classes.
    progress : bool or None, default=None
        Show a bar; None shows it on a terminal.

    Returns
    -------
    ImageDataset
        Images of shape (n, 3 or 1, height, width) with values in [0, 1].

    Raises
    ------
    FileNotFoundError
        If there is no such folder or file.
    ValueError
        If there are no images, or sizes differ and ``size`` is None; a ``DamagedFileError`` if
        one is corrupt, has more than 64 million pixels or another format than its suffix says.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("cat", "dog"):
    ...     (folder / name).mkdir()
    ...     Image.new("RGB", (12, 8)).save(folder / name / "1.png")
    >>> data = load_image_folder(folder, size=8)
    >>> tuple(data.images.shape), data.labels.tolist(), data.classes
    ((2, 3, 8, 8), [0, 1], ('cat', 'dog'))
    """
    found = open_image_folder(path, size=size, colors=colors, max_images=max_images)
    return found.load(progress=progress)


def open_image_folder(
    path: str | os.PathLike[str],
    *,
    size: Size = None,
    colors: Colors = "rgb",
    max_images: int | None = None,
) -> StoredImages:
    """Find the images that :func:`load_image_folder` loads, and read each when it is asked for.

    Parameters
    ----------
    path, size, colors, max_images
        As in :func:`load_image_folder`.

    Returns
    -------
    StoredImages
        A map-style dataset; a .zip file stays open as long as it lives.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`load_image_folder`; for what is wrong with a single image, when it is read.

    Notes
    -----
    Memory O(1) per image.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> folder = Path(tempfile.mkdtemp())
    >>> Image.new("L", (12, 8)).save(folder / "1.png")
    >>> open_image_folder(folder, colors="grey")[0][0].shape
    torch.Size([1, 8, 12])
    """
    path = Path(path)
    as_shape(size)
    wanted = _Wanted(size, colors)
    at_most = _at_most(max_images)
    if path.is_dir():
        return _open(_find_files(path), path, wanted, at_most)
    if not path.is_file():
        raise FileNotFoundError(f"no folder or .zip file {path}")
    try:
        archive = zipfile.ZipFile(path)
        check_zip(archive, path)
    except DamagedFileError:
        raise
    except BROKEN as error:
        told = f"must be a folder or a sound .zip file: {error}"
        raise DamagedFileError(path, "", told) from error
    return _open(_find_members(archive), path, wanted, at_most)


def load_npz_images(
    path: str | os.PathLike[str], *, size: Size = None, max_images: int | None = None
) -> ImageDataset:
    """Load images and labels from an .npz file.

    Parameters
    ----------
    path : str or path
        Holds ``images``, of shape (n, height, width) or (n, height, width, n_channels), whole
        numbers of type uint8 or floats in [0, 1]; ``labels`` of shape (n,), if left out all 0;
        and, if it likes, ``classes``, the names.
    size : int, (height, width) or None, default=None
        As in :func:`load_image_folder`.
    max_images : int or None, default=None
        Take the first images only.

    Returns
    -------
    ImageDataset
        Images of shape (n, n_channels, height, width) with values in [0, 1].

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is corrupt, holds a pickle or claims more than it holds, or the arrays are
        not as above.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "grey.npz"
    >>> np.savez(path, images=np.full((3, 8, 6), 255, dtype=np.uint8), labels=[0, 1, 1])
    >>> load_npz_images(path)
    ImageDataset(name='grey.npz', n_samples=3, image_shape=(1, 8, 6), n_classes=2)
    """
    return open_npz_images(path, size=size, max_images=max_images).load(progress=False)


def open_npz_images(
    path: str | os.PathLike[str], *, size: Size = None, max_images: int | None = None
) -> StoredImages:
    """Read the images that :func:`load_npz_images` loads, and convert each when it is asked for.

    Parameters
    ----------
    path, size, max_images
        As in :func:`load_npz_images`.

    Returns
    -------
    StoredImages
        A map-style dataset that holds the pixels as the file does: a byte per pixel and channel
        of uint8 images, where ``load_npz_images`` holds four.

    Raises
    ------
    FileNotFoundError, ValueError
        As :func:`load_npz_images`.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "grey.npz"
    >>> np.savez(path, images=np.full((3, 8, 6), 255, dtype=np.uint8), labels=[0, 1, 1])
    >>> open_npz_images(path)
    StoredImages(name='grey.npz', n_samples=3, image_shape=(1, 8, 6))
    """
    pixels, labels, classes, name = _read_npz(path, max_images)
    height, width = as_shape(size) or pixels.shape[1:3]
    shape = pixels.shape[3], height, width
    return StoredImages(lambda k: resize_pixels(pixels[k], size), labels, shape, classes, name)


def _read_npz(
    path: str | os.PathLike[str], max_images: int | None
) -> tuple[NDArray[Any], torch.Tensor, tuple[str, ...], str]:
    """Return pixels of shape (n, height, width, n_channels), labels, classes and name."""
    path = Path(path)
    arrays = read_npz(path)
    if "images" not in arrays:
        told = f"must hold an array 'images', got {sorted(arrays)}{nearest('images', arrays)}"
        raise DamagedFileError(path, "", told)
    images = arrays["images"][: _at_most(max_images)]
    labels = arrays.get("labels", np.zeros(len(images), dtype=np.int64))[: _at_most(max_images)]
    if images.ndim not in (3, 4) or (images.ndim == 4 and images.shape[3] not in (1, 3, 4)):
        raise DamagedFileError(
            path,
            "images",
            "must have shape (n, height, width) or (n, height, width, 1, 3 or 4 channels), got "
            f"{images.shape}",
        )
    if labels.shape != images.shape[:1] or labels.dtype.kind not in "iu":
        raise DamagedFileError(
            path,
            "labels",
            f"must be whole numbers of shape ({len(images)},), one per image, got {labels.dtype} "
            f"of shape {labels.shape}",
        )
    classes = arrays.get("classes", np.empty(0))
    return (
        images if images.ndim == 4 else images[..., None],
        torch.from_numpy(labels.astype(np.int64)),
        tuple(map(str, classes.tolist())) if classes.ndim == 1 else (),
        path.name,
    )


def _at_most(max_images: int | None) -> int | None:
    return None if max_images is None else integer(max_images, "max_images", least=1)


Row: TypeAlias = "tuple[PurePosixPath, Callable[[], bytes]]"


def _is_image(name: PurePosixPath) -> bool:
    hidden = any(part.startswith((".", "__MACOSX")) for part in name.parts)
    return name.suffix.lower() in _FORMATS and not hidden


def _find_files(folder: Path) -> list[Row]:
    names = sorted(p.relative_to(folder) for p in folder.rglob("*") if p.is_file())
    rows = [(PurePosixPath(name.as_posix()), (folder / name).read_bytes) for name in names]
    return [row for row in rows if _is_image(row[0])]


def _find_members(archive: zipfile.ZipFile) -> list[Row]:
    def reader(name: str) -> Callable[[], bytes]:
        return lambda: archive.read(name)

    names = sorted(m.filename for m in archive.infolist() if not m.is_dir())
    rows = [(PurePosixPath(name), reader(name)) for name in names]
    return [row for row in rows if _is_image(row[0])]


def _open(rows: list[Row], path: Path, wanted: _Wanted, at_most: int | None) -> StoredImages:
    if not rows:
        raise ValueError(f"{path.name} must hold images {sorted(_FORMATS)}, got none")
    folders = [str(name.parent) for name, _ in rows]
    classes = sorted(set(folders))
    if at_most is not None and at_most < len(rows):
        kept = [k * len(rows) // at_most for k in range(at_most)]
        rows, folders = [rows[k] for k in kept], [folders[k] for k in kept]
    first = _read_image(path, rows[0], wanted).shape

    def read(index: int) -> NDArray[np.uint8]:
        pixels = _read_image(path, rows[index], wanted)
        if pixels.shape != first:
            raise ValueError(
                f"images of {path.name} must have one size, got {first[:2]} and "
                f"{pixels.shape[:2]} ({rows[index][0]}); give size="
            )
        return pixels

    labels = torch.tensor([classes.index(folder) for folder in folders])
    names = tuple(PurePosixPath(c).name for c in classes) if len(classes) > 1 else ()
    height, width, *rest = first
    shape = rest[0] if rest else 1, height, width
    return StoredImages(read, labels, shape, names, path.name)


class _Wanted(NamedTuple):
    """How an image is to come out."""

    size: Size
    colors: Colors


def _read_image(path: Path, row: Row, wanted: _Wanted) -> NDArray[np.uint8]:
    import PIL.Image

    name, read = row
    try:
        with warnings.catch_warnings():
            # Pixels are counted below, before any is unpacked.
            warnings.simplefilter("ignore")
            formats = (_FORMATS[name.suffix.lower()],)
            with PIL.Image.open(io.BytesIO(read()), formats=formats) as image:
                if image.width * image.height > _MOST_PIXELS:
                    raise ValueError(f"{image.width} × {image.height} pixels are too many")
                converted = image.convert("RGB" if wanted.colors == "rgb" else "L")
    except (*BROKEN, PIL.Image.DecompressionBombError) as error:
        raise DamagedFileError(path, str(name), f"is not a sound image: {error}") from error
    array: NDArray[np.uint8] = np.array(resize_image(converted, wanted.size))
    return array
