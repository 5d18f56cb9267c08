"""Batches of two networks in step, and CKA of all pairs of layers from them."""

from __future__ import annotations

import functools
import itertools
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from featgraph.core.package import caller_level
from featgraph.features.batches import iterate_batches
from featgraph.features.capture import GrowingRows, iterate_features
from featgraph.similarity._moments import LinearMoments
from featgraph.similarity._recipe import (
    Recipe,
    as_samples,
    center,
    compare_all,
    normalize_products,
    require_samples,
    unit_factor,
)
from featgraph.similarity.kernel_alignment import FEWEST, center_unbiased, kernel_matrix

if TYPE_CHECKING:
    from featgraph.features.layers import Layers
    from featgraph.features.reduce import Reduce

__all__ = ["CkaStream", "HeldPairs", "MinibatchStream", "iterate_pairs", "scale_layers"]

Layered = Mapping[str, torch.Tensor]
Result = tuple[torch.Tensor, tuple[tuple[str, ...], tuple[str, ...]], int]


def iterate_pairs(
    model_a: nn.Module,
    model_b: nn.Module | None,
    data: object,
    *,
    layers: tuple[Layers, Layers],
    reduce: Reduce | Mapping[str, Reduce],
    batch_size: int,
    max_batches: int | None,
    progress: bool | None,
    **options: Any,
) -> Iterator[tuple[Layered, Layered | None]]:
    """Yield the features of both networks on each batch, (n_batch, n_features) per layer.

    ``data`` is read once and each batch goes through both networks in turn.
    """
    batches = iterate_batches(
        data, batch_size=batch_size, max_batches=max_batches, progress=progress, label="similarity"
    )
    copies = itertools.tee(batches, 1 if model_b is None else 2)
    sides = [
        iterate_features(model, copy, layers=chosen, reduce=reduce, progress=False, **options)
        for model, copy, chosen in zip((model_a, model_b), copies, layers, strict=False)
        if model is not None
    ]
    for features in zip(*sides, strict=True):
        tensors: list[Layered] = [
            {name: as_samples(F, f"layer {name!r}") for name, F in side.items()}
            for side in features
        ]
        yield tensors[0], tensors[1] if len(tensors) > 1 else None


class ScaledLayers(Mapping[str, torch.Tensor]):
    """Layers in one precision and near 1, made so when they are taken: no copy of all is held."""

    def __init__(self, side: Layered, dtype: torch.dtype, factors: Mapping[str, float]) -> None:
        self._side, self._dtype, self._factors = dict(side), dtype, factors

    def __getitem__(self, name: str) -> torch.Tensor:
        values, factor = self._side[name].to(self._dtype), self._factors.get(name, 1.0)
        return values if factor == 1.0 else values * factor

    def __iter__(self) -> Iterator[str]:
        return iter(self._side)

    def __len__(self) -> int:
        return len(self._side)


def scale_layers(
    pairs: Iterator[tuple[Layered, Layered | None]],
    *,
    any_scale: bool,
    dtype: torch.dtype = torch.float32,
) -> Iterator[tuple[ScaledLayers, ScaledLayers | None]]:
    """Yield the batches in one precision, the widest of theirs and ``dtype``.

    ``any_scale``: the measure does not depend on the scale of a layer, so each is brought near 1,
    by one factor for all batches.
    """
    factors: tuple[dict[str, float], dict[str, float]] = ({}, {})
    for pair in pairs:
        sides = [side for side in pair if side is not None]
        kinds = [X.dtype for side in sides for X in side.values()]
        widest = functools.reduce(torch.promote_types, kinds, dtype)
        if any_scale:
            for side, known in zip(sides, factors, strict=False):
                new = [name for name, X in side.items() if name not in known and bool(X.any())]
                known |= {name: unit_factor(side[name]) for name in new}
        scaled = [
            ScaledLayers(side, widest, known) for side, known in zip(sides, factors, strict=False)
        ]
        yield scaled[0], scaled[1] if len(scaled) > 1 else None


class HeldPairs:
    """The batches of both networks as one; a single batch stays as it came."""

    def __init__(self) -> None:
        self.n_samples = 0
        self._first: tuple[Layered, Layered | None] | None = None
        self._rows: list[dict[str, GrowingRows]] = []

    def add(self, first: Layered, second: Layered | None) -> None:
        """Add one batch."""
        self.n_samples += next(iter(first.values())).shape[0]
        if self._first is None:
            self._first = (first, second)
            return
        sides = [side for side in (first, second) if side is not None]
        if not self._rows:
            self._rows = [{name: GrowingRows() for name in side} for side in sides]
            self._append([side for side in self._first if side is not None])
        self._append(sides)

    def _append(self, sides: Sequence[Layered]) -> None:
        for side, rows in zip(sides, self._rows, strict=True):
            for name, X in side.items():
                rows[name].add(X)

    def take(self) -> tuple[Layered, Layered | None]:
        """Return all samples of both sides."""
        if self._first is None:
            raise RuntimeError("no batch was added")
        if not self._rows:
            return self._first
        sides = [{name: item.take() for name, item in rows.items()} for rows in self._rows]
        return sides[0], sides[1] if len(sides) > 1 else None


class CkaStream:
    """Exact linear CKA of all pairs: kernel matrices for few samples, summed products for many.

    Held samples cost 2 n² · (Σ d + L_a · L_b) operations at the end, summed products
    2 n · (Σ d_a · Σ d_b + Σ d²) as they come; samples are held until the second is cheaper.
    Kernel matrices are made some rows at a time.
    """

    #: Summed products of this many bytes (float64) at most; wider networks stay with kernels.
    MOST_BYTES = 1 << 31

    def __init__(self, recipe: Recipe, *, unbiased: bool) -> None:
        self.recipe = recipe
        self.unbiased = unbiased
        self.held = HeldPairs()
        self.n_samples = 0
        self.most = 0.0  # samples to hold, once known
        self.moments: LinearMoments | None = None

    def run(self, pairs: Iterator[tuple[Layered, Layered | None]]) -> Result:
        """Read all batches and return (scores, names, n_samples)."""
        for first, second in pairs:
            self.held.add(first, second)
            self.most = self.most or self.limit(first, second)
            if self.held.n_samples >= self.most:
                self.flush()
        n_summed = 0 if self.moments is None else self.moments.n_samples
        self.n_samples = self.held.n_samples + n_summed
        require_samples(self.n_samples, self.recipe.least, self.recipe.why)
        if self.moments is None:
            first, second = self.held.take()
            names = (tuple(first), tuple(first if second is None else second))
            return compare_all(self.recipe, first, second).clamp(max=1.0), names, self.n_samples
        if self.held.n_samples:
            self.flush()
        return self.moments.cka(), self.names, self.n_samples

    def limit(self, first: Layered, second: Layered | None) -> float:
        """Number of samples from which summed products are cheaper than kernel matrices."""
        widths = [[item.shape[1] for item in side.values()] for side in (first, second or first)]
        total_a, total_b = sum(widths[0]), sum(widths[1])
        own = 0 if second is None else sum(w * w for side in widths for w in side)
        if 8 * (total_a * total_b + own) > self.MOST_BYTES:
            return float("inf")
        sides = total_a if second is None else total_a + total_b
        return (total_a * total_b + own) / (sides + len(widths[0]) * len(widths[1]))

    def flush(self) -> None:
        """Add what is held to the sums."""
        first, second = self.held.take()
        if self.moments is None:
            self.names = (tuple(first), tuple(second or first))
            widths = [[X.shape[1] for X in side.values()] for side in (first, second or first)]
            names = [[f"layer {k!r}" for k in side] for side in self.names]
            self.moments = LinearMoments(
                *widths, unbiased=self.unbiased, same=second is None, names=(names[0], names[1])
            )
        self.moments.update(list(first.values()), list((second or {}).values()))
        self.held = HeldPairs()


class MinibatchStream:
    """CKA from the unbiased HSIC averaged over batches, one batch in memory."""

    def __init__(self, options: dict[str, Any]) -> None:
        self.kernel = options.get("kernel", "linear")
        self.bandwidth = float(options.get("bandwidth", 1.0))

    def run(self, pairs: Iterator[tuple[Layered, Layered | None]]) -> Result:
        """Read all batches and return (scores, names, n_samples)."""
        sums: list[torch.Tensor] | None = None
        n_samples = skipped = 0
        names: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
        same = False
        for first, second in pairs:
            same = second is None
            count = next(iter(first.values())).shape[0]
            if count < 4:
                skipped += count
                continue
            n_samples += count
            names = (tuple(first), tuple(first if second is None else second))
            left = self._kernels(first, count)
            right = left if second is None else self._kernels(second, count)
            parts = [left @ right.T, left.pow(2).sum(dim=1), right.pow(2).sum(dim=1)]
            scaled = [part.double() / (count * (count - 3)) for part in parts]
            sums = scaled if sums is None else [a + b for a, b in zip(sums, scaled, strict=True)]
        require_samples(n_samples, 4, f"in batches of at least 4: {FEWEST}")
        if skipped:
            warnings.warn(
                f"{skipped} samples in batches under 4 were left out ({FEWEST})",
                stacklevel=caller_level(),
            )
        if sums is None:
            raise RuntimeError("no batch was added")
        titles = [[f"layer {name!r}" for name in side] for side in names]
        table = normalize_products(sums, titles, n_samples).clamp(max=1.0)
        if same:
            table.fill_diagonal_(1.0)
        return table, names, n_samples

    def _kernels(self, side: Layered, count: int) -> torch.Tensor:
        rows = []
        for name, item in side.items():
            where = f"layer {name!r}"
            gram = kernel_matrix(center(item, where), self.kernel, self.bandwidth, where)
            rows.append(center_unbiased(gram).reshape(-1))
        return torch.stack(rows)
