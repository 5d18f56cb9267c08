"""Orders of large arrays: numpy's vectorised sort in main memory, torch's on a device."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["argsort", "sort"]


def argsort(values: Tensor) -> Tensor:
    """Return the rising order along the last axis, int64; ties in any order."""
    if values.device.type != "cpu":
        return values.argsort()
    return torch.from_numpy(values.numpy().argsort())


def sort(values: Tensor) -> Tensor:
    """Return the values in rising order along the last axis."""
    if values.device.type != "cpu":
        return values.sort().values
    array = values.numpy().copy()
    array.sort()
    return torch.from_numpy(array)
