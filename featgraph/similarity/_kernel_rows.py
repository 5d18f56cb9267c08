"""Centred kernel matrices of samples, some rows at a time."""

from __future__ import annotations

import torch

from featgraph.core.resources import check_pairs
from featgraph.similarity._inputs import center
from featgraph.similarity._recipe import Rows

__all__ = ["open_kernel"]

BLOCK_ROWS = 256


def open_kernel(
    samples: torch.Tensor, name: str, kernel: str, bandwidth: float, *, unbiased: bool
) -> Rows:
    """Return the rows of H K H, or of the U-centred matrix, whose zero diagonal counts.

    Time O(n² · d), memory O(n · d); n²/2 numbers for the median distance of the RBF kernel,
    of one layer at a time.
    """
    centered = center(samples, name)
    n_samples = centered.shape[0]
    rows = _open_linear(centered)
    if kernel != "linear":
        rows = _open_rbf(centered, rows, bandwidth, name)
    if not unbiased and kernel == "linear":  # inner products of centred samples are centred
        return rows
    sums = _add_up(rows, n_samples, hollow=unbiased)
    if not unbiased:
        means, total = sums / n_samples, sums.sum() / n_samples**2
    else:
        means = sums / (n_samples - 2)
        total = sums.sum() / ((n_samples - 1) * (n_samples - 2))

    def centered_rows(low: int, high: int) -> torch.Tensor:
        block = rows(low, high) - means[None, :] - means[low:high, None] + total
        if unbiased:
            block.diagonal(low).zero_()
        return block

    return centered_rows


def _blocks(n_samples: int) -> list[tuple[int, int]]:
    lows = range(0, n_samples, BLOCK_ROWS)
    return [(low, min(low + BLOCK_ROWS, n_samples)) for low in lows]


def _open_linear(centered: torch.Tensor) -> Rows:
    return lambda low, high: centered[low:high] @ centered.T


def _open_rbf(centered: torch.Tensor, inner: Rows, bandwidth: float, name: str) -> Rows:
    norms, n_samples = centered.square().sum(dim=1), centered.shape[0]

    def squared(low: int, high: int) -> torch.Tensor:
        found = norms[low:high, None] + norms[None, :] - 2 * inner(low, high)
        found.diagonal(low).zero_()
        return found.clamp_(min=0)

    median = _find_median(squared, n_samples, centered)
    if median <= 0:
        raise ValueError(
            f"{name} must have more than half of its pairs of samples apart for the RBF kernel, "
            "got a median distance of 0; remove doubled samples or use kernel='linear'"
        )
    scale = -2 * bandwidth**2 * median
    return lambda low, high: squared(low, high).div_(scale).exp_()


def _find_median(squared: Rows, n_samples: int, like: torch.Tensor) -> torch.Tensor:
    check_pairs(
        n_samples,
        "the median distance",
        bytes_per_pair=like.element_size(),  # half of the pairs, and a copy in order
        of="samples",
        remedy="or take kernel='linear'",
    )
    pairs, place = like.new_empty(n_samples * (n_samples - 1) // 2), 0
    for low, high in _blocks(n_samples):
        block = squared(low, high)
        for k in range(low, high):
            count = n_samples - 1 - k
            pairs[place : place + count] = block[k - low, k + 1 :]
            place += count
    return pairs.median()


def _add_up(rows: Rows, n_samples: int, *, hollow: bool) -> torch.Tensor:
    """Return the sum of each row, without the diagonal if ``hollow``."""
    sums = []
    for low, high in _blocks(n_samples):
        block = rows(low, high)
        if hollow:
            block.diagonal(low).zero_()
        sums.append(block.sum(dim=1))
    return torch.cat(sums)
