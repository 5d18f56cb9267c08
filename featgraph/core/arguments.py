"""Arguments of public functions and estimators, checked and converted as annotated."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
import sys
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar, cast

import numpy as np

from featgraph.core.annotations import ARRAYS, GRAPH, read_forms
from featgraph.core.checks import ArgumentError, check_range, integer, naming, nearest
from featgraph.core.values import Refused, describe, take_as, to_array, to_floats

__all__ = [
    "ArgumentError",
    "check_loaded_classes",
    "check_parameters",
    "check_rows",
    "check_values",
    "checked",
    "draw_seed",
]

Function = TypeVar("Function", bound=Callable[..., Any])
Check: TypeAlias = Callable[[Any], Any]  # returns the value to hand on, or raises


def checked(function: Function, *, is_field: bool = False) -> Function:
    """Check the arguments of each call against the annotations of ``function``.

    Numbers, booleans, texts, choices, paths, callables, modules and classes of featgraph are
    looked at; lists, tuples, arrays and tensors of numbers become what the function takes.

    Parameters
    ----------
    function : callable
        Any function; its annotations must be texts, as under ``from __future__ import
        annotations``. What they leave open is left to the function.
    is_field : bool, default=False
        Whether the arguments become fields of a result, which may be nan.

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
    featgraph.core.checks.ArgumentError: back must be True or False, got 'no'
    """
    positional: list[Check | None] = []
    by_name: dict[str, Check] = {}
    unread = [function]

    @functools.wraps(function)
    def called(*arguments: Any, **options: Any) -> Any:
        if unread:  # at the first call, when the names in the annotations have been defined
            by_name.update(_read_checks(unread.pop(), positional, is_field))
        if arguments:
            known = zip(positional, arguments, strict=False)
            taken = [value if check is None else check(value) for check, value in known]
            arguments = (*taken, *arguments[len(positional) :])
        for name, value in options.items():
            check = by_name.get(name)
            if check is not None:
                options[name] = check(value)
        try:
            made = function(*arguments, **options)
        except _OF_SIZE as error:
            if type(error) in _MIXED and not any(words in str(error) for words in _BEYOND):
                raise
            raise _too_much(function, arguments, options, error) from error
        check_loaded_classes()
        return made

    called.checks_arguments = True  # type: ignore[attr-defined]
    return cast(Function, called)


def _too_much(
    function: Function,
    arguments: tuple[object, ...],
    options: Mapping[str, object],
    error: Exception,
) -> Exception:
    """Return the error to raise where a call asks for more than there is: it names the number."""
    given = {
        **dict(zip(inspect.signature(function).parameters, arguments, strict=False)),
        **options,
    }
    for name, value in given.items():
        values = value if isinstance(value, list | tuple) else (value,)
        if any(isinstance(one, int | float) and abs(one) > _MANY for one in values):
            return ArgumentError(f"{name} must be smaller on this machine, got {value!r}: {error}")
    return error


_MANY = 10**5
_MIXED = (ValueError, RuntimeError)
_OF_SIZE = (MemoryError, OverflowError, *_MIXED)
#: How numpy and torch say, among other things, that there is no such array.
_BEYOND = ("array is too big", "Maximum allowed", "Storage size", "to allocate")


def check_methods(kind: type) -> None:
    """Put the constructor and the public methods of a class behind their checks, in place.

    Base classes of other packages are left as they are, and estimators of scikit-learn, which
    look at their parameters when they are fitted.
    """
    if hasattr(kind, "get_params"):
        return
    for base in kind.__mro__:
        if not base.__module__.startswith("featgraph.") or base in _SEEN:
            continue
        _SEEN.add(base)
        for name, member in list(vars(base).items()):
            if not (name == "__init__" or name[0] != "_") or name == "forward":
                continue
            outer = type(member) if isinstance(member, classmethod | staticmethod) else None
            function = member.__func__ if outer else member
            if inspect.isfunction(function):
                is_field = name == "__init__" and dataclasses.is_dataclass(base)
                behind = checked(function, is_field=is_field)
                setattr(base, name, outer(behind) if outer else behind)


_SEEN: set[type] = set()


def check_loaded_classes() -> None:
    """Put public classes behind their checks once their module is loaded, by whatever way.

    So an object that a function returns is checked like one that its class makes.
    """
    if len(sys.modules) == _LOADED[0]:
        return
    _LOADED[0] = len(sys.modules)
    modules = list(sys.modules.items())
    loaded = [module for name, module in modules if name.split(".")[0] == "featgraph"]
    faces = [module for module in loaded if "__getattr__" in vars(module)]
    public = {name for face in faces for name in face.__all__}
    for module in loaded:
        if not getattr(module.__spec__, "_initializing", False):
            for key in public & vars(module).keys():
                if inspect.isclass(kind := vars(module)[key]) and kind not in _SEEN:
                    check_methods(kind)


_LOADED = [0]


def check_values(function: Callable[..., object], values: Mapping[str, object]) -> dict[str, Any]:
    """Return values of arguments by name, each checked as ``function`` annotates it."""
    checks = _read_checks(function, [], is_field=False)
    return {name: checks[name](v) if name in checks else v for name, v in values.items()}


def _read_checks(
    function: Callable[..., object], positional: list[Check | None], is_field: bool
) -> dict[str, Check]:
    """Return the checks by name, and put those of positional arguments into ``positional``."""
    names, by_name = inspect.unwrap(function).__globals__, {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        check = _read_check(parameter, names, is_field)
        if parameter.kind is not parameter.KEYWORD_ONLY:
            positional.append(check)
        if check is not None:
            by_name[parameter.name] = check
    return by_name


def _read_check(
    parameter: inspect.Parameter, names: Mapping[str, object], is_field: bool
) -> Check | None:
    name, annotation, optional = parameter.name, parameter.annotation, parameter.default is None
    is_read = isinstance(annotation, str)
    forms = read_forms(annotation, names, is_field=is_field) if is_read else None
    if not forms or forms == [GRAPH]:  # what is no graph, the readers of graphs say best
        return None
    forms = [form for form in forms if form.words != "None" or not optional]
    words = [form.words for form in forms] + (["None"] if optional else [])
    rule = " or ".join(filter(None, (", ".join(words[:-1]), words[-1])))
    choices = [choice for form in forms for choice in form.choices]
    takes = [form.take for form in forms]
    is_array = any(form.words in ARRAYS for form in forms)
    rest = _SHAPES.get(name) if is_array else _NOT_EMPTY.get(name, check_range)
    rest = None if is_field else rest

    def check(value: object) -> Any:
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


def _square(values: Any, name: str) -> object:
    """Return distances between all nodes as floats, after a look at their shape and range."""
    if not hasattr(values, "ndim"):
        return values  # features, or distances that were looked at before
    if values.ndim != 2 or values.shape[0] != values.shape[1] or len(values) < 2:
        rule = "must be square, shape (n_nodes, n_nodes), of at least 2 nodes"
        raise ArgumentError(f"{name} {rule}, got shape {tuple(values.shape)}")
    values = to_floats(values)
    known = values.detach() if hasattr(values, "detach") else values
    low, high = float(known.min()), float(known.max())
    if not 0 <= low <= high < math.inf:
        raise ArgumentError(
            f"{name} must be finite and at least 0, got {low:.6g} to {high:.6g}; squares of large "
            "activations overflow float32, so scale the features, or give them in float64; in a "
            "graph, leave unreachable nodes out"
        )
    return values


def _line(values: Any, name: str) -> object:
    if getattr(values, "ndim", 1) != 1:
        shape = tuple(values.shape)
        raise ArgumentError(f"{name} must be a vector, one list of numbers, got shape {shape}")
    return values


def _not_empty(value: object, name: str) -> object:
    if hasattr(value, "__len__") and not len(value):
        raise ArgumentError(f"{name} must not be empty")
    return check_range(value, name)


#: Rules of arguments that mean the same in every function.
_LINES = (*("radii", "centers", "q", "epsilons", "values", "labels", "groups", "tail"),)
_NOT_EMPTY = dict.fromkeys(
    ("path", "checkpoint", "diagrams", "paths", "levels", "widths", "layers"), _not_empty
)
_SHAPES: dict[str, Callable[[Any, str], Any]] = {
    "distances": _square,
    "theta": lambda values, name: to_floats(_line(values, name)),
    **dict.fromkeys(_LINES, _line),
}


def check_parameters(estimator: Any) -> dict[str, Any]:
    """Return the parameters by name, checked as the arguments of a function are."""
    return check_values(type(estimator).__init__, estimator.get_params(deep=False))


def check_rows(estimator: object, X: object, **options: Any) -> Any:
    """Return what ``validate_data`` makes of ``X`` as float64, with errors that name it."""
    from sklearn.utils.validation import validate_data

    kind = getattr(getattr(X, "dtype", None), "kind", "")
    if np.ma.is_masked(X) or kind in ("M", "m", "V"):
        raise ArgumentError(f"X must hold real numbers, got {describe(X)}")
    if hasattr(X, "detach"):
        X = take_as(to_array, X, "X", "an array of real numbers")
    try:
        with naming("X"):
            return validate_data(estimator, X, dtype=np.float64, **options)
    except OverflowError as error:
        raise ArgumentError(f"X must hold numbers that floats can hold: {error}") from error


def draw_seed(random_state: object) -> int:
    """Return a seed drawn from what scikit-learn takes as ``random_state``."""
    from sklearn.utils.validation import check_random_state

    if isinstance(random_state, int | np.integer):
        integer(random_state, "random_state", most=2**32 - 1)
    with naming("random_state"):
        return int(check_random_state(random_state).randint(2**31 - 1))
