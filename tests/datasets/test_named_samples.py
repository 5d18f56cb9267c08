"""Texts, token ids and arrays from files, as samples with named inputs."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from featgraph.core.files import DamagedFileError
from featgraph.datasets import NamedSamples, load_arrays, load_texts, load_token_ids
from featgraph.datasets.named_samples import holds_token_ids
from featgraph.datasets.train_test import split_samples


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


class Letters:
    """A tokenizer: a letter is a token."""

    def __init__(self, pad_token="."):
        self.pad_token = pad_token

    def __call__(self, texts, *, truncation, max_length, padding=False, return_tensors=None):
        if isinstance(texts, str):
            return {"input_ids": [ord(c) for c in texts[:max_length]]}
        rows = [[ord(c) for c in text[:max_length]] for text in texts]
        longest = max(map(len, rows))
        ids = [row + [0] * (longest - len(row)) for row in rows]
        return {"input_ids": torch.tensor(ids), "attention_mask": (torch.tensor(ids) > 0).long()}


def test_texts_become_what_the_tokenizer_makes(tmp_path):
    path = write(tmp_path / "t.txt", "ab\n\n  \nc\nδ is no ASCII\n")
    data = load_texts(path, Letters(), max_length=4)
    assert len(data) == 3
    assert data[0]["input_ids"].tolist() == [97, 98, 0, 0]
    assert data[0]["attention_mask"].tolist() == [1, 1, 0, 0]
    assert data[2]["input_ids"].tolist() == [ord(c) for c in "δ is"]
    assert len(load_texts(path, Letters(), max_samples=2)) == 2
    (batch,) = DataLoader(data, batch_size=8)
    assert batch["input_ids"].shape == (3, 4)


def test_a_tokenizer_without_padding_needs_one_length(tmp_path):
    path = write(tmp_path / "t.txt", "ab\nabc\n")
    with pytest.raises(ValueError, match="no token to pad with.*set its pad_token"):
        load_texts(path, Letters(pad_token=None))
    assert len(load_texts(path, Letters(pad_token=None), max_length=2)) == 2


def test_token_ids(tmp_path):
    path = write(tmp_path / "ids.txt", "5, 6 7\n\n8\n")
    assert holds_token_ids(path)
    data = load_token_ids(path, pad=1)
    assert data.columns["input_ids"].tolist() == [[5, 6, 7], [8, 1, 1]]
    assert data.columns["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    text = write(tmp_path / "t.txt", "5 6\nseven\n")
    assert not holds_token_ids(text)
    with pytest.raises(ValueError, match=r"t.txt must hold token ids alone, got 'seven' as 2"):
        load_token_ids(text)


def test_bad_texts(tmp_path):
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="must be text in UTF-8"):
        load_texts(tmp_path / "bytes.txt", Letters())
    with pytest.raises(ValueError, match="one sample per line, got none"):
        load_texts(write(tmp_path / "e.txt", "\n \n"), Letters())
    with pytest.raises(FileNotFoundError, match="no file"):
        load_texts(tmp_path / "none.txt", Letters())
    with pytest.raises(ValueError, match="max_length must be a whole number of at least 1"):
        load_texts(write(tmp_path / "t.txt", "a"), Letters(), max_length=0)


def test_named_arrays(tmp_path):
    np.savez(
        tmp_path / "a.npz", ids=np.arange(6).reshape(3, 2), values=np.ones(3), mask=np.eye(3) > 0
    )
    data = load_arrays(tmp_path / "a.npz")
    assert {name: column.dtype for name, column in data.columns.items()} == {
        "ids": torch.int64,
        "values": torch.float32,
        "mask": torch.bool,
    }
    assert data[1]["ids"].tolist() == [2, 3]
    assert len(load_arrays(tmp_path / "a.npz", max_samples=2)) == 2
    train, test = split_samples(NamedSamples({"labels": torch.arange(10)}))
    both = torch.cat([train.columns["labels"], test.columns["labels"]])
    assert sorted(both.tolist()) == list(range(10))
    assert len(test) == 2


@pytest.mark.parametrize("name", ["x", "arr_0", "inputs"])
def test_an_array_without_a_name_is_the_one_input(tmp_path, name):
    np.savez(tmp_path / "a.npz", **{name: np.zeros((4, 2))})
    data = load_arrays(tmp_path / "a.npz")
    assert isinstance(data, TensorDataset)
    assert data.tensors[0].shape == (4, 2)
    np.save(tmp_path / "b.npy", np.zeros((4, 2)))
    assert isinstance(load_arrays(tmp_path / "b.npy"), TensorDataset)


def test_bad_arrays(tmp_path):
    np.savez(tmp_path / "a.npz", one=np.zeros(3), two=np.zeros(4))
    with pytest.raises(ValueError, match=r"columns must have one length.*'one': 3, 'two': 4"):
        load_arrays(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", one=np.float64(3), two=np.zeros(4))
    with pytest.raises(ValueError, match="'one' in b.npz must have an axis over samples"):
        load_arrays(tmp_path / "b.npz")
    np.savez(tmp_path / "c.npz", one=np.array([{}], dtype=object))
    with pytest.raises(DamagedFileError, match="c.npz"):
        load_arrays(tmp_path / "c.npz")


def test_arrays_of_the_other_byte_order(tmp_path):
    values = np.arange(6.0).reshape(3, 2)
    np.save(tmp_path / "x.npy", values.astype(values.dtype.newbyteorder()))
    assert load_arrays(tmp_path / "x.npy").tensors[0].tolist() == values.tolist()


def test_a_file_of_no_or_unequal_arrays_is_named(tmp_path):
    np.savez(tmp_path / "none.npz")
    np.savez(tmp_path / "two.npz", a=np.ones((3, 2)), b=np.ones((4, 2)))
    for name in ("none", "two"):
        with pytest.raises(ValueError, match=rf"{name}.npz: columns must have one length"):
            load_arrays(tmp_path / f"{name}.npz")
