"""Ranges of numbers that mean the same in every function, by the name of the argument.

A function whose rule is narrower says so itself.
"""

from __future__ import annotations

import functools
import numbers
from collections.abc import Callable
from typing import Any

from featgraph.core.checks import fraction, inside, integer, positive

__all__ = ["check_range"]

#: No machine would come to the end of more repeats or steps.
_MOST = 10**6
_Check = Callable[[Any, str], Any]


def _rows(*rows: tuple[_Check, str]) -> dict[str, _Check]:
    return {name: check for check, names in rows for name in names.split()}


_from_0 = integer
_from_1 = functools.partial(integer, least=1)
_from_2 = functools.partial(integer, least=2)
_few_from_0 = functools.partial(integer, most=_MOST)
_few_from_1 = functools.partial(integer, least=1, most=_MOST)
_few_from_2 = functools.partial(integer, least=2, most=_MOST)
_RANGES = _rows(
    (_from_0, "seed exclude height generation"),
    (_from_1, "batch_size block_size max_batches max_images max_samples max_layers"),
    (_from_1, "max_bars top_k m x u branching n_boxes n_nodes n_classes n_samples"),
    (_from_1, "n_components n_axes n_largest n_sources n_centers max_sweeps refresh"),
    (_from_1, "width widths image_shape patch_size n_heads"),
    (_from_1, "n_steps steps_per_epoch every measure_every checkpoint_every n_neighbors"),
    (_from_2, "v k n_bins n_points min_tail"),
    (_few_from_0, "n_references n_resamples n_draws max_dimension"),
    (_few_from_1, "repeats n_permutations n_columns n_iterations epochs jobs"),
    (_few_from_2, "n_theta n_alphas"),
    (functools.partial(positive, zero=True), "time_limit weight noise distance min_dist"),
    (functools.partial(positive, zero=True), "min_lifetime weight_decay tolerance"),
    (positive, "resolution softness sharpness gain factor limit bandwidth sigma threshold"),
    (positive, "tail max_epsilon"),
    (functools.partial(positive, most=_MOST), "lr swaps_per_edge"),
    (fraction, "share p level momentum variance alpha keep ratio discard"),
    (inside, "confidence"),
)  # fmt: skip


def check_range(value: Any, name: str) -> Any:
    """Return a number, or a list of them, of the range that the name has everywhere.

    What is neither comes back as it is.

    Examples
    --------
    >>> check_range(3, "repeats"), check_range(-3, "offset")
    (3, -3)
    >>> check_range(0, "repeats")
    Traceback (most recent call last):
    ValueError: repeats must be a whole number of at least 1, got 0
    """
    check = _RANGES.get(name)
    if check is not None and isinstance(value, list | tuple):
        return type(value)(check_range(item, name) for item in value)
    is_number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return value if check is None or not is_number else check(value, name)
