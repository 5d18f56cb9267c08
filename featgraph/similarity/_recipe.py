"""A measure in two steps: prepare each matrix once, then combine the prepared ones in pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from featgraph.similarity._inputs import exact_self

__all__ = ["Recipe", "Rows", "compare_all", "compare_pair", "require_signal"]

#: Rows ``low`` to ``high`` of a matrix of shape (n_samples, n_samples).
Rows = Callable[[int, int], torch.Tensor]
Layered = Mapping[str, torch.Tensor]

ROW_BYTES = 1 << 28  # of all layers together
PREPARED_BYTES = 1 << 29  # of one side: the layers of the other come one by one


@dataclass(frozen=True)
class Recipe:
    """How a measure is computed.

    ``prepare`` turns X of shape (n_samples, n_features) into whatever one side contributes;
    ``combine`` makes the score of two prepared sides, and None means their dot product.
    ``self_value`` is the score of a matrix with itself.

    ``open_rows``, for scores that are the cosine of two matrices over all pairs of samples:
    returns what gives some rows of the matrix, up to a factor, so that it is never held whole.
    """

    prepare: Callable[[torch.Tensor, str], Any]
    combine: Callable[[Any, Any], torch.Tensor] | None = None
    self_value: float = 1.0
    least: int = 2
    why: str = ""
    open_rows: Callable[[torch.Tensor, str], Rows] | None = None


def compare_pair(recipe: Recipe, X: torch.Tensor, Y: torch.Tensor) -> torch.Tensor:
    """Score of two checked matrices as a 0-d tensor; X = Y gives exactly ``self_value``."""
    has_gradient = torch.is_grad_enabled() and (X.requires_grad or Y.requires_grad)
    if recipe.open_rows is not None and not has_gradient:
        value = _compare_rows(recipe.open_rows, {"X": X}, {"Y": Y}, "{}")[0, 0].to(X)
    else:
        first, second = recipe.prepare(X, "X"), recipe.prepare(Y, "Y")
        value = (first * second).sum() if recipe.combine is None else recipe.combine(first, second)
    return exact_self(value, X, Y, recipe.self_value)


@torch.no_grad()
def compare_all(recipe: Recipe, first: Layered, second: Layered | None) -> torch.Tensor:
    """Scores of all pairs, shape (len(first), len(second)); None compares ``first`` with itself.

    Beside the features, memory holds a few rows of every layer, or the prepared layers of the
    first side as far as they take half a GiB and one of the other: the layers of the second side
    are prepared again for each such part of the first.
    """
    if recipe.open_rows is None:
        table = _compare_parts(recipe, first, second)
    else:
        table = _compare_rows(recipe.open_rows, first, second, "layer {!r}")
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
    open_rows: Callable[[torch.Tensor, str], Rows],
    first: Layered,
    second: Layered | None,
    title: str,
) -> torch.Tensor:
    left = [open_rows(X, title.format(name)) for name, X in first.items()]
    right = None
    if second is not None:
        right = [open_rows(Y, title.format(name)) for name, Y in second.items()]
    n_samples = next(iter(first.values())).shape[0]
    step = max(1, ROW_BYTES // (8 * n_samples * (len(left) + len(right or []))))
    sums: list[torch.Tensor] = []
    for low in range(0, n_samples, step):
        high = min(low + step, n_samples)
        a = torch.stack([rows(low, high).reshape(-1) for rows in left])
        b = a if right is None else torch.stack([rows(low, high).reshape(-1) for rows in right])
        parts = [(a @ b.T).double(), a.square().sum(dim=1).double(), b.square().sum(dim=1).double()]
        sums = [old + new for old, new in zip(sums, parts, strict=True)] if sums else parts
    for side, own in zip((first, second or first), sums[1:], strict=True):
        for name, value in zip(side, own, strict=True):
            require_signal(value, title.format(name), n_samples)
    return sums[0] / (sums[1].sqrt()[:, None] * sums[2].sqrt()[None, :])


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
    return torch.stack([torch.stack(row) for row in rows])


def _count_bytes(prepared: Any) -> int:
    if isinstance(prepared, list | tuple):
        return sum(_count_bytes(item) for item in prepared)
    return int(getattr(prepared, "nbytes", 0))
