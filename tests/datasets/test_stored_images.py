"""Images that are read when asked for are those that are loaded at once."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from featgraph.datasets import (
    load_image_folder,
    load_npz_images,
    open_image_folder,
    open_npz_images,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of nine pictures in two classes."""
    rng = np.random.default_rng(0)
    for k in range(9):
        place = tmp_path / "photos" / ("cat" if k % 2 else "dog")
        place.mkdir(parents=True, exist_ok=True)
        pixels = rng.integers(256, size=(10, 12, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(place / f"{k}.png")
    return tmp_path / "photos"


@pytest.mark.parametrize("colors", ["rgb", "grey"])
@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("max_images", [None, 5])
def test_a_folder_read_one_by_one_is_the_folder_loaded(folder, colors, packed, max_images):
    place = Path(shutil.make_archive(str(folder), "zip", folder)) if packed else folder
    how = {"size": 6, "colors": colors, "max_images": max_images}
    stored, loaded = open_image_folder(place, **how), load_image_folder(place, **how)
    norm = [0.5] * loaded.image_shape[0], [0.25] * loaded.image_shape[0]
    for left, right in ((stored, loaded), (stored.standardize(*norm), loaded.standardize(*norm))):
        assert (len(left), left.image_shape) == (len(right), right.image_shape)
        assert (left.classes, left.name) == (right.classes, right.name)
        assert torch.equal(torch.stack([left[k][0] for k in range(len(left))]), right.images)
        assert torch.equal(left.labels, right.labels)
        assert torch.equal(left.load(progress=False).images, right.images)


@pytest.mark.parametrize("shape", [(7, 5, 6), (7, 5, 6, 3)])
def test_an_npz_read_one_by_one_is_the_file_loaded(tmp_path, shape):
    pixels = np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)
    np.savez(tmp_path / "a.npz", images=pixels, labels=np.arange(7))
    stored = open_npz_images(tmp_path / "a.npz", max_images=4)
    loaded = load_npz_images(tmp_path / "a.npz", max_images=4)
    assert len(stored) == len(loaded) == 4
    assert torch.equal(torch.stack([stored[k][0] for k in range(4)]), loaded.images)
    assert torch.equal(stored.labels, loaded.labels)


def test_what_is_wrong_with_an_image_is_said_when_it_is_read(folder):
    (folder / "cat" / "3.png").write_bytes(b"no image")
    Image.new("RGB", (20, 20)).save(folder / "dog" / "8.png")
    stored = open_image_folder(folder)
    assert len(stored) == 9
    names = sorted(f"{p.parent.name}/{p.name}" for p in folder.rglob("*.png"))
    with pytest.raises(ValueError, match=r"cat/3.png is not a sound image"):
        stored[names.index("cat/3.png")]
    with pytest.raises(ValueError, match=r"one size, got \(10, 12\) and \(20, 20\) \(dog/8.png\)"):
        stored[names.index("dog/8.png")]
    with pytest.raises(ValueError, match="mean and std must hold 3 numbers"):
        stored.standardize([0.5], [0.5])
