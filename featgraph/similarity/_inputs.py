"""Checks of the two sample matrices that every measure compares."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from featgraph.features.feature_matrix import FeatureMatrix

__all__ = [
    "ArrayLike",
    "Samples",
    "as_given",
    "as_pair",
    "as_samples",
    "center",
    "exact_self",
    "unit_factor",
]

ArrayLike: TypeAlias = NDArray[Any] | FeatureMatrix
NEAR = 6  # powers of two about 1 that need no factor
Samples: TypeAlias = torch.Tensor | NDArray[Any] | FeatureMatrix


def as_samples(samples: Samples, name: str = "X") -> torch.Tensor:
    """Return a finite floating tensor of shape (n_samples, n_features).

    Arrays become float64, half precision float32; a ``FeatureMatrix`` (nodes × samples) is
    transposed. A tensor keeps its device and its graph of gradients.

    Examples
    --------
    >>> as_samples(np.ones((3, 2), dtype=int)).dtype
    torch.float64
    """
    if isinstance(samples, FeatureMatrix):
        tensor = samples.values.T
    elif isinstance(samples, torch.Tensor):
        tensor = samples
    else:
        array = np.asarray(samples)
        if array.dtype == object or not np.issubdtype(array.dtype, np.number):
            raise TypeError(f"{name} must hold numbers, got an array of {array.dtype}")
        if np.iscomplexobj(array):
            raise TypeError(f"{name} must hold real numbers, got {array.dtype}")
        tensor = torch.as_tensor(np.array(array, dtype=np.float64))
    if tensor.is_complex():
        raise TypeError(f"{name} must hold real numbers, got {tensor.dtype}")
    if tensor.ndim != 2:
        raise ValueError(
            f"{name} must have shape (n_samples, n_features), got {tuple(tensor.shape)}; "
            "flatten it with flatten(1) or average it over its positions first"
        )
    if tensor.dtype not in (torch.float32, torch.float64):
        tensor = tensor.to(torch.float32)
    if tensor.shape[1] == 0:
        raise ValueError(f"{name} must have at least one feature, got shape {tuple(tensor.shape)}")
    # NaN and infinity survive a sum, which is the cheapest look at all values; a finite sum that
    # overflows only costs the second look.
    bad = torch.zeros(0, dtype=torch.bool)
    if not bool(tensor.detach().sum().isfinite()):
        bad = ~torch.isfinite(tensor).all(dim=1)
    if bad.any():
        first = int(bad.nonzero()[0])
        raise ValueError(
            f"{name} must be finite, got NaN or infinity in {int(bad.sum())} samples "
            f"(the first is sample {first}); look at the network's outputs before comparing"
        )
    return tensor


def as_pair(
    X: Samples,
    Y: Samples,
    *,
    least: int = 2,
    why: str = "",
    any_scale: bool = False,
    names: tuple[str, str] = ("X", "Y"),
) -> tuple[torch.Tensor, torch.Tensor]:
    """Check X and Y together: same samples, same device, one precision, enough samples.

    ``any_scale``: the measure does not depend on the scale of X or Y, so each is brought near 1,
    where its squares and their products neither overflow nor vanish.

    Examples
    --------
    >>> as_pair(np.ones((3, 2)), np.ones((4, 2)))
    Traceback (most recent call last):
    ValueError: X and Y must hold the same samples, got 3 and 4 rows; rows are samples, so \
transpose a matrix of shape (n_features, n_samples)
    """
    first, second = as_samples(X, names[0]), as_samples(Y, names[1])
    if first.shape[0] != second.shape[0]:
        raise ValueError(
            f"{' and '.join(names)} must hold the same samples, got {first.shape[0]} and "
            f"{second.shape[0]} rows; rows are samples, so transpose a matrix "
            "of shape (n_features, n_samples)"
        )
    require_samples(first.shape[0], least, why)
    if first.device != second.device:
        raise ValueError(
            f"{' and '.join(names)} must be on one device, got {first.device} and {second.device}; "
            "move one with .to(device)"
        )
    dtype = torch.promote_types(first.dtype, second.dtype)
    first, second = first.to(dtype), second.to(dtype)
    if any_scale:
        return first * unit_factor(first), second * unit_factor(second)
    return first, second


def unit_factor(samples: torch.Tensor) -> float:
    """Return the power of two that brings the largest value near 1; 1 where it is near already.

    Powers of two leave all digits as they are.

    Examples
    --------
    >>> unit_factor(torch.tensor([[3.0, -1.0]])), unit_factor(torch.tensor([[0.0, 2.0**20]]))
    (1.0, 9.5367431640625e-07)
    """
    if samples.numel() == 0:
        return 1.0
    low, high = (float(end) for end in torch.aminmax(samples.detach()))
    exponent = math.frexp(max(-low, high))[1]
    most = 120 if samples.dtype == torch.float32 else 1000
    return 1.0 if abs(exponent) <= NEAR else math.ldexp(1.0, -max(-most, min(exponent - 1, most)))


def require_samples(n_samples: int, least: int, why: str = "") -> None:
    """Raise unless there are at least ``least`` samples."""
    if n_samples < least:
        reason = f" ({why})" if why else ""
        raise ValueError(f"at least {least} samples are needed{reason}, got {n_samples}")


def as_given(value: torch.Tensor, inputs: Sequence[Samples]) -> torch.Tensor | float:
    """Return a 0-d tensor if any input was a tensor, else a float."""
    if any(isinstance(item, torch.Tensor) for item in inputs):
        return value
    return float(value)


def center(samples: torch.Tensor, name: str) -> torch.Tensor:
    """Subtract the mean over samples; raise if nothing is left."""
    centered = samples - samples.mean(dim=0, keepdim=True)
    # Rounding of the mean leaves about eps·|x| behind; constant features must not pass as signal.
    noise = 8 * torch.finfo(samples.dtype).eps * samples.detach().abs().max()
    if centered.detach().abs().max() <= noise:
        raise ValueError(
            f"{name} must vary over the samples, got {samples.shape[1]} features that are all "
            "constant (zero variance); a dead layer has no similarity to anything"
        )
    return centered


def exact_self(
    value: torch.Tensor, X: torch.Tensor, Y: torch.Tensor, self_value: float
) -> torch.Tensor:
    """Return exactly ``self_value`` (with the gradient of ``value``) when X equals Y bit by bit."""
    if X.shape == Y.shape and torch.equal(X, Y):
        return value - value.detach() + self_value
    return value
