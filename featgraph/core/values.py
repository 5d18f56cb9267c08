"""Values in words, and the forms in which people hold numbers, arrays and randomness."""

from __future__ import annotations

import math
import numbers
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from featgraph.core.checks import ArgumentError

__all__ = [
    "RandomState",
    "Refused",
    "as_rng",
    "describe",
    "take_as",
    "to_array",
    "to_floats",
    "to_number",
    "to_tensor",
    "to_whole",
    "to_whole_array",
]

_LARGEST = 2**63 - 1


class Refused(Exception):
    """A value has not the form that was asked for."""


def describe(value: object) -> str:
    """Say in few words what a value is, for messages.

    Examples
    --------
    >>> describe("banana"), describe(np.ones((2, 3)))
    ("'banana'", 'an array of float64, shape (2, 3)')
    >>> describe([[1], [1, 2]])
    '[[1], [1, 2]]'
    """
    if isinstance(value, np.ma.MaskedArray):
        return f"a masked array, shape {value.shape}"
    if isinstance(value, np.ndarray) or _is_tensor(value):
        kind = "an array" if isinstance(value, np.ndarray) else "a Tensor"
        dtype = str(value.dtype).removeprefix("torch.")  # type: ignore[attr-defined]
        layout = "sparse " if _is_tensor(value) and value.layout is not _torch().strided else ""  # type: ignore[attr-defined]
        return f"{kind} of {layout}{dtype}, shape {tuple(value.shape)}"  # type: ignore[attr-defined]
    if value is None or isinstance(value, bool | numbers.Number | str | bytes | list | tuple):
        text = repr(value)
        return text if len(text) <= 60 else f"{text[:57]}... ({type(value).__name__})"
    return type(value).__name__


def to_number(value: Any, *, nan: bool = False) -> Any:
    """Return a real number as it is, and one in an array without axes as a Python number.

    Examples
    --------
    >>> to_number(2), to_number(np.array(0.5))
    (2, 0.5)
    """
    if type(value) is float:
        if value == value or nan:
            return value
        raise Refused
    if hasattr(value, "ndim") and hasattr(value, "item") and not isinstance(value, np.generic):
        value = to_array(value)
        if value.ndim:
            raise Refused
        value = value.item()
    if isinstance(value, bool | np.bool_) or not isinstance(value, numbers.Real):
        raise Refused
    try:
        number = float(value)
    except OverflowError:
        raise Refused from None
    if math.isnan(number) and not nan:
        raise Refused
    if isinstance(value, numbers.Integral) and abs(value) > _LARGEST:  # type: ignore[operator]
        raise Refused(f"{describe(value)}, beyond {_LARGEST}")
    return value


def to_whole(value: Any) -> int:
    """Return a whole number of at most 63 bits as an int.

    Examples
    --------
    >>> to_whole(3.0), to_whole(np.int8(4))
    (3, 4)
    """
    if type(value) is not int:
        value = to_number(value)
        if not math.isfinite(value) or value != math.floor(value):
            raise Refused
        value = int(value)
    if not -_LARGEST <= value <= _LARGEST:
        raise Refused(f"{describe(value)}, beyond {_LARGEST}")
    return value  # type: ignore[no-any-return]


def to_array(value: Any, *, keep_tensors: bool = False) -> Any:
    """Return numbers as an array: of lists, tuples, tensors, data frames and the like.

    Raises
    ------
    Refused
        If it holds anything but real numbers, is sparse, ragged, or hides entries.

    Examples
    --------
    >>> to_array([[1, 2], [3, 4]]).shape
    (2, 2)
    """
    if isinstance(value, np.ma.MaskedArray) and np.ma.is_masked(value):
        raise Refused(f"{describe(value)}; fill it in first")
    if _is_tensor(value):
        return _from_tensor(value, keep_tensors)
    if not isinstance(value, np.ndarray):
        if isinstance(value, str | bytes) or not (
            isinstance(value, list | tuple | range | numbers.Number) or hasattr(value, "__array__")
        ):
            raise Refused
        try:
            value = np.asarray(value)
        except (ValueError, TypeError, OverflowError, RuntimeError):
            raise Refused(f"{describe(value)}, which is none") from None
    if value.dtype.kind not in "biuf":
        raise Refused
    if value.dtype.isnative and value.dtype.itemsize <= 8:
        return value
    return value.astype(
        min(value.dtype.newbyteorder("="), np.dtype(f"{value.dtype.kind}8"), key=_size)
    )


def _size(dtype: np.dtype[Any]) -> int:
    return dtype.itemsize


def to_whole_array(value: object) -> Any:
    """Return whole numbers as an array of int64.

    Examples
    --------
    >>> to_whole_array([1.0, 2.0])
    array([1, 2])
    """
    array = to_array(value)
    if array.dtype == np.int64:
        return array
    if array.dtype.kind == "f" and not (np.abs(array) < _LARGEST).all():
        raise Refused(f"{describe(value)} with entries beyond {_LARGEST}")
    whole = array.astype(np.int64)
    if not (whole == array).all():
        raise Refused
    return whole


def to_tensor(value: object) -> Any:
    """Return numbers as a tensor; a tensor as it is, with its device and its gradient."""
    array = to_array(value, keep_tensors=True)
    if _is_tensor(array):
        return array
    import torch

    plain = array.flags.writeable and array.flags.c_contiguous
    return torch.from_numpy(array if plain else array.copy())


def take_as(take: Callable[[object], object], value: object, name: str, words: str) -> Any:
    """Return what one of the functions above makes of a value, or raise ArgumentError.

    Examples
    --------
    >>> take_as(to_array, [[1], [2, 3]], "edges", "an array")
    Traceback (most recent call last):
    featgraph.core.checks.ArgumentError: edges must be an array, got [[1], [2, 3]], which is none
    """
    try:
        return take(value)
    except Refused as refused:
        got = str(refused) or describe(value)
        raise ArgumentError(f"{name} must be {words}, got {got}") from None


def to_floats(values: Any) -> Any:
    """Return an array or tensor in float32 or float64: whole numbers become float64."""
    if _is_tensor(values):
        torch = _torch()
        if values.is_floating_point():
            return values.float() if values.dtype.itemsize < 4 else values
        return values.to(torch.float64)
    if values.dtype.kind == "f":
        return values if values.dtype.itemsize >= 4 else values.astype(np.float32)
    return values.astype(np.float64)


def _torch() -> Any:
    return sys.modules.get("torch")


def _is_tensor(value: object) -> bool:
    torch = _torch()
    return torch is not None and isinstance(value, torch.Tensor)


def _from_tensor(value: Any, keep: bool) -> Any:
    torch = _torch()
    plain = value.layout is torch.strided and not (value.is_quantized or value.is_meta)
    if value.is_complex() or not plain:
        raise Refused
    if keep:
        return value
    value = value.detach().cpu()
    return (value.float() if value.dtype == torch.bfloat16 else value).numpy()


RandomState = np.random.Generator | int | None


def as_rng(rng: RandomState) -> np.random.Generator:
    """Return a generator: a given one as it is, an int as a seed, None as a fresh one.

    Examples
    --------
    >>> int(as_rng(0).integers(100)) == int(as_rng(0).integers(100))
    True
    """
    if rng is not None and not isinstance(rng, int | np.integer | np.random.Generator):
        raise TypeError(f"rng must be a numpy Generator, an int or None, got {type(rng).__name__}")
    if isinstance(rng, int | np.integer) and not 0 <= rng < 2**63:
        raise ValueError(f"rng must be a seed of at least 0 and below 2**63, got {rng}")
    return np.random.default_rng(rng)
