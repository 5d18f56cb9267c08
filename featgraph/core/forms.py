"""Forms that an argument may have: in words, and how to take a value of it."""

from __future__ import annotations

import functools
import numbers
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from featgraph.core.values import Refused, describe, to_array

__all__ = [
    *("GRAPH", "NAMED", "NONE", "Form", "choice_form", "class_form", "items_form"),
    *("mapping_form", "tuple_form"),
]


@dataclass(frozen=True)
class Form:
    """One form that an argument may have: in words, and how to take a value of it."""

    words: str
    take: Callable[[Any], Any]  # returns the value to hand on, or raises Refused
    choices: tuple[Any, ...] = ()


def _to_graph(value: Any) -> Any:
    plain = isinstance(value, str | bytes | list | tuple | dict | numbers.Number)
    if value is None or plain or callable(value) or hasattr(value, "__array__"):
        raise Refused
    return value


def _exactly_none(value: Any) -> None:
    if value is not None:
        raise Refused


def _to_bool(value: Any) -> bool:
    if value is True or value is False:
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    raise Refused


def _to_text(value: Any) -> str:
    if not isinstance(value, str):
        raise Refused
    return value


def _to_file(value: Any) -> Any:
    if not hasattr(value, "read") and not hasattr(value, "write"):
        raise Refused
    return value


def _to_dataset(value: Any) -> Any:
    plain = isinstance(value, str | bytes | list | tuple | range | Mapping)
    # Not by "shape": datasets of Hugging Face have one, and those of images often.
    other = any(hasattr(value, name) for name in ("__array__", "ndim", "adj"))
    if plain or other or not hasattr(value, "__getitem__"):
        raise Refused
    return value


def _to_path(value: Any) -> Any:
    if not isinstance(value, str | os.PathLike) or not isinstance(os.fspath(value), str):
        raise Refused
    return value


def _to_callable(value: Any) -> Any:
    if not callable(value):
        raise Refused
    return value


GRAPH = Form("a graph", _to_graph)
NONE = Form("None", _exactly_none)
NAMED = {
    "bool": Form("True or False", _to_bool),
    "str": Form("a text", _to_text),
    "Callable": Form("a function", _to_callable),
    "PathLike": Form("a path", _to_path),
    "IO": Form("an open file", _to_file),
    "Dataset": Form("a Dataset", _to_dataset),
}


@functools.cache
def class_form(name: str) -> Form:
    """Return the form of an object of a class that is told by its name."""
    if name in NAMED:
        return NAMED[name]

    def take(value: Any) -> Any:
        kind = type(value)
        if not any(base.__name__ == name for base in kind.__mro__) and not (
            # exported and scripted programs have cures of their own, which functions know
            name == "Module" and kind.__module__.startswith("torch.") and callable(value)
        ):
            raise Refused
        return value

    full = {"Module": "torch.nn.Module", "Generator": "generator"}.get(name, name)
    return Form(f"{'an' if full[0] in 'AEIOU' else 'a'} {full}", take)


def choice_form(choices: tuple[Any, ...]) -> Form:
    """Return the form of one of several values."""

    def take(value: Any) -> Any:
        if not isinstance(value, type(choices[0])) or value not in choices:
            raise Refused
        return value

    words = repr(choices[0]) if len(choices) == 1 else f"one of {sorted(choices)}"
    return Form(words, take, choices)


def _take_one(forms: list[Form] | None, value: Any, place: str) -> Any:
    if forms is None:
        return value
    reason = ""
    for form in forms:
        try:
            return form.take(value)
        except Refused as refused:
            reason = reason or str(refused)
    raise Refused((reason or describe(value)) + place)


def _words(forms: list[Form] | None) -> str:
    return "values" if forms is None else " or ".join(form.words for form in forms)


def _listed(value: Any) -> list[Any]:
    if hasattr(value, "ndim"):
        array = to_array(value) if not _is_text_array(value) else value
        if array.ndim != 1:
            raise Refused(describe(value))
        return cast("list[Any]", array.tolist())
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise Refused
    return list(value)


def _is_text_array(value: Any) -> bool:
    return getattr(getattr(value, "dtype", None), "kind", "") == "U"


def items_form(
    forms: list[Form] | None, *, is_lazy: bool = False, kind: Callable[[Any], Any] = list
) -> Form:
    """Return the form of a list of values, each of one of the forms.

    Values of any kind that come one by one (``is_lazy``), such as batches, are not looked at.
    """

    def take(value: Any) -> Any:
        if is_lazy and isinstance(value, Iterator) and forms is None:
            return value
        items = _listed(value)
        if forms is None:
            return kind(items)
        return kind(_take_one(forms, item, f" at place {k}") for k, item in enumerate(items))

    return Form("a list" if forms is None else f"a list (each item {_words(forms)})", take)


def tuple_form(forms: list[list[Form] | None]) -> Form:
    """Return the form of a tuple, of which each place has its own forms."""

    def take(value: Any) -> tuple[Any, ...]:
        items = _listed(value)
        if len(items) != len(forms):
            raise Refused(f"{len(items)} values")
        pairs = enumerate(zip(forms, items, strict=True))
        return tuple(_take_one(form, item, f" at place {k}") for k, (form, item) in pairs)

    inside = ", ".join(_words(form) for form in forms)
    return Form(f"a tuple of {len(forms)} ({inside})", take)


def mapping_form(forms: list[Form] | None) -> Form:
    """Return the form of a mapping to values of one of the forms."""

    def take(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise Refused
        if type(value) is not dict or forms is None:
            return value  # values of other mappings may be made when asked for
        return {key: _take_one(forms, item, f" under {key!r}") for key, item in value.items()}

    return Form("a mapping" if forms is None else f"a mapping to {_words(forms)}", take)
