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
        length in all fields of a result. "*" leaves a length free, a number is the length itself.
        None: any shape.
    least, most : float
        Bounds of the values, both ends included.
    rising : bool
        Whether each value must be larger than the one before.
    finite : bool
        Whether nan and infinities are refused.
    shortest : int
        Least length of the first axis.
    keys : tuple of str
        What a mapping has to hold.
    """

    shape: str | None = None
    least: float = -math.inf
    most: float = math.inf
    rising: bool = False
    finite: bool = False
    shortest: int = 0
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
            if item is None:
                continue
            label, is_tensor = f"{name}[{key!r}]" if key != "" else name, hasattr(item, "detach")
            if is_tensor and tensors:
                item = item.detach().cpu().numpy()
            elif not is_tensor:
                item = np.asarray(item)
            _check_shape(label, tuple(item.shape), rule, lengths)
            if tensors or not is_tensor:
                _check_values(label, item, rule)
    return {axis: length for axis, (length, _) in lengths.items()}


def _check_shape(
    name: str, shape: tuple[int, ...], rule: Rule, lengths: dict[str, tuple[int, str]]
) -> None:
    if rule.shape is not None:
        axes = rule.shape.split()
        if len(shape) != len(axes):
            raise ValueError(f"{name} must have shape ({', '.join(axes)}), got {shape}")
        for axis, length in zip(axes, shape, strict=True):
            if axis.isdigit():
                if length != int(axis):
                    raise ValueError(f"{name} must have shape ({', '.join(axes)}), got {shape}")
                continue
            known, first = lengths.setdefault(axis, (length, name))
            if axis != "*" and known != length:
                raise ValueError(
                    f"{name} must have shape ({', '.join(axes)}) with {axis} = {known} as in "
                    f"{first}, got {shape}"
                )
    if rule.shortest and shape[0] < rule.shortest:
        raise ValueError(f"{name} must not be empty, got shape {shape}")


def _check_values(name: str, array: np.ndarray[Any, Any], rule: Rule) -> None:
    if not (rule.rising or rule.finite or math.isfinite(rule.least) or math.isfinite(rule.most)):
        return
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must hold numbers, got {array.dtype}")
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
