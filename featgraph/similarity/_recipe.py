"""From two sample matrices to a number: checks, one preparation per matrix, pairs combined."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from featgraph.features.feature_matrix import FeatureMatrix

__all__ = [
    "ArrayLike",
    "Recipe",
    "Rows",
    "Samples",
    "as_given",
    "as_pair",
    "as_samples",
    "center",
    "compare_all",
    "compare_pair",
    "exact_self",
    "find_means",
    "require_signal",
    "unit_factor",
    "view_samples",
]

ArrayLike: TypeAlias = NDArray[Any] | FeatureMatrix
NEAR = 6  # powers of two about 1 that need no factor
Samples: TypeAlias = torch.Tensor | NDArray[Any] | FeatureMatrix
#: Rows ``low`` to ``high`` of a matrix of shape (n_samples, n_samples).
Rows = Callable[[int, int], torch.Tensor]
#: Makes or finds the samples of a layer, which are not kept.
Take = Callable[[], torch.Tensor]
Layered = Mapping[str, torch.Tensor]
ROW_BYTES = 1 << 30  # of all layers together
LAYER_ROW_BYTES = 1 << 25  # of one layer
PREPARED_BYTES = 7 << 27  # of one side: the layers of the other come one by one


def as_samples(samples: Samples, name: str = "X") -> torch.Tensor:
    """Return a finite floating tensor of shape (n_samples, n_features).

    Arrays become float64, half precision float32; a ``FeatureMatrix`` (nodes × samples) is
    transposed. A tensor keeps its device and its graph of gradients.

    Examples
    --------
    >>> as_samples(np.ones((3, 2), dtype=int)).dtype
    torch.float64
    """
    tensor = view_samples(samples, name)
    return tensor if isinstance(samples, torch.Tensor | FeatureMatrix) else tensor.double()


def view_samples(samples: Samples, name: str = "X") -> torch.Tensor:
    """As :func:`as_samples`, with arrays of single precision left so, and no copy of plain ones.

    Examples
    --------
    >>> view_samples(np.ones((3, 2), dtype=np.float32)).dtype
    torch.float32
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
        kept = array.dtype if array.dtype in (np.float32, np.float64) else np.float64
        array = array.astype(kept, copy=False)
        # torch takes neither steps backwards nor parts of records, and warns of read-only arrays
        is_plain = array.flags.writeable and array.flags.forc and min(array.strides, default=0) >= 0
        tensor = torch.from_numpy(array if is_plain else array.copy())
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


def find_means(samples: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the mean over samples and what its rounding leaves, the mean of the rest.

    Examples
    --------
    >>> mean, rest = find_means(torch.full((6, 1), 1000.1, dtype=torch.float64))
    >>> bool((1000.1 - mean - rest).abs() < 1e-20)
    True
    """
    mean = samples.mean(dim=0, keepdim=True)
    return mean, (samples - mean).mean(dim=0, keepdim=True)


def center(samples: torch.Tensor, name: str) -> torch.Tensor:
    """Subtract the mean over samples; raise if nothing is left."""
    centered = samples
    for mean in find_means(samples):
        centered = centered - mean
    # What rounding of a feature itself leaves, about eps·|x|, must not pass as signal.
    noise = 8 * torch.finfo(samples.dtype).eps * samples.detach().abs().amax(dim=0)
    if bool((centered.detach().abs().amax(dim=0) <= noise).all()):
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


@dataclass(frozen=True)
class Recipe:
    """How a measure is computed.

    ``prepare`` turns X of shape (n_samples, n_features) into whatever one side contributes;
    ``combine`` makes the score of two prepared sides, and None means their dot product.
    ``self_value`` is the score of a matrix with itself.

    ``open_rows``, for scores that are the cosine of two matrices over all pairs of samples:
    returns what gives some rows of the matrix, up to a factor, so that neither it nor a copy of
    the samples is held. ``is_symmetric``: the matrix is, and rows start at the diagonal.
    """

    prepare: Callable[[torch.Tensor, str], Any]
    combine: Callable[[Any, Any], torch.Tensor] | None = None
    self_value: float = 1.0
    least: int = 2
    why: str = ""
    open_rows: Callable[[Take, str], Rows] | None = None
    is_symmetric: bool = False


def compare_pair(recipe: Recipe, X: torch.Tensor, Y: torch.Tensor) -> torch.Tensor:
    """Score of two checked matrices as a 0-d tensor; X = Y gives exactly ``self_value``."""
    has_gradient = torch.is_grad_enabled() and (X.requires_grad or Y.requires_grad)
    if recipe.open_rows is not None and not has_gradient:
        value = _compare_rows(recipe, {"X": X}, {"Y": Y}, "{}")[0, 0].to(X)
    else:
        first, second = recipe.prepare(X, "X"), recipe.prepare(Y, "Y")
        value = (first * second).sum() if recipe.combine is None else recipe.combine(first, second)
    return exact_self(value, X, Y, recipe.self_value)


def score(
    recipe: Recipe, X: Samples, Y: Samples, *, limits: tuple[float, float] | None = None
) -> torch.Tensor | float:
    """Score of two matrices, checked here and brought near 1, in the form that they have."""
    first, second = as_pair(X, Y, least=recipe.least, why=recipe.why, any_scale=True)
    value = compare_pair(recipe, first, second).to(first.dtype)
    return as_given(value if limits is None else value.clamp(*limits), (X, Y))


def normalize_products(
    sums: Sequence[torch.Tensor], names: Sequence[Iterable[str]], n_samples: int
) -> torch.Tensor:
    """Return cosines of all pairs from products of sides, (A with B, A with A, B with B)."""
    for side, own in zip(names, sums[1:], strict=True):
        for name, value in zip(side, own, strict=True):
            require_signal(value, name, n_samples)
    return sums[0] / (sums[1].sqrt()[:, None] * sums[2].sqrt()[None, :])


@torch.no_grad()
def compare_all(recipe: Recipe, first: Layered, second: Layered | None) -> torch.Tensor:
    """Scores of all pairs, shape (len(first), len(second)); None compares ``first`` with itself.

    Beside the features, memory holds a few rows of every layer, or the prepared layers of the
    first side as far as they take ``PREPARED_BYTES``, and one of the other: the layers of the
    second side are prepared again for each such part of the first.
    """
    if recipe.open_rows is None:
        table = _compare_parts(recipe, first, second)
    else:
        table = _compare_rows(recipe, first, second, "layer {!r}")
    if second is None:
        table.fill_diagonal_(recipe.self_value)
    return table


def require_signal(own: torch.Tensor, name: str, n_samples: int) -> torch.Tensor:
    """Return the similarity of a layer to itself, or raise if it is not above 0."""
    if not own > 0:
        raise ValueError(
            f"{name} has no similarity to itself by this estimate ({float(own):.3g} from "
            f"{n_samples} samples); take more samples or estimator='biased'"
        )
    return own


def _compare_rows(
    recipe: Recipe, first: Layered, second: Layered | None, title: str
) -> torch.Tensor:
    if recipe.open_rows is None:
        raise RuntimeError("this measure has no rows")
    sides = [
        [recipe.open_rows(partial(side.__getitem__, name), title.format(name)) for name in side]
        for side in (first, second)
        if side is not None
    ]
    n_samples = next(iter(first.values())).shape[0]
    room = min(LAYER_ROW_BYTES, ROW_BYTES // sum(map(len, sides)))
    sums: list[torch.Tensor] = []
    high = 0
    while high < n_samples:
        low = high
        n_columns = n_samples - low if recipe.is_symmetric else n_samples
        high = min(low + max(1, room // (8 * n_columns)), n_samples)
        blocks = [_stack_rows(side, low, high, recipe.is_symmetric) for side in sides]
        a, b = blocks[0], blocks[-1]
        parts = [(a @ b.T).double(), a.square().sum(dim=1).double(), b.square().sum(dim=1).double()]
        sums = [old + new for old, new in zip(sums, parts, strict=True)] if sums else parts
        del blocks, a, b  # before the next ones are made
    names = [[title.format(name) for name in side] for side in (first, second or first)]
    return normalize_products(sums, names, n_samples)


def _stack_rows(side: Sequence[Rows], low: int, high: int, is_symmetric: bool) -> torch.Tensor:
    """Return a row of numbers for each layer, whose products add up to those of the matrices."""
    stacked = torch.empty(0)
    for k, rows in enumerate(side):
        block = rows(low, high)
        if is_symmetric:  # each pair right of the block on the diagonal stands for two
            block[:, high - low :] *= math.sqrt(2)
        if k == 0:
            stacked = block.new_empty(len(side), block.numel())
        stacked[k] = block.reshape(-1)
    return stacked


def _compare_parts(recipe: Recipe, first: Layered, second: Layered | None) -> torch.Tensor:
    if recipe.combine is None:
        raise RuntimeError("a measure without rows needs a combining step")
    names, others = list(first), first if second is None else second
    rows: list[list[torch.Tensor]] = []
    while len(rows) < len(names):
        low = len(rows)
        part: list[Any] = []
        while low + len(part) < len(names) and _count_bytes(part) < PREPARED_BYTES:
            name = names[low + len(part)]
            part.append(recipe.prepare(first[name], f"layer {name!r}"))
        rows += [[] for _ in part]
        for place, (name, Y) in enumerate(others.items()):
            is_there = second is None and low <= place < low + len(part)
            other = part[place - low] if is_there else recipe.prepare(Y, f"layer {name!r}")
            for k, own in enumerate(part, start=low):
                rows[k].append(recipe.combine(own, other))
            del other  # before the next one is made
    return torch.stack([torch.stack(row) for row in rows])


def _count_bytes(prepared: object) -> int:
    if isinstance(prepared, list | tuple):
        return sum(_count_bytes(item) for item in prepared)
    return int(getattr(prepared, "nbytes", 0))
