"""Images: the object, the digits, and files."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import torch
from torch.utils.data import DataLoader

from featgraph.datasets import ImageDataset, load_digits, load_image_folder, load_npz_images

RNG = np.random.default_rng(0)


class Bite:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("bitten",)


def picture(height: int, width: int, mode: str = "RGB", seed: int = 0) -> PIL.Image.Image:
    shape = (height, width, 3) if mode == "RGB" else (height, width)
    pixels = np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
    return PIL.Image.fromarray(pixels)


def test_digits_are_those_of_scikit_learn() -> None:
    from sklearn.datasets import load_digits as reference

    data = load_digits()
    assert data.images.shape == (1797, 1, 8, 8)
    assert (data.images.dtype, data.labels.dtype) == (torch.float32, torch.int64)
    np.testing.assert_array_equal(data.images[:, 0].numpy() * 16, reference().images)
    np.testing.assert_array_equal(data.labels.numpy(), reference().target)
    assert data.classes == tuple("0123456789")


def test_digits_split_is_fixed_and_complete() -> None:
    train, test = load_digits("train"), load_digits("test")
    assert (len(train), len(test)) == (1437, 360)
    together = torch.cat([train.images, test.images]).flatten(1)
    whole = load_digits().images.flatten(1)
    assert sorted(map(tuple, together.tolist())) == sorted(map(tuple, whole.tolist()))
    assert torch.equal(load_digits("test").images, test.images)
    assert not torch.equal(load_digits("test", seed=1).images, test.images)
    assert torch.bincount(test.labels).min() >= 34  # a fifth of each digit
    with pytest.raises(ValueError, match="split must be one of.*did you mean 'train'"):
        load_digits("trian")  # type: ignore[arg-type]


def test_dataset_works_with_a_loader() -> None:
    data = load_digits("test")
    images, labels = next(iter(DataLoader(data, batch_size=50)))
    assert torch.equal(images, data.images[:50])
    assert torch.equal(labels, data.tensors[1][:50])
    assert len(data.take(7)) == 7
    assert torch.equal(data.take([3, 1]).labels, data.labels[[3, 1]])


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (torch.zeros(2, 8, 8), torch.zeros(2, dtype=torch.int64), "images must be floats of shape"),
        (torch.zeros(2, 1, 8, 8, dtype=torch.uint8), torch.zeros(2, dtype=torch.int64), "floats"),
        (torch.zeros(2, 1, 8, 8), torch.zeros(3, dtype=torch.int64), r"shape \(2,\), one per"),
        (torch.zeros(2, 1, 8, 8), torch.zeros(2), "labels must be whole numbers"),
        (torch.zeros(2, 1, 8, 8), torch.tensor([0, -1]), "class numbers from 0, got -1"),
    ],
)
def test_dataset_checks_its_fields(
    images: torch.Tensor, labels: torch.Tensor, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        ImageDataset(images, labels)


def test_standardize_checks_its_numbers() -> None:
    data = load_digits("test").take(3)
    with pytest.raises(ValueError, match="mean and std must hold 1 numbers, one per channel"):
        data.standardize([0.5, 0.5], [1.0, 1.0])
    with pytest.raises(ValueError, match="std above 0"):
        data.standardize([0.5], [0.0])


@pytest.mark.parametrize("shape", [(5, 6, 4), (5, 6, 4, 1), (5, 6, 4, 3)])
def test_npz_images(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pixels = RNG.integers(0, 256, shape, dtype=np.uint8)
    np.savez(tmp_path / "i.npz", images=pixels, labels=np.arange(5, dtype=np.uint8))
    data = load_npz_images(tmp_path / "i.npz")
    assert data.image_shape == (shape[3] if len(shape) == 4 else 1, 6, 4)
    np.testing.assert_allclose(
        data.images.numpy().transpose(0, 2, 3, 1).reshape(shape), pixels / 255.0, rtol=1e-6
    )
    assert data.labels.tolist() == [0, 1, 2, 3, 4]
    assert len(load_npz_images(tmp_path / "i.npz", max_images=2)) == 2


def test_npz_images_without_labels_as_floats(tmp_path: Path) -> None:
    np.savez(tmp_path / "i.npz", images=np.full((2, 4, 4), 0.5))
    data = load_npz_images(tmp_path / "i.npz")
    assert data.labels.tolist() == [0, 0]
    assert float(data.images.mean()) == 0.5


BLANK = np.zeros((2, 4, 4), dtype=np.uint8)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"image": BLANK}, "must hold an array 'images', got .*did you mean 'image'"),
        ({"images": BLANK[0]}, r"images must have shape \(n, height, width\)"),
        ({"images": np.zeros((2, 3, 4, 4), np.uint8)[:, :, :, :2]}, "images must have shape"),
        ({"images": BLANK, "labels": np.zeros(3, int)}, r"whole numbers of shape \(2,\)"),
        ({"images": BLANK, "labels": np.zeros(2)}, "whole numbers"),
        ({"images": BLANK + 300.0}, r"must be uint8, or floats in \[0, 1\]"),
        ({"images": BLANK * np.nan}, r"must be uint8, or floats in \[0, 1\]"),
        ({"images": BLANK.astype(int)}, r"must be uint8, or floats in \[0, 1\]"),
        ({"images": np.array([[[Bite()]]], dtype=object)}, "holds a pickle"),
    ],
)
def test_bad_npz_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arrays: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez(tmp_path / "i.npz", **arrays)
    with pytest.raises(ValueError, match=message):
        load_npz_images(tmp_path / "i.npz")
    assert not (tmp_path / "bitten").exists()


def fill(folder: Path) -> None:
    for k, name in enumerate(["b/2.png", "b/1.png", "a/3.jpg", "a/.hidden.png", "a/notes.txt"]):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".txt"):
            (folder / name).write_text("no image")
        else:
            picture(10, 14, seed=k).save(folder / name)


def test_folder_and_zip_give_the_same(tmp_path: Path) -> None:
    fill(tmp_path / "photos")
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        for path in (tmp_path / "photos").rglob("*.*"):
            archive.write(path, path.relative_to(tmp_path / "photos"))
    one = load_image_folder(tmp_path / "photos")
    two = load_image_folder(tmp_path / "photos.zip")
    assert one.classes == two.classes == ("a", "b")
    assert one.labels.tolist() == two.labels.tolist() == [0, 1, 1]
    assert one.images.shape == (3, 3, 10, 14)
    assert torch.equal(one.images, two.images)
    first = np.asarray(PIL.Image.open(tmp_path / "photos/b/1.png"))
    np.testing.assert_allclose(one.images[1].permute(1, 2, 0).numpy() * 255, first, atol=1e-4)


def test_sizes_and_colors(tmp_path: Path) -> None:
    fill(tmp_path)
    assert load_image_folder(tmp_path, size=5).image_shape == (3, 5, 5)
    assert load_image_folder(tmp_path, size=(6, 7), colors="grey").image_shape == (1, 6, 7)
    assert load_image_folder(tmp_path, max_images=2).labels.tolist() == [0, 1]
    # A square picture of its own size is not touched by the cut.
    PIL.Image.new("L", (8, 8), 51).save(tmp_path / "a" / "3.jpg")
    grey = load_image_folder(tmp_path / "a", size=8, colors="grey")
    torch.testing.assert_close(grey.images, torch.full((1, 1, 8, 8), 0.2), rtol=1e-6, atol=0)
    assert (grey.classes, grey.labels.tolist()) == ((), [0])


def test_centre_is_kept(tmp_path: Path) -> None:
    pixels = np.zeros((10, 30, 3), dtype=np.uint8)
    pixels[:, 10:20] = 255
    PIL.Image.fromarray(pixels).save(tmp_path / "x.png")
    assert float(load_image_folder(tmp_path, size=10).images.min()) == 1.0


def test_bad_folders(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no folder or .zip file"):
        load_image_folder(tmp_path / "nothing")
    with pytest.raises(ValueError, match="must hold images"):
        load_image_folder(tmp_path)
    (tmp_path / "x.txt").write_text("words")
    with pytest.raises(ValueError, match="must be a folder or a sound .zip file"):
        load_image_folder(tmp_path / "x.txt")
    picture(4, 5).save(tmp_path / "1.png")
    picture(5, 4).save(tmp_path / "2.png")
    with pytest.raises(ValueError, match=r"must have one size, got \(4, 5\) and \(5, 4\).*size="):
        load_image_folder(tmp_path)
    for size, message in (
        (0, "size must be a whole number of at least 1"),
        ((3, 4, 5), "size must be a whole number, a tuple of 2 "),
        ((3, 2.5), "size must be .*, got 2.5 at place 1"),
    ):
        with pytest.raises(ValueError, match=message):
            load_image_folder(tmp_path, size=size)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="colors must be one of"):
        load_image_folder(tmp_path, colors="gray")  # type: ignore[arg-type]


def test_broken_and_hostile_images(tmp_path: Path) -> None:
    whole = io.BytesIO()
    picture(40, 40).save(whole, "png")
    for data in (b"", b"no image", whole.getvalue()[:200], b"%!PS-Adobe-3.0 EPSF-3.0\n"):
        (tmp_path / "x.png").write_bytes(data)
        with pytest.raises(ValueError, match=r"x.png is not a sound image"):
            load_image_folder(tmp_path)


def test_picture_of_too_many_pixels(tmp_path: Path) -> None:
    # A grey picture of one colour packs ten thousand pixels into a few bytes.
    PIL.Image.new("1", (20000, 20000)).save(tmp_path / "x.png")
    assert (tmp_path / "x.png").stat().st_size < 10**6
    with pytest.raises(ValueError, match=r"x.png is not a sound image.*(pixels|bomb)"):
        load_image_folder(tmp_path, size=8)


def test_zip_bomb_of_images(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.png", bytes(300 * 2**20))
    with pytest.raises(ValueError, match=r"x.zip unpacks to .* bytes, more than"):
        load_image_folder(tmp_path / "x.zip")


def test_real_images(shared_data: Path) -> None:
    images = shared_data / "images"
    photos = load_image_folder(images / "imagenet_sample512_224.zip", size=32, max_images=10)
    assert photos.images.shape == (10, 3, 32, 32)
    cifar = load_npz_images(images / "cifar10_test2000.npz")
    assert (len(cifar), cifar.classes[0]) == (2000, "airplane")
    assert torch.bincount(cifar.labels).tolist() == [200] * 10
