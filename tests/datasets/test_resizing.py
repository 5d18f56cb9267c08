"""Images of arrays are scaled as those of files are."""

from __future__ import annotations

import numpy as np
import PIL.Image
import pytest
import torch

from featgraph.datasets import (
    load_digits,
    load_image_folder,
    load_npz_images,
    open_npz_images,
)
from featgraph.datasets.train_test import load_train_test


@pytest.mark.parametrize("size", [5, 16, (6, 9)])
@pytest.mark.parametrize("colors", ["rgb", "grey"])
def test_an_npz_file_gives_what_a_folder_of_its_images_gives(tmp_path, size, colors):
    shape = (3, 10, 14, 3) if colors == "rgb" else (3, 10, 14)
    pixels = np.random.default_rng(0).integers(80, 176, shape, dtype=np.uint8)  # cubics overshoot
    (tmp_path / "images").mkdir()
    for k, image in enumerate(pixels):
        PIL.Image.fromarray(image).save(tmp_path / "images" / f"{k}.png")
    expected = load_image_folder(tmp_path / "images", size=size, colors=colors, progress=False)
    np.savez(tmp_path / "whole.npz", images=pixels)
    np.savez(tmp_path / "floats.npz", images=pixels / 255)
    found = load_npz_images(tmp_path / "whole.npz", size=size)
    assert torch.equal(found.images, expected.images)
    stored = open_npz_images(tmp_path / "whole.npz", size=size)
    assert stored.image_shape == expected.image_shape
    assert torch.equal(stored[1][0], expected.images[1])
    floats = load_npz_images(tmp_path / "floats.npz", size=size)
    torch.testing.assert_close(floats.images, expected.images, atol=2 / 255, rtol=0)
    assert 0 <= floats.images.min() <= floats.images.max() <= 1


def test_digits_and_pairs_of_parts_are_scaled(tmp_path):
    digits = load_digits("test").take(4)
    assert digits.resize(None) is digits
    assert digits.resize(20).image_shape == (1, 20, 20)
    assert [part.image_shape for part in load_train_test("digits", size=16)] == [(1, 16, 16)] * 2
    np.savez(tmp_path / "a.npz", images=np.zeros((10, 4, 4)), labels=np.arange(10) % 2)
    pair = load_train_test(str(tmp_path / "a.npz"), size=8)
    assert [part.image_shape for part in pair] == [(1, 8, 8)] * 2


def test_bad_sizes(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.zeros((2, 4, 4)))
    for size in (0, (4,), (4, 0)):
        with pytest.raises(ValueError, match="size"):
            open_npz_images(tmp_path / "a.npz", size=size)
