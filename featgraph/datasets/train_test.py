"""Images to train on and images to test on, from one place or two."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from featgraph.datasets.image_files import load_image_folder, load_npz_images
from featgraph.datasets.images import ImageDataset, load_digits

__all__ = ["load_train_test"]


def load_train_test(
    data: str,
    test_data: str | None = None,
    *,
    size: int | None = None,
    progress: bool | None = None,
) -> tuple[ImageDataset, ImageDataset]:
    """Load labelled images to train on and to test on.

    Parameters
    ----------
    data : str
        The word "digits", an .npz file, or a folder or .zip whose subfolders are classes.
    test_data : str or None, default=None
        Images of the same classes to test on. None tests on a fifth of ``data``, drawn with a
        fixed seed.
    size : int or None, default=None
        Scale and crop the images of folders to this height and width.
    progress : bool or None, default=None
        Show a bar over the files of a folder.

    Returns
    -------
    train, test : ImageDataset
        Images in memory, of one shape.

    Raises
    ------
    FileNotFoundError, ValueError
        If a file is missing or unsound, there are fewer than two classes, or the two parts have
        other shapes or classes.

    Examples
    --------
    >>> [len(part) for part in load_train_test("digits")]
    [1437, 360]
    """

    def load(path: str) -> ImageDataset:
        if path.endswith(".npz"):
            return load_npz_images(path)
        return load_image_folder(path, size=size, progress=progress)

    is_digits = data == "digits" and not Path(data).exists()
    if is_digits and test_data is None:
        return load_digits("train"), load_digits("test")
    images = load_digits() if is_digits else load(data)
    if images.n_classes < 2:
        raise ValueError(f"data must hold labels of at least 2 classes, got {images!r}")
    if test_data is None:
        order = np.random.default_rng(0).permutation(len(images)).tolist()
        n_test = len(images) // 5
        return images.take(order[n_test:]), images.take(order[:n_test])
    test = load(test_data)
    if test.image_shape != images.image_shape:
        raise ValueError(
            f"test_data must hold images of shape {images.image_shape} as data does, "
            f"got {test.image_shape}; a size scales the images of folders"
        )
    if test.classes != images.classes or test.n_classes > images.n_classes:
        raise ValueError(
            f"test_data must have the {images.n_classes} classes of data, in the same order, "
            f"got {test.n_classes}: {', '.join(test.classes) or 'without names'}"
        )
    return images, test
