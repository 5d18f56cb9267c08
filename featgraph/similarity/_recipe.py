"""A measure in two steps: prepare each matrix once, then combine the prepared ones in pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from featgraph.similarity._inputs import exact_self

__all__ = ["Recipe", "compare_all", "compare_pair"]


@dataclass(frozen=True)
class Recipe:
    """How a measure is computed.

    ``prepare`` turns X of shape (n_samples, n_features) into whatever one side contributes;
    ``combine`` makes the score of two prepared sides, and None means their dot product, so
    that all pairs of many layers are one matrix product. ``self_value`` is the score of a
    matrix with itself.
    """

    prepare: Callable[[torch.Tensor, str], Any]
    combine: Callable[[Any, Any], torch.Tensor] | None = None
    self_value: float = 1.0
    least: int = 2
    why: str = ""


def compare_pair(recipe: Recipe, X: torch.Tensor, Y: torch.Tensor) -> torch.Tensor:
    """Score of two checked matrices as a 0-d tensor; X = Y gives exactly ``self_value``."""
    first, second = recipe.prepare(X, "X"), recipe.prepare(Y, "Y")
    value = (first * second).sum() if recipe.combine is None else recipe.combine(first, second)
    return exact_self(value, X, Y, recipe.self_value)


def compare_all(
    recipe: Recipe,
    first: Mapping[str, torch.Tensor],
    second: Mapping[str, torch.Tensor] | None,
) -> torch.Tensor:
    """Scores of all pairs, shape (len(first), len(second)); None compares ``first`` with itself.

    Each matrix is prepared once, under its name. With the dot product the pairs are one
    matrix product.
    """
    left = [recipe.prepare(X, f"layer {name!r}") for name, X in first.items()]
    right = left
    if second is not None:
        right = [recipe.prepare(Y, f"layer {name!r}") for name, Y in second.items()]
    if recipe.combine is None:
        rows = torch.stack([item.reshape(-1) for item in left])
        columns = rows if second is None else torch.stack([item.reshape(-1) for item in right])
        table = rows @ columns.T
    else:
        table = torch.stack([torch.stack([recipe.combine(a, b) for b in right]) for a in left])
    if second is None:
        table.fill_diagonal_(recipe.self_value)
    return table
