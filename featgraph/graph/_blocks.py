"""All pairwise distances, a block of rows at a time, so that they need not be held at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.graph._near_pairs import NearPairs

__all__ = ["Block", "DistanceBlocks", "StoredBlocks", "StreamedBlocks", "as_blocks"]

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


def as_blocks(distances: Any) -> StoredBlocks:
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
        if not np.allclose(block, matrix[start:, start:stop].T, rtol=1e-4, atol=1e-6):
            raise ValueError("distances must be symmetric: C_ij = C_ji")
    return StoredBlocks(matrix)
