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
        "RandomState",
        "Layers",
        "Reduce",
        "Calls",
        "NodeMap",
        "EpsilonRule",
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
_EITHER = Form("an array of real numbers", functools.partial(to_array, keep_tensors=True))
ARRAYS = frozenset(_PLAIN[name].words for name in ("ndarray", "Tensor", "Ints"))


def read_forms(annotation: str, names: Mapping[str, Any]) -> list[Form] | None:
    """Return the forms that an annotation allows, or None where it leaves the value open."""
    try:
        return _read(ast.parse(annotation, mode="eval").body, names, frozenset())
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


def _read(tree: ast.expr, names: Mapping[str, Any], seen: frozenset[str]) -> list[Form] | None:
    if isinstance(tree, ast.BinOp):
        return _join([_read(side, names, seen) for side in (tree.left, tree.right)])
    if isinstance(tree, ast.Constant):
        if isinstance(tree.value, str):
            return _read(ast.parse(tree.value, mode="eval").body, names, seen)
        return [NONE] if tree.value is None else None
    base, inside = tree, None
    if isinstance(tree, ast.Subscript):
        base, inside = tree.value, tree.slice
    word = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
    if not word or word in _OPEN:
        return None
    if word in _PLAIN:
        return [_PLAIN[word]]
    if word == "FeatureGraph":
        return [GRAPH]
    if inside is not None:
        return _read_subscript(word, inside, names, seen)
    alias = _ALIASES[word] if word == "Positions" else names.get(word, _ALIASES.get(word))
    # In Python 3.10 an alias such as dict[str, Any] is an instance of type, too.
    is_class = isinstance(alias, type) and not isinstance(alias, types.GenericAlias)
    if alias is not None and not is_class and word not in seen:
        return _read(ast.parse(str(alias), mode="eval").body, names, seen | {word})
    return [class_form(word)]


def _read_subscript(
    word: str, inside: ast.expr, names: Mapping[str, Any], seen: frozenset[str]
) -> list[Form] | None:
    parts = inside.elts if isinstance(inside, ast.Tuple) else [inside]
    if word == "Literal":
        return [choice_form(tuple(ast.literal_eval(part) for part in parts))]
    if word in NAMED:
        return [NAMED[word]]
    if word == "Union":
        return _join([_read(part, names, seen) for part in parts])
    if word in _ITEMS:
        return [items_form(_read(parts[0], names, seen), is_lazy=word.startswith("Iter"))]
    if word == "tuple":
        return [tuple_form([_read(part, names, seen) for part in parts])]
    if word in ("Mapping", "dict"):
        return [mapping_form(_read(parts[-1], names, seen))]
    return None
