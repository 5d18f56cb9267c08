"""Squared distances from a matrix product, with the pairs that cancel redone by differences."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import torch
from torch import Tensor

__all__ = ["centre", "full_precision", "safe_ratio", "squared_distances", "working_dtype"]

# Pairs handled at a time when single pairs are redone by differences: bounds the memory.
PAIR_CHUNK_ELEMENTS = 1 << 22


def working_dtype(dtype: torch.dtype) -> torch.dtype:
    """Return the dtype in which distances are computed: half precision widens to float32."""
    return torch.float64 if dtype == torch.float64 else torch.float32


def safe_ratio(dtype: torch.dtype) -> float:
    """Return the share of the norms below which a squared distance is recomputed.

    ``‖a − b‖² = ‖a‖² + ‖b‖² − 2ab`` carries an absolute error of a few ``eps · (‖a‖² + ‖b‖²)``;
    where the result is less than this share of the norms, that error is no longer small
    against it (1e-5 relative in float32, 1e-11 in float64).
    """
    return 1e-4 if dtype == torch.float64 else 2e-2


@contextlib.contextmanager
def full_precision() -> Iterator[None]:
    """Switch off autocast and the reduced-precision matrix products of float32 (TF32, bfloat16)."""
    before = torch.get_float32_matmul_precision()
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.autocast("cpu", enabled=False))
        if torch.cuda.is_available():
            stack.enter_context(torch.autocast("cuda", enabled=False))
        if before == "highest":
            yield
            return
        torch.set_float32_matmul_precision("highest")
        try:
            yield
        finally:
            torch.set_float32_matmul_precision(before)


def centre(values: Tensor) -> Tensor:
    """Return ``values`` without their mean row, which makes norms small against distances."""
    return values - values.mean(dim=0)


def squared_distances(
    values: Tensor, centred: Tensor, norms: Tensor, start: int, stop: int
) -> Tensor:
    """Return the squared distances of rows ``start:stop`` to all rows, shape (stop - start, D).

    The caller is inside ``full_precision`` and ``no_grad``; the result is exact zero for equal
    rows, never negative, and not yet symmetric across blocks.
    """
    block, block_norms = centred[start:stop], norms[start:stop]
    squares = torch.addmm(norms.expand(stop - start, -1), block, centred.T, alpha=-2.0)
    squares += block_norms[:, None]
    limit = safe_ratio(values.dtype)
    # One cheap look first: usually no pair is close and the finer test is not needed.
    rows = torch.arange(start, stop, device=values.device)
    squares[rows - start, rows] = torch.inf
    if float(squares.min()) < 2.0 * limit * float(norms.max()):
        _redo_close_pairs(squares, values, norms, start, limit)
    squares[rows - start, rows] = 0.0
    return squares.clamp_(min=0.0)


def _redo_close_pairs(
    squares: Tensor, values: Tensor, norms: Tensor, start: int, limit: float
) -> None:
    """Replace the entries of ``squares`` that are small against the norms, in place."""
    block_norms = norms[start : start + squares.shape[0]]
    close = squares < limit * (block_norms[:, None] + norms)
    n_close = int(close.sum())
    if n_close * 8 > close.numel():
        # Many pairs: the direct kernel over the block beats gathering row by row.
        block = values[start : start + squares.shape[0]]
        direct = torch.cdist(block, values, compute_mode="donot_use_mm_for_euclid_dist")
        torch.where(close, direct.square_(), squares, out=squares)
        return
    left, right = close.nonzero(as_tuple=True)
    step = max(1, PAIR_CHUNK_ELEMENTS // values.shape[1])
    for first in range(0, n_close, step):
        i, j = left[first : first + step], right[first : first + step]
        difference = values[i + start] - values[j]
        squares[i, j] = torch.linalg.vecdot(difference, difference)
