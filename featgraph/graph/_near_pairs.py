"""The nearest pairs of many nodes: single precision finds candidates, double precision decides.

A product of matrices in float32 gives every squared distance with a proven error bound. Pairs
that the bound cannot exclude are measured again by differences in float64. So the answer is
that of a full calculation in float64, at half its cost and without storing it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels import kernel

__all__ = ["NearPairs", "PairTable", "measure_pairs", "round_up"]


@kernel
def measure_pairs(
    points: NDArray[np.float64],
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None:
    """Write ‖points[left] − points[right]‖₂; four sums let the processor work ahead."""
    width = points.shape[1]
    whole = width - width % 4
    for k in range(left.size):
        a, b = points[left[k]], points[right[k]]
        s0, s1, s2, s3 = 0.0, 0.0, 0.0, 0.0
        for at in range(0, whole, 4):
            d0, d1 = a[at] - b[at], a[at + 1] - b[at + 1]
            d2, d3 = a[at + 2] - b[at + 2], a[at + 3] - b[at + 3]
            s0 += d0 * d0
            s1 += d1 * d1
            s2 += d2 * d2
            s3 += d3 * d3
        for at in range(whole, width):
            d0 = a[at] - b[at]
            s0 += d0 * d0
        out[k] = math.sqrt((s0 + s1) + (s2 + s3))


#: Pairs i < j, and their distances in the precision of the features.
PairTable: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[Any]]

_BLOCK_NUMBERS = 1 << 22  # numbers in a block of squared distances: 16 MiB
_N_SAMPLED = 200_000
#: Denser answers than this share of all pairs, or longer ones, are left to full blocks.
_MOST_SHARE, _MOST_PAIRS = 0.1, 30_000_000


def round_up(limit: float, dtype: np.dtype[Any]) -> Any:
    """Return the first number of ``dtype`` that is at least ``limit``.

    A float32 distance is below ε exactly if it is below the first float32 that is ≥ ε.
    """
    rounded = dtype.type(limit)
    if float(rounded) < limit:  # compared in float64: numpy would round ε to the limit itself
        rounded = np.nextafter(rounded, dtype.type(np.inf))
    return rounded


class NearPairs:
    """Search for near pairs among the rows of a matrix of features.

    Parameters
    ----------
    values : Tensor, shape (n_nodes, n_samples)
        Features.
    scale : float
        Factor from ‖F_i − F_j‖ to the distance.
    dtype : numpy dtype
        Precision in which distances are compared.
    """

    def __init__(self, values: Any, scale: float, dtype: np.dtype[Any]) -> None:
        import torch

        wide = values.detach().double().cpu()
        # measured as they are: centring would round features that a loud neuron outweighs
        self.points: NDArray[np.float64] = wide.numpy()
        self.scale, self.dtype = scale, dtype
        self.n_nodes = len(self.points)
        self.n_pairs = self.n_nodes * (self.n_nodes - 1) // 2
        centered = wide - wide.mean(dim=0)
        half = 0.5 * torch.linalg.vecdot(centered, centered)
        # (x, 1, −|x|²/2) · (y, −|y|²/2, 1) = −‖x − y‖²/2
        # bfloat16 or TF32 products, if the caller allows them, have no such bound
        fine = torch.get_float32_matmul_precision() == "highest"
        fine &= 1e-20 < float(half.max()) < 1e30  # squares and their products stay in range
        kind = torch.float32 if fine else torch.float64
        ones = torch.ones(self.n_nodes, 1, dtype=kind)
        thin, weight = centered.to(kind), -half[:, None].to(kind)
        self._left = torch.cat([thin, ones, weight], dim=1)
        self._right = torch.cat([thin, weight, ones], dim=1).T
        # γ_n for products of n terms in any order (Higham 2002, eq. 3.5), doubled for d² = −2 ·
        # product, over |x|·|y| + |x|²/2 + |y|²/2 ≤ 2·max|x|², and roundings of the entries.
        unit = float(torch.finfo(kind).eps) / 2
        terms = (self.points.shape[1] + 8) * unit
        self.error = 8 * terms / (1 - terms) * float(half.max())

    def tells_apart(self) -> bool:
        """Return whether any two nodes differ."""
        return bool((self.points != self.points[0]).any())

    def measure(self, left: NDArray[np.int64], right: NDArray[np.int64]) -> NDArray[Any]:
        """Return the distances of pairs, in ``dtype``."""
        from featgraph.graph._near_pairs import measure_pairs

        out = np.empty(left.size)
        measure_pairs(self.points, left, right, out)
        return (out * self.scale).astype(self.dtype)

    def _squares(self, start: int, stop: int, first: int) -> Any:
        """Return −d²/2 of nodes ``start … stop`` to the nodes from ``first`` on, unscaled."""
        return self._left[start:stop] @ self._right[:, first:]

    def _row_blocks(self, n_rows: int) -> Iterator[tuple[int, int]]:
        step = max(1, _BLOCK_NUMBERS // self.n_nodes)
        for start in range(0, n_rows, step):
            yield start, min(start + step, n_rows)

    @cached_property
    def _sample(self) -> NDArray[Any]:
        """Sorted distances of random pairs: where to look, never what to answer."""
        rng = np.random.default_rng(0)
        size = min(_N_SAMPLED, self.n_pairs)
        left = rng.integers(0, self.n_nodes, size)
        right = (left + rng.integers(1, self.n_nodes, size)) % self.n_nodes
        return np.sort(self.measure(left, right))

    def share_below(self, limit: float) -> float:
        """Return an estimate of the share of all pairs at a distance below ``limit``."""
        return float(np.searchsorted(self._sample, limit)) / self._sample.size

    def below(self, limit: float) -> PairTable | None:
        """Return the pairs closer than ``limit``, sorted; None where they are too many to list."""
        share = self.share_below(limit)
        if share > _MOST_SHARE or share * self.n_pairs > _MOST_PAIRS:
            return None
        if limit > self._listed[0]:
            self._listed = (limit, self._search(limit))
        left, right, lengths = self._listed[1]
        near = lengths < round_up(limit, self.dtype)
        return left[near], right[near], lengths[near]

    _listed: tuple[float, PairTable] = (
        0.0,
        (np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), np.empty(0)),
    )

    def _search(self, limit: float) -> PairTable:
        # one part in a million covers the rounding of the limit and of the scaling
        bound = -0.5 * ((1 + 1e-6) * (limit / self.scale) ** 2 + self.error)
        found: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
        for start, stop in self._row_blocks(self.n_nodes):
            rows, columns = (self._squares(start, stop, start) > bound).nonzero(as_tuple=True)
            left, right = rows.numpy() + start, columns.numpy() + start
            once = right > left
            found.append((left[once], right[once]))
        left = np.concatenate([pair[0] for pair in found])
        right = np.concatenate([pair[1] for pair in found])
        lengths = self.measure(left, right)
        near = lengths < round_up(limit, self.dtype)
        return left[near], right[near], lengths[near]

    def kth(self, rank: int) -> float | None:
        """Return the ``rank``-th smallest distance, from 1; None where too many are smaller."""
        if rank > _MOST_SHARE * self.n_pairs or rank > _MOST_PAIRS:
            return None
        expected = self._sample.size * rank / self.n_pairs
        place = math.ceil(expected + 4 * math.sqrt(expected) + 8)
        while place < self._sample.size:
            found = self.below(float(np.nextafter(self._sample[place], self.dtype.type(np.inf))))
            if found is None:
                return None
            if found[2].size >= rank:
                return float(np.partition(found[2], rank - 1)[rank - 1])
            place *= 2  # a sample can mislead, an answer cannot: look farther
        return None

    def neighbors(self, k: int) -> PairTable:
        """Return the pairs in which one node is among the ``k`` nearest of the other, sorted.

        Of nodes equally near, those with the smaller numbers are taken.
        """
        pairs: list[NDArray[np.int64]] = []
        taken = min(k + 8, self.n_nodes - 1)
        for start, stop in self._row_blocks(self.n_nodes):
            block = self._squares(start, stop, 0)
            own = np.arange(start, stop)
            block[own - start, own] = -math.inf
            best, at = block.topk(taken, dim=1)
            columns = at.numpy()
            lengths = self.measure(np.repeat(own, taken), columns.ravel()).reshape(columns.shape)
            order = np.lexsort((columns, lengths))[:, :k]
            chosen = np.take_along_axis(columns, order, axis=1)
            last = np.take_along_axis(lengths, order[:, -1:], axis=1)[:, 0].astype(np.float64)
            # what was not taken is at least this far (squared, unscaled), up to the error
            rest = -2.0 * best[:, -1].numpy().astype(np.float64) - self.error
            unsure = rest <= (1 + 1e-6) * (last / self.scale) ** 2
            for row in np.flatnonzero(unsure) if taken < self.n_nodes - 1 else ():
                chosen[row] = self._nearest_of(start + int(row), k)
            pairs.append(np.column_stack([np.repeat(own, k), chosen.ravel()]))
        table = np.sort(np.concatenate(pairs), axis=1)
        keys = np.unique(table[:, 0] * self.n_nodes + table[:, 1])
        left, right = keys // self.n_nodes, keys % self.n_nodes
        return left, right, self.measure(left, right)

    def _nearest_of(self, node: int, k: int) -> NDArray[np.int64]:
        """Return the ``k`` nearest of one node from all its distances."""
        others = np.delete(np.arange(self.n_nodes), node)
        lengths = self.measure(np.full(others.size, node), others)
        nearest: NDArray[np.int64] = others[np.lexsort((others, lengths))[:k]]
        return nearest

    def leave(self, nodes: NDArray[np.int64], part: NDArray[np.int64]) -> PairTable:
        """Return for each of ``nodes`` the nearest node of another part, and how far it is."""
        import torch

        label = torch.from_numpy(part)
        nearest, lengths = np.empty(nodes.size, dtype=np.int64), np.empty(nodes.size, self.dtype)
        for start, stop in self._row_blocks(nodes.size):
            own = nodes[start:stop]
            block = self._left[own] @ self._right
            block[label[own][:, None] == label] = -math.inf
            best = block.amax(dim=1, keepdim=True)
            rows, columns = (block >= best - self.error).nonzero(as_tuple=True)
            row, column = rows.numpy(), columns.numpy()
            exact = self.measure(own[row], column)
            order = np.lexsort((column, exact, row))
            first = order[np.unique(row[order], return_index=True)[1]]
            nearest[start:stop], lengths[start:stop] = column[first], exact[first]
        return nodes, nearest, lengths
