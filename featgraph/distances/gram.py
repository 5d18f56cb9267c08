"""Distances from one matrix product, with the pairs that cancel redone by differences.

Two implementations of one definition: compiled loops for tensors in main memory, tensor
operations for every other device.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import Tensor

from featgraph.core.resources import own_pages

__all__ = [
    "KEPT_NUMBERS",
    "center_if_far",
    "distance_blocks",
    "distance_gradient",
    "far_gradient",
    "full_precision",
    "in_main_memory",
    "look_up",
    "pair_gradient",
    "pairwise_distances",
    "scratch",
    "table_gradient",
    "working_dtype",
]

# Elements of one row block of the distance matrix: 32 MiB in float32.
BLOCK_ELEMENTS = 1 << 23
# Up to this many subtractions (128 nodes, 64 samples) differences cost no more than a product.
DIRECT_OPERATIONS = 1 << 20


def working_dtype(dtype: torch.dtype) -> torch.dtype:
    """Return the dtype in which distances are computed: half precision widens to float32."""
    return torch.float64 if dtype == torch.float64 else torch.float32


def _cancel_limit(dtype: torch.dtype) -> float:
    """Return the share of the norms below which a squared distance is recomputed.

    ``‖a‖² + ‖b‖² − 2ab`` carries an error of a few ``eps · (‖a‖² + ‖b‖²)``; above this share
    it stays within about 1e-5 of the squared distance in float32, 1e-11 in float64.
    """
    return 1e-4 if dtype == torch.float64 else 2e-2


def in_main_memory(tensor: Tensor) -> bool:
    """Whether compiled loops can work on the tensor."""
    return tensor.device.type == "cpu"


@contextlib.contextmanager
def full_precision() -> Iterator[None]:
    """Switch off autocast and the reduced-precision matrix products of float32."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.autocast("cpu", enabled=False))
        if torch.cuda.is_available():
            stack.enter_context(torch.autocast("cuda", enabled=False))
        backends: list[Any] = [torch.backends.cuda.matmul]
        backends.append(getattr(torch.backends.mkldnn, "matmul", None))
        if hasattr(backends[0], "fp32_precision"):
            for backend in backends:
                precision = backend.fp32_precision
                if precision not in ("ieee", "none"):
                    stack.callback(setattr, backend, "fp32_precision", precision)
                    backend.fp32_precision = "ieee"
        elif (before := torch.get_float32_matmul_precision()) != "highest":  # torch before 2.9
            stack.callback(torch.set_float32_matmul_precision, before)
            torch.set_float32_matmul_precision("highest")
        yield


def _center(values: Tensor) -> tuple[Tensor, Tensor]:
    """Return the rows without their mean, and their squared norms.

    Distances do not see a shift; without it the norms are small against them.
    """
    centered = torch.sub(values, values.mean(dim=0), out=_empty_like(values))
    return centered, torch.linalg.vecdot(centered, centered)


def _empty_like(values: Tensor) -> Tensor:
    if not in_main_memory(values):
        return torch.empty_like(values)
    return torch.from_numpy(own_pages(tuple(values.shape), values.numpy().dtype))


def _as_rows(values: Tensor) -> NDArray[Any]:
    """Return the values row by row in memory, as compiled loops want them."""
    rows = values if values.is_contiguous() else _empty_like(values).copy_(values)
    return rows.numpy()


def pairwise_distances(values: Tensor, scale: float, block_size: int | None) -> Tensor:
    """Return ``scale · ‖F_i − F_j‖``: symmetric, exactly 0 on the diagonal and for equal rows."""
    values = values.detach()
    with full_precision():
        if len(values) * values.numel() <= DIRECT_OPERATIONS:
            return torch.cdist(values, values, compute_mode=DIRECT).mul_(scale)
        if not in_main_memory(values):
            return _blocked_distances(values, scale, block_size)
        centered, norms = _center(values)
        from featgraph.distances._kernels import finish_distances

        distances = centered.new_empty(len(values), len(values))
        for start in range(0, len(values), GRAM_ROWS):  # the upper triangle is read alone
            rows, rest = slice(start, start + GRAM_ROWS), slice(start, None)
            torch.mm(centered[rows], centered[rest].T, out=distances[rows, rest])
        number = distances.numpy().dtype.type  # numba would widen float32 loops to float64
        finish_distances(
            distances.numpy(),
            _as_rows(values),
            norms.numpy(),
            number(_cancel_limit(values.dtype)),
            number(scale),
        )
        return distances


GRAM_ROWS = 256
KEPT_NUMBERS = 1 << 21  # of all pairs of 1448 nodes
_ROOM = threading.local()
FEW_PAIRS = 8  # of all, one in so many: differences cost less than a matrix of weights
DIRECT = "donot_use_mm_for_euclid_dist"


def _blocked_distances(values: Tensor, scale: float, block_size: int | None) -> Tensor:
    """Return the distances by tensor operations on blocks of rows."""
    n_nodes = len(values)
    distances = values.new_empty(n_nodes, n_nodes)
    for start, block in distance_blocks(values, scale, block_size):
        square = block[:, : len(block)]  # symmetric but for rounding
        square.copy_(square.triu(1) + square.triu(1).T)
        rows, below = slice(start, start + len(block)), slice(start + len(block), None)
        distances[rows, start:] = block
        distances[below, rows] = block[:, len(block) :].T
    return distances


def distance_blocks(
    values: Tensor, scale: float, block_size: int | None = None
) -> Iterator[tuple[int, Tensor]]:
    """Yield ``start`` and ``scale · ‖F_i − F_j‖`` for i of a block of rows and j ≥ ``start``.

    The diagonal is exactly 0. The precision is that of ``values``.
    """
    values = values.detach()
    n_nodes = len(values)
    step = block_size or max(1, BLOCK_ELEMENTS // n_nodes)
    with full_precision():
        centered, norms = _center(values)
    for start in range(0, n_nodes, step):
        rows, rest = slice(start, start + step), slice(start, None)
        with full_precision():  # not around the yield: the caller's settings are its own
            block = torch.addmm(norms[rest], centered[rows], centered[rest].T, alpha=-2.0)
            block += norms[rows, None]
            _redo_close_pairs(block, values[rows], values[rest], norms[rows], norms[rest])
            block.clamp_(min=0.0).sqrt_().mul_(scale)
        yield start, block


def _redo_close_pairs(
    squares: Tensor, left: Tensor, right: Tensor, left_norms: Tensor, right_norms: Tensor
) -> None:
    """Replace the squared distances that are small against the norms, in place."""
    squares.diagonal().fill_(torch.inf)
    # One cheap look first: often no pair is that close.
    nearest = float(squares.min())
    squares.diagonal().fill_(0.0)
    if nearest >= _cancel_limit(squares.dtype) * 2 * float(right_norms.max()):
        return
    close = squares < _cancel_limit(squares.dtype) * (left_norms[:, None] + right_norms)
    n_close = int(close.sum())
    if n_close * 8 > close.numel():
        # Many: the direct kernel over the block beats gathering pairs of rows.
        direct = torch.cdist(left, right, compute_mode=DIRECT).square_()
        torch.where(close, direct, squares, out=squares)
    elif n_close:
        i, j = close.nonzero(as_tuple=True)
        step = max(1, BLOCK_ELEMENTS // left.shape[1])
        for first in range(0, n_close, step):
            rows, columns = i[first : first + step], j[first : first + step]
            difference = left[rows] - right[columns]
            squares[rows, columns] = torch.linalg.vecdot(difference, difference)


def distance_gradient(values: Tensor, distances: Tensor, grad: Tensor, scale: float) -> Tensor:
    """Return dL/dF from ``grad`` = dL/dC: ``Σ_j W_ij (F_i − F_j)`` as ``rowsum(W) F − W F``.

    ``W_ij = scale² (grad_ij + grad_ji) / C_ij``, and 0 where C_ij is 0.
    """
    if not in_main_memory(values):
        return _blocked_gradient(values, distances, grad, scale)
    from featgraph.distances._kernels import gradient_weights

    pieces = grad.contiguous().numpy(), distances.numpy()
    return _weighted_differences(gradient_weights, pieces, values, _room_for_weights(values), scale)


def center_if_far(values: Tensor, nearest: float, scale: float) -> Tensor | None:
    """Return the rows for :func:`far_gradient`, None if the pair ``nearest`` apart is too close.

    Of close pairs the products of :func:`distance_gradient` would cancel.
    """
    with full_precision():
        centered, norms = _center(values)
    limit = _cancel_limit(values.dtype) * scale**2
    return centered if nearest**2 >= 2 * limit * float(norms.max()) else None


def far_gradient(centered: Tensor, shares: Tensor, scale: float) -> Tensor:
    """Return dL/dF as :func:`distance_gradient` in main memory, if no two nodes are close.

    ``shares`` are dL/dC_ij / C_ij, 0 on the diagonal, ``centered`` is from :func:`center_if_far`.
    """
    with full_precision():
        weights = torch.add(shares, shares.T, out=_room_for_weights(centered))
        around = centered * weights.sum(dim=1, keepdim=True)
        return around.addmm_(weights, centered, alpha=-1.0).mul_(scale**2)


def table_gradient(
    values: Tensor, distances: Tensor, table: Tensor, low: float, per_unit: float, scale: float
) -> Tensor:
    """Return dL/dF where dL/dC of a pair i < j is a function of its distance, given by a table.

    The function stands at ``low``, ``low + 1 / per_unit``, … past the largest distance, and is
    interpolated linearly; in main memory no matrix dL/dC is made.
    """
    if not in_main_memory(values):
        return _blocked_gradient(values, distances, look_up(distances, table, low, per_unit), scale)
    from featgraph.distances._kernels import table_weights

    array = table.numpy()
    number = array.dtype.type
    pieces = array, number(low), number(per_unit), distances.numpy()
    return _weighted_differences(table_weights, pieces, values, _room_for_weights(values), scale)


def pair_gradient(
    values: Tensor, places: Tensor, heights: Tensor, grad: Tensor, scale: float
) -> Tensor:
    """Return dL/dF where L depends on some distances, in main memory.

    ``heights`` are those at ``places`` i · D + j of the matrix, no pair twice, and ``grad`` is dL
    by each. No matrix dL/dC is made, and none at all where the pairs are few.
    """
    from featgraph.distances._kernels import pair_weights

    n_nodes = len(values)
    is_dense = len(places) * FEW_PAIRS > n_nodes**2
    weights = values.new_empty(0, 0)
    if is_dense:
        weights = _room_for_weights(values).zero_()
    pieces = places.numpy(), grad.contiguous().numpy(), heights.numpy()
    return _weighted_differences(pair_weights, pieces, values, weights, scale)


def look_up(distances: Tensor, table: Tensor, low: float, per_unit: float) -> Tensor:
    """Return the table's value for each pair above the diagonal, 0 elsewhere."""
    result = torch.empty_like(distances)
    step = max(1, BLOCK_ELEMENTS // 2 // len(distances))
    for rows, out in zip(torch.split(distances, step), torch.split(result, step), strict=True):
        place = (rows - low) * per_unit
        knot = place.to(torch.int64).clamp_(0, len(table) - 2)
        out.copy_(torch.lerp(table[knot], table[knot + 1], place - knot))
    return result.triu_(1)


def scratch(name: str, *wanted: tuple[int, DTypeLike]) -> list[NDArray[Any]]:
    """Return room of these lengths and types; kept for the next call of this thread if small.

    New memory costs as much as a pass over it or two: the system clears it page by page.
    """
    kept: list[NDArray[Any]] = getattr(_ROOM, name, [])
    if [(len(room), room.dtype) for room in kept] != [(n, np.dtype(kind)) for n, kind in wanted]:
        kept = [np.empty(n, kind) for n, kind in wanted]
        setattr(_ROOM, name, kept if max(n for n, _ in wanted) <= KEPT_NUMBERS else [])
    return kept


def _room_for_weights(values: Tensor) -> Tensor:
    n_nodes = len(values)
    (room,) = scratch("weights", (n_nodes**2, values.numpy().dtype))
    return torch.from_numpy(room).view(n_nodes, n_nodes)


def _weighted_differences(
    fill: Callable[..., None],
    pieces: tuple[object, ...],
    values: Tensor,
    weights: Tensor,
    scale: float,
) -> Tensor:
    """Return ``Σ_j W_ij (F_i − F_j)`` with W and the close pairs' share filled by a kernel."""
    with full_precision():
        centered, norms = _center(values)
        near = torch.zeros_like(centered)
        number = values.numpy().dtype.type  # numba would widen float32 loops to float64
        fill(
            weights.numpy(),
            *pieces,
            _as_rows(values),
            norms.numpy(),
            number(_cancel_limit(values.dtype) * scale**2),
            number(scale**2),
            near.numpy(),
        )
        if len(weights) > 0:
            near.addcmul_(weights.sum(dim=1, keepdim=True), centered)
            near.addmm_(weights, centered, alpha=-1.0)
        return near


def _blocked_gradient(values: Tensor, distances: Tensor, grad: Tensor, scale: float) -> Tensor:
    """Return :func:`distance_gradient` by tensor operations on blocks of rows."""
    step = max(1, BLOCK_ELEMENTS // len(values))
    limit = _cancel_limit(values.dtype) * scale**2
    blocks = []
    with full_precision():
        centered, norms = _center(values)
        for start in range(0, len(values), step):
            rows = slice(start, start + step)
            weights = (grad[rows] + grad[:, rows].T) * scale**2 / distances[rows]
            weights = torch.where(distances[rows] > 0, weights, 0.0)
            # Close pairs cancel in the product; float64 carries it where there are any.
            close = distances[rows] ** 2 < limit * (norms[rows, None] + norms)
            wide = bool((close & (distances[rows] > 0)).any())
            dtype = torch.float64 if wide else values.dtype
            weights, points = weights.to(dtype), centered.to(dtype)
            total = weights.sum(dim=1, keepdim=True) * points[rows]
            blocks.append(torch.addmm(total, weights, points, alpha=-1.0).to(values.dtype))
    return torch.cat(blocks)
