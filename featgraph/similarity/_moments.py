"""Linear CKA of all pairs of layers from sums over samples: exact, whatever the batches."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch

from featgraph.similarity._recipe import normalize_products

__all__ = ["LinearMoments"]


class LinearMoments:
    """Sums over samples from which linear CKA of every pair of layers follows exactly.

    ``update`` takes one batch of every layer of both sides; the order and size of batches do
    not matter. Features are shifted by the mean of the first batch, which changes neither
    estimate but keeps large offsets from eating the digits. Memory is
    (Σ d_a)·(Σ d_b) + Σ d² numbers, independent of the number of samples.

    Parameters
    ----------
    widths_a, widths_b : sequence of int
        Number of features of each layer of the two sides.
    unbiased : bool, default=False
        Also keep what the unbiased HSIC needs.
    same : bool, default=False
        Both sides are the same layers; only one side is given to ``update``.
    names : pair of sequences of str, optional
        What messages call the layers.

    Notes
    -----
    With K_ij = x_i·x_j and the diagonal left out, the three sums of the unbiased HSIC are
    Σ_{i≠j} K_ij L_ij = ‖XᵀY‖² − Σ_i r_i t_i,
    Σ_i (K1)_i (L1)_i = sᵀ(XᵀY)u − s·(Xᵀt) − u·(Yᵀr) + Σ_i r_i t_i and
    1ᵀK1 = ‖s‖² − Σ_i r_i, where r_i = ‖x_i‖², t_i = ‖y_i‖², s = Σ x_i, u = Σ y_i: all of them
    add up over batches.
    """

    def __init__(
        self,
        widths_a: Sequence[int],
        widths_b: Sequence[int],
        *,
        unbiased: bool = False,
        same: bool = False,
        names: tuple[Sequence[str], Sequence[str]] | None = None,
    ) -> None:
        self.widths = (list(widths_a), list(widths_b))
        self.names = names or (
            [f"X[{k}]" for k in range(len(self.widths[0]))],
            [f"Y[{k}]" for k in range(len(self.widths[1]))],
        )
        self.unbiased = unbiased
        self.same = same
        self.n_samples = 0
        self._shift: list[torch.Tensor] = []
        self._cross: list[torch.Tensor] = []  # XᵀY, the rows of one layer of the first side each
        self._own: list[list[torch.Tensor]] = [[], []]
        self._sums: list[torch.Tensor] = []
        self._by_norm: list[torch.Tensor] = []  # Xᵀt and Yᵀr of every pair
        self._norms = torch.zeros(0)  # Σ r_i t_i of all layers with all layers
        self._traces = torch.zeros(0)
        self._peaks: list[torch.Tensor] = []
        self._noise = 0.0

    def update(self, first: Sequence[torch.Tensor], second: Sequence[torch.Tensor]) -> None:
        """Add one batch: per layer a tensor of shape (n_batch, width)."""
        sides = [torch.cat(list(first), dim=1)]
        sides.append(sides[0] if self.same else torch.cat(list(second), dim=1))
        if self.n_samples == 0:
            self._start(sides)
        self._peaks = [
            torch.maximum(peak, side.detach().abs().amax(dim=0))
            for peak, side in zip(self._peaks, sides, strict=True)
        ]
        sides[0] = sides[0] - self._shift[0]
        sides[1] = sides[0] if self.same else sides[1] - self._shift[1]
        self.n_samples += sides[0].shape[0]
        # layer by layer, so that no second matrix of this size is ever made
        for k, block in enumerate(torch.split(sides[0], self.widths[0], dim=1)):
            self._cross[k].add_(block.T @ sides[1])
        for side in range(1 if self.same else 2):
            for k, block in enumerate(torch.split(sides[side], self.widths[side], dim=1)):
                if not self.same:  # otherwise the diagonal blocks of the cross products serve
                    self._own[side][k] = self._own[side][k] + (block.T @ block).double()
        self._sums = [
            total + side.sum(dim=0).double() for total, side in zip(self._sums, sides, strict=True)
        ]
        if self.unbiased:
            self._add_norms(sides)

    def _start(self, sides: Sequence[torch.Tensor]) -> None:
        zeros = sides[0].new_zeros
        self._noise = 8 * torch.finfo(sides[0].dtype).eps
        self._peaks = [side.detach().abs().amax(dim=0) for side in sides]
        self._shift = [side.detach().mean(dim=0, keepdim=True) for side in sides]
        totals = [sum(widths) for widths in self.widths]
        counts = [len(widths) for widths in self.widths]
        double = torch.float64
        self._cross = [zeros((width, totals[1]), dtype=double) for width in self.widths[0]]
        self._own = [[zeros((w, w), dtype=double) for w in side] for side in self.widths]
        self._sums = [zeros(total, dtype=double) for total in totals]
        n_layers = sum(counts)
        self._by_norm = [zeros((total, n_layers), dtype=double) for total in totals]
        self._norms = zeros((n_layers, n_layers), dtype=double)
        self._traces = zeros(n_layers, dtype=double)

    def _add_norms(self, sides: Sequence[torch.Tensor]) -> None:
        squared = [
            torch.stack([b.pow(2).sum(dim=1) for b in torch.split(side, widths, dim=1)], dim=1)
            for side, widths in zip(sides, self.widths, strict=True)
        ]
        norms = torch.cat(squared, dim=1)
        self._norms = self._norms + (norms.T @ norms).double()
        self._traces = self._traces + norms.sum(dim=0).double()
        self._by_norm = [
            total + (side.T @ norms).double()
            for total, side in zip(self._by_norm, sides, strict=True)
        ]

    def cka(self) -> torch.Tensor:
        """CKA of all pairs, float64, shape (n_layers_a, n_layers_b)."""
        for side in range(1 if self.same else 2):
            self._refuse_constant(side)
        cross = self._hsic_cross()
        own_a, own_b = self._hsic_own(0, cross), self._hsic_own(1, cross)
        products = (cross, own_a, own_b)
        table = normalize_products(products, self.names, self.n_samples).clamp(max=1.0)
        if self.same:
            table.fill_diagonal_(1.0)
        return table

    def _refuse_constant(self, side: int) -> None:
        # As in center: what rounding leaves of a constant layer must not pass as signal.
        widths = self.widths[side]
        own = self._own[side]
        if self.same:
            edges = [sum(widths[:k]) for k in range(len(widths) + 1)]
            own = [rows[:, a:b] for rows, (a, b) in zip(self._cross, pairwise(edges), strict=True)]
        parts = zip(
            own,
            torch.split(self._sums[side], widths),
            torch.split(self._peaks[side], widths),
            strict=True,
        )
        for k, (products, total, peak) in enumerate(parts):
            spread = products.detach().diagonal() / self.n_samples
            spread = spread - (total.detach() / self.n_samples).pow(2)
            if bool((spread <= (self._noise * peak.double()).square()).all()):
                raise ValueError(
                    f"{self.names[side][k]} must vary over the samples, got {widths[k]} "
                    "features that are all constant (zero variance); leave the layer out"
                )

    def _by_layer(self, values: torch.Tensor) -> torch.Tensor:
        return segment_sums(values, self.widths[1])

    def _hsic_cross(self) -> torch.Tensor:
        totals_a = torch.split(self._sums[0], self.widths[0])
        if not self.unbiased:
            means = self._sums[1] / self.n_samples
            return torch.stack(
                [
                    self._by_layer((rows - torch.outer(total, means)).pow(2).sum(dim=0))
                    for rows, total in zip(self._cross, totals_a, strict=True)
                ]
            )
        n_a = len(self.widths[0])
        rows, columns = list(range(n_a)), list(range(n_a, n_a + len(self.widths[1])))
        sums_a, sums_b = self._sums
        frobenius = torch.stack([self._by_layer(r.pow(2).sum(dim=0)) for r in self._cross])
        ends = torch.stack(
            [
                self._by_layer((total @ rows) * sums_b)
                for rows, total in zip(self._cross, totals_a, strict=True)
            ]
        )
        # segment sums over the features of one layer against the norms of the other side
        left = segment_sums(sums_a[:, None] * self._by_norm[0][:, columns], self.widths[0])
        right = segment_sums(sums_b[:, None] * self._by_norm[1][:, rows], self.widths[1]).T
        traces = (self._traces[rows], self._traces[columns])
        totals = (
            segment_sums(sums_a.pow(2), self.widths[0]) - traces[0],
            segment_sums(sums_b.pow(2), self.widths[1]) - traces[1],
        )
        products = self._norms[rows][:, columns]
        return self._unbiased(frobenius, ends, left + right, products, torch.outer(*totals))

    def _hsic_own(self, side: int, cross: torch.Tensor) -> torch.Tensor:
        if self.same:
            return cross.diagonal()
        widths, sums = self.widths[side], torch.split(self._sums[side], self.widths[side])
        if not self.unbiased:
            return torch.stack(
                [
                    (own - torch.outer(s, s) / self.n_samples).pow(2).sum()
                    for own, s in zip(self._own[side], sums, strict=True)
                ]
            )
        at = torch.arange(len(widths)) + side * len(self.widths[0])
        frobenius = torch.stack([own.pow(2).sum() for own in self._own[side]])
        ends = torch.stack([s @ own @ s for own, s in zip(self._own[side], sums, strict=True)])
        by_norm = torch.split(self._by_norm[side], widths)
        mixed = torch.stack(
            [2 * (s @ block[:, int(k)]) for s, block, k in zip(sums, by_norm, at, strict=True)]
        )
        totals = torch.stack([s @ s for s in sums]) - self._traces[at]
        return self._unbiased(frobenius, ends, mixed, self._norms[at, at], totals.pow(2))

    def _unbiased(
        self,
        frobenius: torch.Tensor,
        ends: torch.Tensor,
        mixed: torch.Tensor,
        products: torch.Tensor,
        totals: torch.Tensor,
    ) -> torch.Tensor:
        n = self.n_samples
        trace = frobenius - products
        rows = ends - mixed + products
        return (trace + totals / ((n - 1) * (n - 2)) - 2 * rows / (n - 2)) / (n * (n - 3))


def segment_sums(values: torch.Tensor, widths: Sequence[int]) -> torch.Tensor:
    """Sum consecutive rows in groups of ``widths``."""
    groups = torch.repeat_interleave(
        torch.arange(len(widths), device=values.device), torch.tensor(widths, device=values.device)
    )
    out = values.new_zeros((len(widths), *values.shape[1:]))
    return out.index_add(0, groups, values)
