"""The ways to choose box sizes θ: two tables, light enough for a command line."""

from __future__ import annotations

from typing import Literal

__all__ = ["GRIDS", "QUANTILES", "SCALES", "Grid", "Scale"]

Grid = Literal["range", "quantile"]
Scale = Literal["log1p", "log"]

GRIDS = {
    "range": "from the smallest to the largest distance, as published",
    "quantile": "between two quantiles of the distances, which a few loud nodes hardly move",
}
SCALES = {
    "log1p": "log(1 + θ), as published: the unit of the activations matters",
    "log": "log θ: the unit of the activations does not matter",
}
#: Default quantiles: nodes in pairs of the widest twentieth are at most 2.5 % of all.
QUANTILES = (0.05, 0.95)
