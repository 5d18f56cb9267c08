"""Rules of the fields of a result: shapes that fit together, ranges, order."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["SHARE", "Rule", "check_rules"]


@dataclass(frozen=True)
class Rule:
    """What a number, an array, or every array of a mapping must obey; nan obeys every range.

    Attributes
    ----------
    shape : str or None
        Names of the lengths of the axes, as "n_repeats n_sizes"; the same name means the same
        length in all fields of a result. "*" leaves a length free. None: any shape.
    least, most : float
        Bounds of the values, both ends included.
    rising : bool
        Whether each value must be larger than the one before.
    finite : bool
        Whether nan and infinities are refused.
    keys : tuple of str
        What a mapping has to hold.
    """

    shape: str | None = None
    least: float = -math.inf
    most: float = math.inf
    rising: bool = False
    finite: bool = False
    keys: tuple[str, ...] = ()


#: A share, a probability, a level of confidence.
SHARE = Rule(least=0.0, most=1.0)


def check_rules(
    values: Mapping[str, Any], rules: Mapping[str, Rule], *, tensors: bool = True
) -> dict[str, int]:
    """Return the lengths of the axes, or raise ValueError at the first field that breaks its rule.

    Examples
    --------
    >>> rules = {"sizes": Rule("n_sizes", rising=True), "counts": Rule("n_sizes", least=1)}
    >>> check_rules({"sizes": np.array([1, 2]), "counts": np.array([4, 2])}, rules)
    {'n_sizes': 2}
    >>> check_rules({"sizes": np.array([1, 2]), "counts": np.array([4, -5])}, rules)
    Traceback (most recent call last):
    ValueError: counts must be at least 1, got -5
    """
    lengths: dict[str, tuple[int, str]] = {}
    for name, rule in rules.items():
        value = values[name]
        items = value.items() if isinstance(value, Mapping) else [("", value)]
        lacking = next((key for key in rule.keys if key not in value), None)
        if lacking is not None:
            raise ValueError(f"{name} must hold {lacking!r}, got {sorted(value)}")
        for key, item in items:
            if item is not None and (tensors or not hasattr(item, "detach")):
                array = item.detach().cpu().numpy() if hasattr(item, "detach") else np.asarray(item)
                _check(f"{name}[{key!r}]" if key != "" else name, array, rule, lengths)
    return {axis: length for axis, (length, _) in lengths.items()}


def _check(
    name: str, array: np.ndarray[Any, Any], rule: Rule, lengths: dict[str, tuple[int, str]]
) -> None:
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers, got {array.dtype}")
    if rule.shape is not None:
        axes = rule.shape.split()
        if array.ndim != len(axes):
            raise ValueError(f"{name} must have shape ({', '.join(axes)}), got {array.shape}")
        for axis, length in zip(axes, array.shape, strict=True):
            known, first = lengths.setdefault(axis, (length, name))
            if axis != "*" and known != length:
                raise ValueError(
                    f"{name} must have shape ({', '.join(axes)}) with {axis} = {known} as in "
                    f"{first}, got {array.shape}"
                )
    if array.size == 0:
        return
    if rule.finite and not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite, got {array[~np.isfinite(array)].flat[0]}")
    for bad, words in (
        (array < rule.least, f"at least {rule.least:g}"),
        (array > rule.most, f"at most {rule.most:g}"),
    ):
        if bad.any():
            raise ValueError(f"{name} must be {words}, got {array[bad].flat[0]}")
    if rule.rising and not (array[1:] > array[:-1]).all():
        raise ValueError(f"{name} must rise, got {np.array2string(array, threshold=6)}")
