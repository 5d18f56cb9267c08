"""Samples to train on and samples to test on, from one place or two."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np

from featgraph.datasets.image_files import load_image_folder, load_npz_images
from featgraph.datasets.images import ImageDataset, load_digits
from featgraph.datasets.named_samples import NamedSamples

__all__ = ["load_train_test", "split_samples"]

Takes = TypeVar("Takes", ImageDataset, NamedSamples)


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
        Scale and crop the images to this height and width.
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
            return load_npz_images(path, size=size)
        return load_image_folder(path, size=size, progress=progress)

    is_digits = data == "digits" and not Path(data).exists()
    if is_digits and test_data is None:
        return load_digits("train").resize(size), load_digits("test").resize(size)
    images = load_digits().resize(size) if is_digits else load(data)
    if images.n_classes < 2:
        raise ValueError(f"data must hold labels of at least 2 classes, got {images!r}")
    if test_data is None:
        return split_samples(images)
    test = load(test_data)
    if test.image_shape != images.image_shape:
        raise ValueError(
            f"test_data must hold images of shape {images.image_shape} as data does, "
            f"got {test.image_shape}; give size="
        )
    if test.classes != images.classes or test.n_classes > images.n_classes:
        raise ValueError(
            f"test_data must have the {images.n_classes} classes of data, in the same order, "
            f"got {test.n_classes}: {', '.join(test.classes) or 'without names'}"
        )
    return images, test


def split_samples(samples: Takes) -> tuple[Takes, Takes]:
    """Return four fifths of the samples to train on and a fifth to test on, by a fixed seed.

    Examples
    --------
    >>> import torch
    >>> data = ImageDataset(torch.zeros(10, 1, 2, 2), torch.arange(10))
    >>> [len(part) for part in split_samples(data)]
    [8, 2]
    """
    order = np.random.default_rng(0).permutation(len(samples)).tolist()
    n_test = len(samples) // 5
    return samples.take(order[n_test:]), samples.take(order[:n_test])
