"""Checks of arguments. Every message names the argument, the rule and the value it got.

Ranges go by the name of the argument, which means the same in every function; a function whose
rule is narrower says so itself.
"""

from __future__ import annotations

import contextlib
import difflib
import functools
import math
import numbers
import operator
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

__all__ = [
    "ArgumentError",
    "check_range",
    "choice",
    "fraction",
    "inside",
    "integer",
    "naming",
    "nearest",
    "need_keys",
    "positive",
]

_LARGEST = 2**63 - 1


class ArgumentError(ValueError, TypeError):
    """An argument cannot be used; ``except ValueError`` and ``except TypeError`` both catch it."""


@contextlib.contextmanager
def naming(name: str) -> Iterator[None]:
    """Let the errors of the block speak of the argument ``name``, which the caller wrote.

    Examples
    --------
    >>> with naming("before"):
    ...     integer(-1, "n_nodes")
    Traceback (most recent call last):
    ValueError: before: n_nodes must be a whole number of at least 0, got -1
    """
    try:
        yield
    except (ValueError, TypeError) as error:
        if len(error.args) == 1 and not re.search(rf"\b{name}\b", str(error)):
            error.args = (f"{name}: {error}",)
        raise


def need_keys(state: Mapping[str, object], keys: Collection[str], name: str) -> None:
    """Raise ValueError unless a mapping holds all of the keys.

    Examples
    --------
    >>> need_keys({"epoch": 3}, ("epoch", "sums"), "state")
    Traceback (most recent call last):
    ValueError: state must hold 'sums', got ['epoch']
    """
    lacking = next((key for key in keys if key not in state), None)
    if lacking is not None:
        raise ValueError(f"{name} must hold {lacking!r}, got {sorted(map(str, state))}")


def nearest(value: object, choices: Collection[object]) -> str:
    """Return ``"; did you mean ...?"`` for the closest choice, or an empty string.

    Examples
    --------
    >>> nearest("gredy", ["greedy", "memb"])
    "; did you mean 'greedy'?"
    """
    near = difflib.get_close_matches(str(value), [str(item) for item in choices], n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def choice(value: object, choices: Collection[str], name: str) -> str:
    """Return ``value`` if it is one of ``choices``, else list them and the nearest.

    Examples
    --------
    >>> choice("gredy", ["greedy", "memb"], "method")
    Traceback (most recent call last):
    ValueError: method must be one of ['greedy', 'memb'], got 'gredy'; did you mean 'greedy'?
    """
    if isinstance(value, str) and value in choices:
        return value
    hint = nearest(value, choices)
    raise ValueError(f"{name} must be one of {sorted(choices)}, got {value!r}{hint}")


def integer(value: object, name: str, *, least: int = 0, most: int = _LARGEST) -> int:
    """Return ``value`` as an int from ``least`` to ``most``; fractions and booleans are refused.

    Examples
    --------
    >>> integer(3.0, "size")
    3
    >>> integer(2.5, "size")
    Traceback (most recent call last):
    ValueError: size must be a whole number of at least 0, got 2.5
    """
    rule = f"{name} must be a whole number of at least {least}, got {value!r}"
    if isinstance(value, bool):
        raise ValueError(rule)
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral):
        if not math.isfinite(value) or not float(value).is_integer():
            raise ValueError(rule)
        value = int(float(value))
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        raise ValueError(rule) from None
    if number < least:
        raise ValueError(rule)
    if number > most:
        raise ValueError(f"{name} must be a whole number of at most {most}, got {value!r}")
    return number


def positive(value: object, name: str, *, zero: bool = False, most: float = math.inf) -> float:
    """Return ``value`` as a finite float above 0 (``zero=True`` admits 0) and up to ``most``.

    Examples
    --------
    >>> positive(0.5, "epsilon")
    0.5
    >>> positive(-1, "epsilon")
    Traceback (most recent call last):
    ValueError: epsilon must be a finite number above 0, got -1
    """
    rule = f"{name} must be a finite number {'of at least' if zero else 'above'} 0, got {value!r}"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise ValueError(rule)
    try:
        number = float(value)
    except OverflowError:  # whole numbers beyond all floats
        raise ValueError(rule) from None
    if not math.isfinite(number) or number < 0 or (number == 0 and not zero):
        raise ValueError(rule)
    if number > most:
        raise ValueError(f"{name} must be at most {most:g}, got {value!r}")
    return number


def fraction(value: object, name: str) -> float:
    """Return ``value`` as a float in [0, 1].

    Examples
    --------
    >>> fraction(1.5, "q")
    Traceback (most recent call last):
    ValueError: q must lie in [0, 1], got 1.5
    """
    try:
        number = positive(value, name, zero=True)
    except ValueError:
        number = math.inf
    if number > 1:
        raise ValueError(f"{name} must lie in [0, 1], got {value!r}")
    return number


def inside(value: object, name: str) -> float:
    """Return ``value`` as a float in (0, 1).

    Examples
    --------
    >>> inside(1, "confidence")
    Traceback (most recent call last):
    ValueError: confidence must lie strictly between 0 and 1, got 1
    """
    try:
        number = fraction(value, name)
    except ValueError:
        number = 0.0
    if not 0 < number < 1:
        raise ValueError(f"{name} must lie strictly between 0 and 1, got {value!r}")
    return number


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


def check_range(value: object, name: str) -> Any:
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
