"""Arguments of public functions, checked and converted as their annotations say.

The annotations are read as text, so that nothing is imported for them: classes are told by their
names, and an array is accepted in every form in which people hold numbers.
"""

from __future__ import annotations

import ast
import functools
import inspect
import math
import numbers
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np

from featgraph.core.checks import nearest
from featgraph.core.values import (
    Refused,
    describe,
    to_array,
    to_floats,
    to_number,
    to_tensor,
    to_whole,
    to_whole_array,
)

__all__ = ["ArgumentError", "checked"]

Function = TypeVar("Function", bound=Callable[..., Any])
Check: TypeAlias = Callable[[Any], Any]  # returns the value to hand on, or raises
#: Names of annotations whose values the functions themselves look at.
_OPEN = frozenset(
    {
        "Any",
        "object",
        "RandomState",
        "Layers",
        "Reduce",
        "Calls",
        "Positions",
        "NodeMap",
    }
)
#: Aliases that some modules import for their annotations only.
_ALIASES = {
    "Array": "Tensor | ndarray",
    "Samples": "Tensor | ndarray | FeatureMatrix",
    "Forward": "Callable",
    "EstimatorName": "str",
    "EpsilonRule": "float | str | tuple[str, float]",
}
_ITEMS = frozenset({"Sequence", "Iterable", "list", "Collection", "Iterator"})


class ArgumentError(ValueError, TypeError):
    """An argument cannot be used; ``except ValueError`` and ``except TypeError`` both catch it."""


@dataclass(frozen=True)
class _Form:
    """One form that an argument may have: in words, and how to take a value of it."""

    words: str
    take: Callable[[Any], Any]  # returns the value to hand on, or raises Refused
    choices: tuple[Any, ...] = ()


def checked(function: Function) -> Function:
    """Check the arguments of each call against the annotations of ``function``.

    Numbers, booleans, texts, choices, paths, callables, modules and classes of featgraph are
    looked at; lists, tuples, arrays and tensors of numbers become what the function takes.

    Parameters
    ----------
    function : callable
        Any function; its annotations must be texts, as under ``from __future__ import
        annotations``. What they leave open is left to the function.

    Returns
    -------
    callable
        The same function behind its checks.

    Raises
    ------
    ArgumentError
        From each call with an argument of another form; the message names it.

    Examples
    --------
    >>> @checked
    ... def walk(n_steps: int, *, back: bool = False) -> int:
    ...     return -n_steps if back else n_steps
    >>> walk(3.0, back=True)
    -3
    >>> walk(3, back="no")
    Traceback (most recent call last):
    featgraph.core.arguments.ArgumentError: back must be True or False, got 'no'
    """
    positional: list[Check | None] = []
    by_name: dict[str, Check] = {}
    unread = [function]

    @functools.wraps(function)
    def called(*arguments: Any, **options: Any) -> Any:
        if unread:  # at the first call, when the names in the annotations have been defined
            by_name.update(_read_checks(unread.pop(), positional))
        if arguments:
            known = zip(positional, arguments, strict=False)
            taken = [value if check is None else check(value) for check, value in known]
            arguments = (*taken, *arguments[len(positional) :])
        for name, value in options.items():
            check = by_name.get(name)
            if check is not None:
                options[name] = check(value)
        return function(*arguments, **options)

    called.checks_arguments = True  # type: ignore[attr-defined]
    return cast(Function, called)


def _read_checks(function: Callable[..., Any], positional: list[Check | None]) -> dict[str, Check]:
    """Return the checks by name, and put those of positional arguments into ``positional``."""
    names, by_name = inspect.unwrap(function).__globals__, {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        check = _read_check(parameter, names)
        if parameter.kind is not parameter.KEYWORD_ONLY:
            positional.append(check)
        if check is not None:
            by_name[parameter.name] = check
    return by_name


def _read_check(parameter: inspect.Parameter, names: Mapping[str, Any]) -> Check | None:
    name, annotation, optional = parameter.name, parameter.annotation, parameter.default is None
    forms = _forms(annotation, names) if isinstance(annotation, str) else None
    if not forms or forms == [_GRAPH]:  # what is no graph, the readers of graphs say best
        return None
    forms = [form for form in forms if form.words != "None" or not optional]
    words = [form.words for form in forms] + (["None"] if optional else [])
    rule = " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
    choices = [choice for form in forms for choice in form.choices]
    takes = [form.take for form in forms]
    is_array = any(form.words in _ARRAYS for form in forms)
    rest = _SHAPES.get(name) if is_array else _few if name in _COUNTS else None

    def check(value: Any) -> Any:
        if value is None and optional:
            return value
        reason = ""
        for take in takes:
            try:
                taken = take(value)
            except Refused as refused:
                reason = reason or str(refused)
                continue
            return taken if rest is None else rest(taken, name)
        hint = nearest(value, choices) if choices and isinstance(value, str) else ""
        raise ArgumentError(f"{name} must be {rule}, got {reason or describe(value)}{hint}")

    return check


def _forms(annotation: str, names: Mapping[str, Any]) -> list[_Form] | None:
    """Return the forms that an annotation allows, or None where it leaves the value open."""
    try:
        return _read(ast.parse(annotation, mode="eval").body, names, frozenset())
    except SyntaxError:  # of aliases that print as no expression
        return None


def _square(values: Any, name: str) -> Any:
    """Return distances between all nodes as floats, after a look at their shape and range."""
    if values.ndim != 2 or values.shape[0] != values.shape[1] or len(values) < 2:
        rule = "must be square, shape (n_nodes, n_nodes), of at least 2 nodes"
        raise ArgumentError(f"{name} {rule}, got shape {tuple(values.shape)}")
    values = to_floats(values)
    low, high = float(values.min()), float(values.max())
    if not 0 <= low <= high < math.inf:
        raise ArgumentError(
            f"{name} must be finite and at least 0, got {low:.6g} to {high:.6g}; squares of large "
            "activations overflow float32, so scale the features, or give them in float64"
        )
    return values


def _line(values: Any, name: str) -> Any:
    if not isinstance(values, list) and values.ndim != 1:
        shape = tuple(values.shape)
        raise ArgumentError(f"{name} must be one-dimensional, got shape {shape}")
    return values


def _few(value: Any, name: str) -> Any:
    """Refuse a number of repeats or steps that no machine would come to the end of."""
    if value is not None and value > _MOST:
        raise ArgumentError(f"{name} must be at most {_MOST}, got {value!r}")
    return value


#: Rules of arguments that mean the same in every function.
_MOST = 10**6
_LINES = (*("radii", "centers", "q", "epsilons", "values", "labels", "groups", "weights", "tail"),)
_COUNTS = (
    *("repeats", "n_references", "n_boot", "n_bootstrap", "n_draws", "n_permutations"),
    *("n_resamples", "n_theta", "n_steps", "n_alphas", "n_columns", "max_steps", "epochs"),
    *("swaps_per_edge", "max_dimension", "jobs"),
)
_SHAPES: dict[str, Callable[[Any, str], Any]] = {
    "distances": _square,
    "theta": lambda values, name: to_floats(_line(values, name)),
    **dict.fromkeys(_LINES, _line),
}


def _join(parts: list[list[_Form] | None]) -> list[_Form] | None:
    """Return the forms of all parts; texts and numbers first, as much can become an array."""
    if None in parts:
        return None
    forms = list(dict.fromkeys(form for part in parts for form in part or ()))
    if _PLAIN["Tensor"] in forms and _PLAIN["ndarray"] in forms:
        forms = [form for form in forms if form not in (_PLAIN["Tensor"], _PLAIN["ndarray"])]
        forms.append(_EITHER)
    return sorted(forms, key=lambda form: form.words in _ARRAYS)


_PLAIN = {
    "int": _Form("a whole number", to_whole),
    "float": _Form("a number", to_number),
    "ndarray": _Form("an array of real numbers", to_array),
    "Tensor": _Form("a Tensor", to_tensor),
}
_PLAIN |= dict.fromkeys(("NDArray", "ArrayLike"), _PLAIN["ndarray"])
_PLAIN["Ints"] = _Form("an array of whole numbers", to_whole_array)
_EITHER = _Form("an array of real numbers", functools.partial(to_array, keep_tensors=True))
_ARRAYS = frozenset(_PLAIN[name].words for name in ("ndarray", "Tensor", "Ints"))


def _read(tree: ast.expr, names: Mapping[str, Any], seen: frozenset[str]) -> list[_Form] | None:
    if isinstance(tree, ast.BinOp):
        return _join([_read(side, names, seen) for side in (tree.left, tree.right)])
    if isinstance(tree, ast.Constant):
        if isinstance(tree.value, str):
            return _read(ast.parse(tree.value, mode="eval").body, names, seen)
        return [_Form("None", _exactly_none)] if tree.value is None else None
    base, inside = tree, None
    if isinstance(tree, ast.Subscript):
        base, inside = tree.value, tree.slice
    word = base.attr if isinstance(base, ast.Attribute) else getattr(base, "id", "")
    if not word or word in _OPEN:
        return None
    if word in _PLAIN:
        return [_PLAIN[word]]
    if word == "FeatureGraph":
        return [_GRAPH]
    if inside is not None:
        return _read_subscript(word, inside, names, seen)
    alias = names.get(word, _ALIASES.get(word)) if isinstance(base, ast.Name) else None
    if alias is not None and not isinstance(alias, type) and word not in seen:
        return _read(ast.parse(str(alias), mode="eval").body, names, seen | {word})
    return [_class_form(word)]


def _read_subscript(
    word: str, inside: ast.expr, names: Mapping[str, Any], seen: frozenset[str]
) -> list[_Form] | None:
    parts = inside.elts if isinstance(inside, ast.Tuple) else [inside]
    if word == "Literal":
        return [_choice_form(tuple(ast.literal_eval(part) for part in parts))]
    if word == "Callable":
        return [_class_form(word)]
    if word == "PathLike":
        return [_Form("a path", _to_path)]
    if word == "Union":
        return _join([_read(part, names, seen) for part in parts])
    if word in _ITEMS:
        return [_items_form(_read(parts[0], names, seen))]
    if word == "tuple":
        return [_tuple_form([_read(part, names, seen) for part in parts])]
    if word in ("Mapping", "dict"):
        return [_mapping_form(_read(parts[-1], names, seen))]
    return None


def _to_graph(value: Any) -> Any:
    plain = isinstance(value, str | bytes | list | tuple | dict | numbers.Number)
    if value is None or plain or callable(value) or hasattr(value, "__array__"):
        raise Refused
    return value


_GRAPH = _Form("a graph", _to_graph)


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


def _to_path(value: Any) -> Any:
    if not isinstance(value, str | os.PathLike) or not isinstance(os.fspath(value), str):
        raise Refused
    return value


def _to_callable(value: Any) -> Any:
    if not callable(value):
        raise Refused
    return value


_SINGLE = (to_whole, to_number, _to_text)
_BY_NAME = {
    "bool": _Form("True or False", _to_bool),
    "str": _Form("a text", _to_text),
    "Callable": _Form("a function", _to_callable),
}


@functools.cache
def _class_form(name: str) -> _Form:
    if name in _BY_NAME:
        return _BY_NAME[name]

    def take(value: Any) -> Any:
        kind = type(value)
        if not any(base.__name__ == name for base in kind.__mro__) and not (
            # exported and scripted programs have cures of their own, which functions know
            name == "Module" and kind.__module__.startswith("torch.") and callable(value)
        ):
            raise Refused
        return value

    full = {"Module": "torch.nn.Module", "Generator": "generator"}.get(name, name)
    return _Form(f"{'an' if full[0] in 'AEIOU' else 'a'} {full}", take)


def _choice_form(choices: tuple[Any, ...]) -> _Form:
    def take(value: Any) -> Any:
        if not isinstance(value, type(choices[0])) or value not in choices:
            raise Refused
        return value

    words = repr(choices[0]) if len(choices) == 1 else f"one of {sorted(choices)}"
    return _Form(words, take, choices)


def _take_one(forms: list[_Form] | None, value: Any, place: str) -> Any:
    if forms is None:
        return value
    reason = ""
    for form in forms:
        try:
            return form.take(value)
        except Refused as refused:
            reason = reason or str(refused)
    raise Refused((reason or describe(value)) + place)


def _words(forms: list[_Form] | None) -> str:
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


def _items_form(forms: list[_Form] | None) -> _Form:
    plain = forms is not None and all(form.take in _SINGLE for form in forms)

    def take(value: Any) -> Any:
        if isinstance(value, Iterator) and not plain:
            return value  # rows of a table may come one by one
        return [_take_one(forms, item, f" at place {k}") for k, item in enumerate(_listed(value))]

    return _Form(f"a list of which each is {_words(forms)}", take)


def _tuple_form(forms: list[list[_Form] | None]) -> _Form:
    def take(value: Any) -> tuple[Any, ...]:
        items = _listed(value)
        if len(items) != len(forms):
            raise Refused(f"{len(items)} values")
        pairs = enumerate(zip(forms, items, strict=True))
        return tuple(_take_one(form, item, f" at place {k}") for k, (form, item) in pairs)

    inside = ", ".join(_words(form) for form in forms)
    return _Form(f"a tuple of {len(forms)} ({inside})", take)


def _mapping_form(forms: list[_Form] | None) -> _Form:
    def take(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise Refused
        if type(value) is not dict or forms is None:
            return value  # values of other mappings may be made when asked for
        return {key: _take_one(forms, item, f" under {key!r}") for key, item in value.items()}

    return _Form(f"a mapping to {_words(forms)}", take)
