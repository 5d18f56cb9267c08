"""Annotations of arguments, read as text: nothing is imported for them, classes go by name."""

from __future__ import annotations

import ast
import functools
import types
from collections.abc import Mapping
from typing import Any

from featgraph.core.forms import (
    GRAPH,
    NAMED,
    NONE,
    Form,
    choice_form,
    class_form,
    items_form,
    mapping_form,
    tuple_form,
)
from featgraph.core.values import to_array, to_number, to_tensor, to_whole, to_whole_array

__all__ = ["ARRAYS", "read_forms"]

#: Names of annotations whose values the functions themselves look at.
_OPEN = frozenset(
    {
        "Any",
        "object",
        "Hashable",
        "RandomState",
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
    annotation: str, names: Mapping[str, Any], *, is_field: bool = False
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
