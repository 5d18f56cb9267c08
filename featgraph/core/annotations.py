"""Annotations of arguments, read as text, and the forms of values that they allow."""

from __future__ import annotations

import ast
import functools
import itertools
import numbers
import os
import types
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from featgraph.core.values import (
    Refused,
    describe,
    to_array,
    to_number,
    to_tensor,
    to_whole,
    to_whole_array,
)

__all__ = [
    "ARRAYS",
    "GRAPH",
    "NAMED",
    "NONE",
    "Form",
    "choice_form",
    "class_form",
    "items_form",
    "mapping_form",
    "read_forms",
    "tuple_form",
]

_MOST = 10_000_000  # values of a range or an iterator, which take memory only when they are listed


@dataclass(frozen=True)
class Form:
    """One form that an argument may have: in words, and how to take a value of it."""

    words: str
    take: Callable[[Any], Any]  # returns the value to hand on, or raises Refused
    choices: tuple[Any, ...] = ()


def _if(is_form: Callable[[object], bool]) -> Callable[[object], object]:
    """Return what takes the values that are of a form, and refuses the others."""

    def take(value: object) -> Any:
        if not is_form(value):
            raise Refused
        return value

    return take


def _is_graph(value: object) -> bool:
    plain = isinstance(value, str | bytes | list | tuple | dict | numbers.Number)
    called = callable(value) and not hasattr(value, "edge_index")  # Data itself can be called
    return not (value is None or plain or called or hasattr(value, "__array__"))


def _is_dataset(value: object) -> bool:
    plain = isinstance(value, str | bytes | list | tuple | range | Mapping)
    # Not by "shape": datasets of Hugging Face have one, and those of images often.
    other = any(hasattr(value, name) for name in ("__array__", "ndim", "adj"))
    return not (plain or other) and hasattr(value, "__getitem__")


def _is_path(value: object) -> bool:
    return isinstance(value, str | os.PathLike) and isinstance(os.fspath(value), str)


def _to_bool(value: object) -> bool:
    if not isinstance(value, bool | np.bool_):
        raise Refused
    return bool(value)


GRAPH = Form("a graph", _if(_is_graph))
NONE = Form("None", _if(lambda value: value is None))
NAMED = {
    "bool": Form("True or False", _to_bool),
    "str": Form("a text", _if(lambda value: isinstance(value, str))),
    "Callable": Form("a function", _if(callable)),
    "PathLike": Form("a path", _if(_is_path)),
    "IO": Form("an open file", _if(lambda it: hasattr(it, "read") or hasattr(it, "write"))),
    "Dataset": Form("a Dataset", _if(_is_dataset)),
}


@functools.cache
def class_form(name: str) -> Form:
    """Return the form of an object of a class that is told by its name."""
    if name in NAMED:
        return NAMED[name]

    def is_kind(value: object) -> bool:
        kind = type(value)
        return any(base.__name__ == name for base in kind.__mro__) or (
            # exported and scripted programs have cures of their own, which functions know
            name == "Module" and kind.__module__.startswith("torch.") and callable(value)
        )

    full = {"Module": "torch.nn.Module", "Generator": "generator"}.get(name, name)
    return Form(f"{'an' if full[0] in 'AEIOU' else 'a'} {full}", _if(is_kind))


def choice_form(choices: tuple[Any, ...]) -> Form:
    """Return the form of one of several values."""
    taken = _if(lambda value: isinstance(value, type(choices[0])) and value in choices)
    words = repr(choices[0]) if len(choices) == 1 else f"one of {sorted(choices)}"
    return Form(words, taken, choices)


def _take_one(forms: list[Form] | None, value: object, place: str) -> object:
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


def _listed(value: Any) -> list[object]:
    if hasattr(value, "ndim"):
        is_text = getattr(getattr(value, "dtype", None), "kind", "") == "U"
        array = value if is_text else to_array(value)
        if array.ndim != 1:
            raise Refused(describe(value))
        return cast("list[Any]", array.tolist())
    if isinstance(value, str | bytes | Mapping) or not isinstance(value, Iterable):
        raise Refused
    items = value if isinstance(value, list | tuple) else itertools.islice(value, _MOST + 1)
    listed = list(items)
    if len(listed) > _MOST and not isinstance(value, list | tuple):
        raise Refused(f"more than {_MOST:,} values")
    return listed


def items_form(
    forms: list[Form] | None, *, is_lazy: bool = False, kind: Callable[[Any], Any] = list
) -> Form:
    """Return the form of a list of values, each of one of the forms.

    Values of any kind that come one by one (``is_lazy``), such as batches, are not looked at.
    """

    def take(value: object) -> Any:
        if is_lazy and isinstance(value, Iterator) and forms is None:
            return value
        items = _listed(value)
        if forms is None:
            return kind(items)
        return kind(_take_one(forms, item, f" at place {k}") for k, item in enumerate(items))

    return Form("a list" if forms is None else f"a list (each item {_words(forms)})", take)


def tuple_form(forms: list[list[Form] | None]) -> Form:
    """Return the form of a tuple, of which each place has its own forms."""

    def take(value: object) -> tuple[Any, ...]:
        items = _listed(value)
        if len(items) != len(forms):
            raise Refused(f"{len(items)} values")
        pairs = enumerate(zip(forms, items, strict=True))
        return tuple(_take_one(form, item, f" at place {k}") for k, (form, item) in pairs)

    inside = ", ".join(_words(form) for form in forms)
    return Form(f"a tuple of {len(forms)} ({inside})", take)


def mapping_form(forms: list[Form] | None) -> Form:
    """Return the form of a mapping to values of one of the forms."""

    def take(value: object) -> Any:
        if not isinstance(value, Mapping):
            raise Refused
        if type(value) is not dict or forms is None:
            return value  # values of other mappings may be made when asked for
        return {key: _take_one(forms, item, f" under {key!r}") for key, item in value.items()}

    return Form("a mapping" if forms is None else f"a mapping to {_words(forms)}", take)


#: Names of annotations whose values the functions themselves look at.
_OPEN = frozenset(
    {
        "Any",
        "object",
        "Hashable",
        "RandomState",
        "GraphLike",
        "Layers",
        "Reduce",
        "Calls",
        "NodeMap",
        "EpsilonRule",
        "TargetSchedule",
    }
)
#: Aliases that some modules import for their annotations only.
_ALIASES = {
    "Array": "Tensor | ndarray",
    "Samples": "Tensor | ndarray | FeatureMatrix",
    "Forward": "Callable",
    "Positions": "ndarray | Literal['auto'] | None",
    "EstimatorName": "str",
}
_ITEMS = frozenset({"Sequence", "Iterable", "list", "Collection", "Iterator"})
_PLAIN = {
    "int": Form("a whole number", to_whole),
    "float": Form("a number", to_number),
    "ndarray": Form("an array of real numbers", to_array),
    "Tensor": Form("a Tensor", to_tensor),
}
_PLAIN |= dict.fromkeys(("NDArray", "ArrayLike"), _PLAIN["ndarray"])
_PLAIN["Ints"] = Form("an array of whole numbers", to_whole_array)
_FIELDS = {
    "float": Form("a number", functools.partial(to_number, nan=True)),
    "FeatureGraph": class_form("FeatureGraph"),
}
_EITHER = Form("an array of real numbers", functools.partial(to_array, keep_tensors=True))
ARRAYS = frozenset(_PLAIN[name].words for name in ("ndarray", "Tensor", "Ints"))


def read_forms(
    annotation: str, names: Mapping[str, object], *, is_field: bool = False
) -> list[Form] | None:
    """Return the forms that an annotation allows, or None where it leaves the value open.

    A field of a result (``is_field``) may be nan, holds graphs as they are kept, and columns of
    any kind.
    """
    try:
        return _Reader(names, is_field).read(annotation, frozenset())
    except SyntaxError:  # of aliases that print as no expression
        return None


def _join(parts: list[list[Form] | None]) -> list[Form] | None:
    """Return the forms of all parts; texts and numbers first, as much can become an array."""
    if None in parts:
        return None
    forms = list(dict.fromkeys(form for part in parts for form in part or ()))
    if _PLAIN["Tensor"] in forms and _PLAIN["ndarray"] in forms:
        forms = [form for form in forms if form not in (_PLAIN["Tensor"], _PLAIN["ndarray"])]
        forms.append(_EITHER)
    return sorted(forms, key=lambda form: form.words in ARRAYS)


class _Reader:
    """Reads annotations among the names of one module."""

    def __init__(self, names: Mapping[str, Any], is_field: bool) -> None:
        self.names, self.is_field = names, is_field
        self.plain = {**_PLAIN, "FeatureGraph": GRAPH, **(_FIELDS if is_field else {})}

    def read(self, annotation: str, seen: frozenset[str]) -> list[Form] | None:
        return self._read(ast.parse(annotation, mode="eval").body, seen)

    def _read(self, tree: ast.expr, seen: frozenset[str]) -> list[Form] | None:
        if isinstance(tree, ast.BinOp):
            return _join([self._read(side, seen) for side in (tree.left, tree.right)])
        if isinstance(tree, ast.Constant):
            if isinstance(tree.value, str):
                return self.read(tree.value, seen)
            return [NONE] if tree.value is None else None
        base, inside = tree, None
        if isinstance(tree, ast.Subscript):
            base, inside = tree.value, tree.slice
        word = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
        if not word or word in _OPEN:
            return None
        if word in ("ndarray", "NDArray") and inside is not None and "int64" in ast.unparse(inside):
            return [self.plain["Ints"]]
        if word in self.plain:
            return [self.plain[word]]
        if inside is not None:
            return self._read_subscript(word, inside, seen)
        alias = _ALIASES[word] if word == "Positions" else self.names.get(word, _ALIASES.get(word))
        # In Python 3.10 an alias such as dict[str, Any] is an instance of type, too.
        is_class = isinstance(alias, type) and not isinstance(alias, types.GenericAlias)
        if alias is not None and not is_class and word not in seen:
            return self.read(str(alias), seen | {word})
        return [class_form(word)]

    def _read_subscript(
        self, word: str, inside: ast.expr, seen: frozenset[str]
    ) -> list[Form] | None:
        parts = inside.elts if isinstance(inside, ast.Tuple) else [inside]
        if word == "Literal":
            return [choice_form(tuple(ast.literal_eval(part) for part in parts))]
        if word in NAMED:
            return [NAMED[word]]
        if self.is_field and word in ("Mapping", "dict") and "NDArray[Any]" in ast.unparse(inside):
            return [mapping_form(None)]
        forms = [self._read(part, seen) for part in parts]
        if word == "Union":
            return _join(forms)
        if word in _ITEMS:
            return [items_form(forms[0], is_lazy=word.startswith("Iter"))]
        if word == "tuple" and len(parts) == 2 and ast.unparse(parts[1]) == "...":
            return [items_form(forms[0], kind=tuple)]
        if word == "tuple":
            return [tuple_form(forms)]
        return [mapping_form(forms[-1])] if word in ("Mapping", "dict") else None
