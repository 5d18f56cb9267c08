"""Samples whose inputs have names: texts, token ids, and arrays from a file."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, TensorDataset

from featgraph.core.arrays import read_arrays
from featgraph.core.checks import integer
from featgraph.datasets.images import Rows, find_rows

__all__ = ["NamedSamples", "holds_token_ids", "load_arrays", "load_texts", "load_token_ids"]

#: Names that say nothing about which input an array is.
NAMELESS = ("arr_0", "x", "X", "input", "inputs", "data", "images")


@dataclass(frozen=True, repr=False, eq=False)
class NamedSamples(Dataset[dict[str, Tensor]]):
    """Samples in memory, each a dict of Tensors; a map-style dataset for a torch DataLoader.

    Parameters
    ----------
    columns : mapping of str to Tensor, shapes (n_samples, ...)
        The inputs by the names that ``forward`` of a model gives them.
    name : str, default="samples"
        Where the samples come from.

    Raises
    ------
    ValueError
        If there is no column, or columns have different lengths.

    Examples
    --------
    >>> data = NamedSamples({"input_ids": torch.zeros(3, 5), "labels": torch.arange(3)})
    >>> data, data[1]["labels"]
    (NamedSamples(name='samples', n_samples=3, columns=['input_ids', 'labels']), tensor(1))
    """

    columns: Mapping[str, Tensor]
    name: str = "samples"

    def __post_init__(self) -> None:
        lengths = {name: len(column) for name, column in self.columns.items()}
        if len(set(lengths.values())) != 1:
            raise ValueError(f"columns must have one length, a row per sample, got {lengths}")

    def __repr__(self) -> str:
        names = list(self.columns)
        return f"NamedSamples(name={self.name!r}, n_samples={len(self)}, columns={names})"

    def __len__(self) -> int:
        return len(next(iter(self.columns.values())))

    def __getitem__(self, index: int) -> dict[str, Tensor]:
        return {name: column[index] for name, column in self.columns.items()}

    def take(self, samples: Rows) -> NamedSamples:
        """Return the first ``samples`` (an int), or those with the given indices."""
        rows = find_rows(samples, len(self))
        return NamedSamples({k: column[rows] for k, column in self.columns.items()}, self.name)


def load_texts(
    path: str | os.PathLike[str],
    tokenizer: Callable[..., Any],
    *,
    max_length: int = 128,
    max_samples: int | None = None,
) -> NamedSamples:
    """Load texts, one per line, as the inputs of a language model.

    Parameters
    ----------
    path : str or path
        A text file in UTF-8; empty lines are left out.
    tokenizer : callable
        A tokenizer of transformers.
    max_length : int, default=128
        Longer texts are cut to so many tokens.
    max_samples : int or None, default=None
        Take the first lines only.

    Returns
    -------
    NamedSamples
        With the columns that the tokenizer makes, ``input_ids`` and ``attention_mask`` among
        them, padded to the longest text.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is no text in UTF-8, or holds no line.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "texts.txt"
    >>> _ = path.write_text("two words\\n\\none\\n")
    >>> class Lengths:
    ...     pad_token = "."
    ...     def __call__(self, texts, **options):
    ...         return {"input_ids": torch.tensor([[len(text)] for text in texts])}
    >>> load_texts(path, Lengths())[1]
    {'input_ids': tensor([3])}
    """
    path = Path(path)
    lines = _read_lines(path, max_samples)
    options: dict[str, Any] = {
        "truncation": True,
        "max_length": integer(max_length, "max_length", least=1),
    }
    if getattr(tokenizer, "pad_token", None) is None:
        if len({len(tokenizer(line, **options)["input_ids"]) for line in lines}) > 1:
            raise ValueError(
                "the tokenizer has no token to pad with, so texts must have one length; set its "
                "pad_token"
            )
    else:
        options["padding"] = True
    made = tokenizer(lines, return_tensors="pt", **options)
    return NamedSamples(dict(made), path.name)


def load_token_ids(
    path: str | os.PathLike[str], *, pad: int = 0, max_samples: int | None = None
) -> NamedSamples:
    """Load token ids, one sample per line.

    Parameters
    ----------
    path : str or path
        Lines of whole numbers with spaces or commas between; empty lines are left out.
    pad : int, default=0
        What fills up shorter samples; the mask leaves it out.
    max_samples : int or None, default=None
        Take the first lines only.

    Returns
    -------
    NamedSamples
        ``input_ids`` and ``attention_mask``, both of shape (n_samples, longest).

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If a line holds anything else.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "ids.txt"
    >>> _ = path.write_text("7 8 9\\n5\\n")
    >>> load_token_ids(path)[1]
    {'input_ids': tensor([5, 0, 0]), 'attention_mask': tensor([1, 0, 0])}
    """
    path = Path(path)
    rows = []
    for number, line in enumerate(_read_lines(path, max_samples), start=1):
        words = line.replace(",", " ").split()
        if not all(word.isdecimal() and len(word) < 19 for word in words):
            raise ValueError(
                f"{path.name} must hold token ids alone, got {line[:40]!r} as {number}"
            )
        rows.append(torch.tensor([int(word) for word in words]))
    ids = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=pad)
    lengths = torch.tensor([len(row) for row in rows])
    mask = (torch.arange(ids.shape[1]) < lengths[:, None]).long()
    return NamedSamples({"input_ids": ids, "attention_mask": mask}, path.name)


def holds_token_ids(path: str | os.PathLike[str]) -> bool:
    """Return whether every line of a text file holds whole numbers alone."""
    lines = _read_lines(Path(path), None)
    return all(word.isdecimal() for line in lines for word in line.replace(",", " ").split())


def load_arrays(
    path: str | os.PathLike[str], *, max_samples: int | None = None
) -> NamedSamples | TensorDataset:
    """Load the inputs of a model from a file of arrays.

    Parameters
    ----------
    path : str or path
        .npz, .npy, .pt or .safetensors; samples stand along the first axis. Arrays are inputs
        by their names, labels among them if you like; a single one without a name, or called
        "x" or the like, is the one input.
    max_samples : int or None, default=None
        Take the first samples only.

    Returns
    -------
    NamedSamples or TensorDataset
        Floats in float32; whole numbers as int64.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the file is unsound, an array holds neither numbers nor truth values, or has no axis
        over samples.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "inputs.npz"
    >>> np.savez(path, values=np.ones((4, 2)), scale=np.arange(4))
    >>> load_arrays(path)
    NamedSamples(name='inputs.npz', n_samples=4, columns=['values', 'scale'])
    """
    path = Path(path)
    arrays, _ = read_arrays(path)
    columns = {
        name: _as_column(values, name, path)[:max_samples] for name, values in arrays.items()
    }
    if len(columns) == 1 and next(iter(columns)) in {*NAMELESS, path.stem}:
        return TensorDataset(*columns.values())
    try:
        return NamedSamples(columns, path.name)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _as_column(values: object, name: str, path: Path) -> Tensor:
    if isinstance(values, Tensor):
        tensor = values
    else:
        array = np.asarray(values)  # in the byte order of this machine, which torch asks for
        tensor = torch.from_numpy(array.astype(array.dtype.newbyteorder("="), copy=False))
    if tensor.ndim == 0:
        raise ValueError(f"{name!r} in {path.name} must have an axis over samples, got a number")
    if tensor.is_floating_point():
        return tensor.float()
    return tensor if tensor.dtype == torch.bool else tensor.long()


def _read_lines(path: Path, max_samples: int | None) -> list[str]:
    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    try:
        lines = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    except UnicodeDecodeError as error:
        raise ValueError(f"{path.name} must be text in UTF-8: {error}") from None
    found = [line for line in lines if line][:max_samples]
    if not found:
        raise ValueError(f"{path.name} must hold one sample per line, got none")
    return found
