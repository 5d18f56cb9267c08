"""All pairwise distances, a block of rows at a time, and the k-th smallest of them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.graph._near_pairs import NearPairs, PairTable

__all__ = [
    "Block",
    "DistanceBlocks",
    "StoredBlocks",
    "StreamedBlocks",
    "as_blocks",
    "kth_distance",
    "largest_distance",
    "nearest_pairs",
    "pair_values",
]

Block: TypeAlias = tuple[int, int, NDArray[Any]]
# Numbers in one block of distances: 32 MiB in float32.
_BLOCK_NUMBERS = 1 << 23


class DistanceBlocks(Protocol):
    """A source of the blocks ``(start, stop, C[start:stop, start:])``, as often as asked."""

    @property
    def n_nodes(self) -> int:
        """Number of nodes D."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """float32 or float64: the precision in which a threshold acts."""

    @property
    def near(self) -> NearPairs | None:
        """A faster search for near pairs, where there is one."""

    def blocks(self) -> Iterator[Block]:
        """Yield the blocks from the top; the square at the start of each is symmetric."""


def _row_blocks(n_nodes: int) -> Iterator[tuple[int, int]]:
    step = max(1, _BLOCK_NUMBERS // n_nodes)
    for start in range(0, n_nodes, step):
        yield start, min(start + step, n_nodes)


@dataclass(frozen=True)
class StoredBlocks:
    """Blocks of a distance matrix that is there as a whole."""

    matrix: NDArray[Any]

    @property
    def n_nodes(self) -> int:
        """Number of nodes D."""
        return int(self.matrix.shape[0])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Precision of the matrix."""
        return self.matrix.dtype

    @property
    def near(self) -> None:
        """Nothing is faster than looking a stored distance up."""
        return None

    def blocks(self) -> Iterator[Block]:
        """Yield views of the matrix."""
        for start, stop in _row_blocks(self.n_nodes):
            yield start, stop, self.matrix[start:stop, start:]


@dataclass(frozen=True)
class StreamedBlocks:
    """Blocks computed from features, again at every pass."""

    values: Any  # Tensor, shape (n_nodes, n_samples)
    scaled: bool

    @property
    def n_nodes(self) -> int:
        """Number of nodes D."""
        return int(self.values.shape[0])

    @property
    def dtype(self) -> np.dtype[Any]:
        """Precision of the features."""
        import torch

        return np.dtype(np.float64 if self.values.dtype == torch.float64 else np.float32)

    @property
    def _scale(self) -> float:
        return 1.0 / math.sqrt(self.values.shape[1]) if self.scaled else 1.0

    @cached_property
    def near(self) -> NearPairs | None:
        """Search by single precision; a graphics processor is as quick with full blocks."""
        if self.values.device.type != "cpu":
            return None
        return NearPairs(self.values, self._scale, self.dtype)

    def blocks(self) -> Iterator[Block]:
        """Yield fresh arrays in main memory."""
        from featgraph.distances.gram import distance_blocks

        # float64 throughout: a threshold must not depend on how a block was computed
        for start, block in distance_blocks(self.values.double(), self._scale):
            yield start, start + len(block), block.cpu().numpy().astype(self.dtype, copy=False)


def as_blocks(distances: object) -> StoredBlocks:
    """Return a checked distance matrix (Tensor or ndarray) as a source of blocks."""
    matrix = distances.detach().cpu().numpy() if hasattr(distances, "detach") else distances
    matrix = np.asarray(matrix)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.shape[0] < 2:
        raise ValueError(
            "distances must be a square matrix of at least 2 nodes, "
            f"got shape {matrix.shape}; from features: feature_distances(F)"
        )
    if matrix.dtype.kind not in "iuf":
        raise TypeError(f"distances must be real numbers, got an array of {matrix.dtype}")
    if matrix.dtype not in (np.float32, np.float64):
        matrix = matrix.astype(np.float64)
    for start, stop, block in StoredBlocks(matrix).blocks():
        if not np.isfinite(block).all() or block.min() < 0:
            raise ValueError("distances must be finite and at least 0")
        # the tolerance admits the rounding of other libraries, not another matrix
        other, most = matrix[start:, start:stop].T, 1e-6 * float(block.max())
        if not np.allclose(block, other, rtol=1e-4, atol=most):
            raise ValueError("distances must be symmetric: C_ij = C_ji")
    return StoredBlocks(matrix)


_DIGIT = 16  # bits settled per pass: two passes for float32, four for float64


def largest_distance(source: DistanceBlocks) -> float:
    """Return the largest distance of two nodes."""
    return max(float(block.max()) for _, _, block in source.blocks())


def pair_values(block: NDArray[Any]) -> NDArray[Any]:
    """Return the entries of a block that are pairs i < j, each pair once."""
    n_rows = len(block)
    square = block[:, :n_rows][np.triu_indices(n_rows, 1)]
    return np.concatenate([square, block[:, n_rows:].ravel()])


def kth_distance(source: DistanceBlocks, rank: int) -> float:
    """Return the ``rank``-th smallest distance over all pairs, counted from 1, exactly.

    The bits of a non-negative float, read as an integer, keep its order; so each pass settles
    the next 16 bits by a histogram (radix selection). Two passes over float32, four over
    float64, memory of one block. Near pairs of features are searched for in one pass instead.
    """
    found = source.near.kth(rank) if source.near is not None else None
    if found is not None:
        return found
    width = source.dtype.itemsize * 8
    unsigned = np.dtype(f"u{source.dtype.itemsize}")
    prefix = 0
    for shift in range(width - _DIGIT, -1, -_DIGIT):
        counts = np.zeros(1 << _DIGIT, dtype=np.int64)
        for _, _, block in source.blocks():
            # + 0 turns −0.0, whose bits are those of a huge integer, into 0.0
            bits = (pair_values(block) + 0).view(unsigned)
            if shift + _DIGIT < width:
                bits = bits[(bits >> unsigned.type(shift + _DIGIT)) == unsigned.type(prefix)]
            digits = (bits >> unsigned.type(shift)) & unsigned.type((1 << _DIGIT) - 1)
            counts += np.bincount(digits.astype(np.int64), minlength=1 << _DIGIT)
        below = np.cumsum(counts)
        digit = int(np.searchsorted(below, rank))
        rank -= int(below[digit - 1]) if digit else 0
        prefix = (prefix << _DIGIT) | digit
    value: Any = np.array([prefix], dtype=unsigned).view(source.dtype)[0]
    return float(value)


def nearest_pairs(source: DistanceBlocks, k: int) -> PairTable:
    """Return the pairs i < j in which one is among the ``k`` nearest of the other, sorted.

    Of nodes equally near, those with the smaller numbers are taken. Time O(n_nodes²) per pass,
    memory of one block and O(k · n_nodes).
    """
    n_nodes = source.n_nodes
    if k > n_nodes - 1:
        raise ValueError(
            f"neighbors in epsilon must be at most n_nodes − 1 = {n_nodes - 1}, got {k}"
        )
    if source.near is not None:
        return source.near.neighbors(k)
    lengths = np.full((n_nodes, k), np.inf, dtype=source.dtype)
    others = np.full((n_nodes, k), n_nodes, dtype=np.int64)
    for start, stop, block in source.blocks():
        square = np.arange(stop - start)
        open_block = block.copy()
        open_block[square, square] = np.inf
        for nodes, rows, first in (
            (slice(start, stop), open_block, start),
            (slice(stop, None), open_block[:, stop - start :].T, start),
        ):
            _keep_nearest(lengths[nodes], others[nodes], rows, first)
    own = np.repeat(np.arange(n_nodes), k)
    low, high = np.minimum(own, others.ravel()), np.maximum(own, others.ravel())
    keys, first_at = np.unique(low * n_nodes + high, return_index=True)
    return keys // n_nodes, keys % n_nodes, lengths.ravel()[first_at]


def _keep_nearest(
    lengths: NDArray[Any], others: NDArray[np.int64], rows: NDArray[Any], first: int
) -> None:
    """Merge the columns of ``rows``, nodes from ``first`` on, into the nearest found so far."""
    k = lengths.shape[1]
    if rows.shape[1] > k:  # all that ties with the k-th stays in: the smaller number wins below
        limit = np.partition(rows, k - 1, axis=1)[:, k - 1]
        row, column = (rows <= limit[:, None]).nonzero()
    else:
        row, column = (x.ravel() for x in np.indices(rows.shape))
    row = np.concatenate([row, np.repeat(np.arange(len(lengths)), k)])
    node = np.concatenate([column + first, others.ravel()])
    length = np.concatenate([rows[row[: column.size], column], lengths.ravel()])
    order = np.lexsort((node, length, row))
    starts = np.searchsorted(row[order], np.arange(len(lengths)))
    chosen = order[starts[:, None] + np.arange(k)]
    lengths[:], others[:] = length[chosen], node[chosen]
