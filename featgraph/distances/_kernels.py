"""Compiled passes over the upper triangle of a distance matrix in main memory.

Those over all pairs work tile by tile, so that the mirrored half is written from cache, and row by
row inside a tile on contiguous slices without branches, which the compiler turns into vector code.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from featgraph.kernels import kernel

__all__ = ["finish_distances", "gradient_weights", "pair_weights", "table_weights"]

TILE = 64


@kernel
def finish_distances(matrix: Any, values: Any, norms: Any, limit: Any, scale: Any) -> None:
    """Turn the Gram matrix of the centred rows into distances, in place, both triangles.

    Where ‖a‖² + ‖b‖² − 2ab is below ``limit`` times the norms it has cancelled, and the
    distance is computed from the differences of ``values`` instead.
    """
    n_nodes, n_samples = values.shape
    tile = np.empty((TILE, TILE), matrix.dtype)
    zero = tile.dtype.type(0.0)
    for top in range(0, n_nodes, TILE):
        height = min(TILE, n_nodes - top)
        for side in range(top, n_nodes, TILE):
            width = min(TILE, n_nodes - side)
            column_norms = norms[side : side + width]
            for i in range(height):
                norm = norms[top + i]
                products = matrix[top + i, side : side + width]
                row = tile[i]
                n_close = np.int32(0)
                for j in range(width):
                    both = norm + column_norms[j]
                    square = both - (products[j] + products[j])
                    n_close += np.int32(square < limit * both)
                    row[j] = math.sqrt(square if square > zero else zero) * scale
                if n_close > 0:
                    for j in range(width):
                        both = norm + column_norms[j]
                        if both - (products[j] + products[j]) < limit * both:
                            square = zero
                            for k in range(n_samples):
                                difference = values[top + i, k] - values[side + j, k]
                                square += difference * difference
                            row[j] = math.sqrt(square) * scale
            _store_tile(matrix, tile, top, side, height, width)


@kernel
def gradient_weights(
    weights: Any,
    grad: Any,
    distances: Any,
    values: Any,
    norms: Any,
    limit: Any,
    factor: Any,
    near: Any,
) -> None:
    """Fill ``W_ij = factor · (grad_ij + grad_ji) / C_ij``, 0 for pairs at distance 0.

    Pairs with ``C_ij² < limit · (‖F_i‖² + ‖F_j‖²)`` would cancel in ``rowsum(W) F − W F``: they
    are left out of W, and their gradient is added to ``near``, shape of ``values``, by
    differences.
    """
    n_nodes = values.shape[0]
    tile = np.empty((TILE, TILE), weights.dtype)
    for top in range(0, n_nodes, TILE):
        height = min(TILE, n_nodes - top)
        for side in range(top, n_nodes, TILE):
            width = min(TILE, n_nodes - side)
            for j in range(width):
                slope = grad[side + j, top : top + height]
                for i in range(height):
                    tile[i, j] = slope[i]
            for i in range(height):
                row, slope = tile[i], grad[top + i, side : side + width]
                for j in range(width):
                    row[j] += slope[j]
                _weigh_row(row, distances, values, norms, top + i, side, width, limit, factor, near)
            _store_tile(weights, tile, top, side, height, width)


@kernel
def table_weights(
    weights: Any,
    table: Any,
    low: Any,
    per_unit: Any,
    distances: Any,
    values: Any,
    norms: Any,
    limit: Any,
    factor: Any,
    near: Any,
) -> None:
    """Do as :func:`gradient_weights` where the slope of a pair is a function of its distance.

    ``table`` holds that function at ``low``, ``low + 1 / per_unit``, … past the largest
    distance, and is interpolated linearly.
    """
    n_nodes = values.shape[0]
    tile = np.zeros((TILE, TILE), weights.dtype)
    number = tile.dtype.type
    for top in range(0, n_nodes, TILE):
        height = min(TILE, n_nodes - top)
        for side in range(top, n_nodes, TILE):
            width = min(TILE, n_nodes - side)
            for i in range(height):
                row, distance = tile[i], distances[top + i, side : side + width]
                first = i + 1 if side == top else 0  # the zero diagonal lies outside the table
                for j in range(first, width):
                    place = (distance[j] - low) * per_unit
                    knot = np.uint32(place)  # unsigned: no test for indices from the end
                    below = table[knot]
                    step = table[knot + np.uint32(1)] - below
                    row[j] = below + (place - number(knot)) * step
                _weigh_row(row, distances, values, norms, top + i, side, width, limit, factor, near)
            _store_tile(weights, tile, top, side, height, width)


@kernel
def pair_weights(
    weights: Any,
    places: Any,
    slopes: Any,
    heights: Any,
    values: Any,
    norms: Any,
    limit: Any,
    factor: Any,
    near: Any,
) -> None:
    """Do as :func:`gradient_weights` for the slopes of some pairs, each given once, in any order.

    ``places`` are i · D + j, and ``heights`` the distances there. Without ``weights``, of shape
    (0, 0), the gradient of all pairs is added to ``near``.
    """
    n_nodes, has_weights = values.shape[0], weights.shape[0] > 0
    per_row, width = 1.0 / n_nodes, np.uint64(n_nodes)  # unsigned: no test for indices from the end
    zero = heights.dtype.type(0.0)
    for k in range(places.shape[0]):
        i = np.uint64((places[k] + 0.5) * per_row)  # as a whole division, and several times faster
        j = np.uint64(places[k]) - i * width
        height = heights[k]
        weight = slopes[k] * factor / height if height > zero else zero
        if has_weights and height * height >= limit * (norms[i] + norms[j]):
            weights[i, j] = weights[j, i] = weight
        else:
            for m in range(values.shape[1]):
                step = weight * (values[i, m] - values[j, m])
                near[i, m] += step
                near[j, m] -= step


@kernel
def _weigh_row(
    row: Any,
    distances: Any,
    values: Any,
    norms: Any,
    node: int,
    side: int,
    width: int,
    limit: Any,
    factor: Any,
    near: Any,
) -> None:
    """Turn the slopes of one node's pairs into weights; move the close pairs to ``near``."""
    zero, one = row.dtype.type(0.0), row.dtype.type(1.0)
    distance, column_norms = distances[node, side : side + width], norms[side : side + width]
    n_close = np.int32(0)
    for j in range(width):
        apart = distance[j] > zero
        row[j] = row[j] * factor / (distance[j] if apart else one) if apart else zero
    for j in range(width):
        close = distance[j] * distance[j] < limit * (norms[node] + column_norms[j])
        n_close += np.int32(close)
    if n_close == 0:
        return
    for j in range(width):
        if distance[j] * distance[j] < limit * (norms[node] + column_norms[j]):
            if side + j > node:
                for k in range(values.shape[1]):
                    step = row[j] * (values[node, k] - values[side + j, k])
                    near[node, k] += step
                    near[side + j, k] -= step
            row[j] = zero


@kernel
def _store_tile(matrix: Any, tile: Any, top: int, side: int, height: int, width: int) -> None:
    """Write a tile and its mirror image; on the diagonal its upper triangle counts."""
    if side == top:
        for i in range(height):
            tile[i, i] = 0.0
            for j in range(i):
                tile[i, j] = tile[j, i]
    for i in range(height):
        row = matrix[top + i, side : side + width]
        for j in range(width):
            row[j] = tile[i, j]
    if side > top:
        for j in range(width):
            row = matrix[side + j, top : top + height]
            for i in range(height):
                row[i] = tile[i, j]
