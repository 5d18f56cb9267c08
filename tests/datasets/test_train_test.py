"""Images to train and to test on: where they come from, and parts that do not fit together."""

from __future__ import annotations

import numpy as np
import pytest

from featgraph.datasets.train_test import load_train_test


def write(path, n_samples=20, n_classes=2, shape=(4, 4), classes=None):
    more = {} if classes is None else {"classes": np.array(classes)}
    images = np.random.default_rng(0).integers(0, 255, (n_samples, *shape), dtype=np.uint8)
    np.savez(path, images=images, labels=np.arange(n_samples) % n_classes, **more)
    return str(path)


def test_one_file_is_split_without_overlap(tmp_path):
    train, test = load_train_test(write(tmp_path / "a.npz"))
    assert (len(train), len(test)) == (16, 4)
    seen = {image.numpy().tobytes() for part in (train, test) for image in part.images}
    assert len(seen) == 20
    again = load_train_test(write(tmp_path / "a.npz"))[1]
    assert (again.images == test.images).all()


def test_two_files_are_taken_as_they_are(tmp_path):
    data = write(tmp_path / "a.npz", classes=["cat", "dog"])
    train, test = load_train_test(data, write(tmp_path / "b.npz", 6, classes=["cat", "dog"]))
    assert (len(train), len(test)) == (20, 6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"shape": (5, 4)}, r"shape \(1, 4, 4\) as data does, got \(1, 5, 4\)"),
        ({"n_classes": 3}, "must have the 2 classes of data, in the same order, got 3: cat, dog"),
        ({"classes": ["dog", "cat"]}, "in the same order, got 2: dog, cat"),
    ],
)
def test_parts_that_do_not_fit(tmp_path, options, message):
    data = write(tmp_path / "a.npz", classes=["cat", "dog"])
    names = {"classes": ["cat", "dog", "eel"][: options.get("n_classes", 2)]}
    with pytest.raises(ValueError, match=message):
        load_train_test(data, write(tmp_path / "b.npz", **names | options))


def test_labels_are_needed(tmp_path):
    np.savez(tmp_path / "a.npz", images=np.zeros((9, 4, 4), dtype=np.uint8))
    with pytest.raises(ValueError, match="data must hold labels of at least 2 classes"):
        load_train_test(str(tmp_path / "a.npz"))
    with pytest.raises(FileNotFoundError, match=r"none\.npz"):
        load_train_test(str(tmp_path / "none.npz"))
