"""Results as plain values and back: what a field may hold follows from its annotation."""

from __future__ import annotations

import dataclasses
import json
import math
import sys
import types
import typing
from collections.abc import Hashable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Union

import numpy as np

__all__ = ["decode", "decode_label", "encode", "encode_label", "field_types"]

_TYPES: dict[Any, dict[str, Any]] = {}  # of the classes met so far
_WORDS = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
_TENSORS = tuple(np.dtype(name) for name in ("f4", "f8", "i8", "?"))
_KINDS = {"f": "fiu", "i": "iu", "u": "iu", "b": "b"}


class Wrong(ValueError):
    """What a saved value breaks: the path to it, and the rule."""

    def __init__(self, part: str, rule: str) -> None:
        self.part, self.rule = part, rule
        super().__init__(f"{part} {rule}")


def field_types(kind: Any) -> dict[str, Any]:
    """Return the types of the fields of a dataclass, or of a named tuple."""
    if kind not in _TYPES:
        is_data = dataclasses.is_dataclass(kind)
        names = [item.name for item in dataclasses.fields(kind)] if is_data else kind._fields
        hints: dict[str, Any] = {}
        for base in reversed(kind.__mro__):  # Python 3.10 cannot read a class with a bare ClassVar
            own = vars(base).get("__annotations__", {})
            part = types.SimpleNamespace(__annotations__={k: own[k] for k in own if k in names})
            hints |= typing.get_type_hints(part, vars(sys.modules[base.__module__]))
        _TYPES[kind] = {name: hints[name] for name in names}
    return _TYPES[kind]


def encode(value: Any, kind: Any = Any) -> Any:
    """Return dictionaries, lists, numbers, strings and arrays; nan as None, ±inf as words.

    Raises
    ------
    TypeError
        If a value cannot be kept, such as a model. In a mapping annotated as one of anything,
        such as options, it is kept as its ``repr``.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None if math.isnan(value) else str(value)
    if isinstance(value, np.ndarray):
        # whole numbers with gaps are objects, and nothing is pickled
        return [encode(item) for item in value.tolist()] if value.dtype.kind == "O" else value
    if isinstance(value, np.generic):
        return encode(value.item(), kind)
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "detach"):
        return value.detach().cpu().numpy()
    if dataclasses.is_dataclass(value) or hasattr(value, "_fields"):
        types_of = field_types(type(value))
        return {name: encode(getattr(value, name), hint) for name, hint in types_of.items()}
    if isinstance(value, Mapping):
        return {_encode_key(key): _encode_item(item, kind) for key, item in value.items()}
    if isinstance(value, list | tuple | range):
        one = encode_label if Hashable in _inside(kind) else encode
        return [one(item) for item in value]
    raise TypeError(f"a {type(value).__name__} cannot be saved in a result, got {value!r}")


def _encode_item(item: object, kind: object) -> object:
    if typing.get_args(kind)[1:] != (Any,):
        return encode(item)
    try:
        return encode(item)
    except TypeError:
        return repr(item)


def _encode_key(key: object) -> str:
    return key if isinstance(key, str) else json.dumps(encode(key))


def encode_label(label: Hashable) -> Any:
    """Return a label as JSON can hold it; tuples, nan and ±inf become a dict of their kind.

    Examples
    --------
    >>> encode_label(("conv1", 3)), encode_label(math.inf)
    ({'tuple': ['conv1', 3]}, {'float': 'inf'})
    """
    if isinstance(label, np.generic):
        label = label.item()
    if type(label) is float and not math.isfinite(label):
        return {"float": str(label)}
    if label is None or type(label) in (str, int, bool, float):
        return label
    if type(label) is tuple:
        return {"tuple": [encode_label(part) for part in label]}
    raise TypeError(
        "labels can be saved if they are strings, numbers, None or tuples of such, "
        f"got {label!r} of {type(label).__name__}; save a graph with other labels instead"
    )


def decode_label(value: object) -> Hashable:
    """Return what ``encode_label`` was given.

    Examples
    --------
    >>> decode_label({"tuple": ["conv1", 3]})
    ('conv1', 3)
    """
    if isinstance(value, dict) and set(value) == {"tuple"} and isinstance(value["tuple"], list):
        return tuple(decode_label(part) for part in value["tuple"])
    if isinstance(value, dict) and value in [{"float": word} for word in _WORDS]:
        return _WORDS[value["float"]]
    if isinstance(value, list | dict):
        raise ValueError(f"must be labels, and no label looks like {_short(value)}")
    label: Hashable = value
    return label


def decode(kind: Any, value: Any, part: str = "") -> Any:
    """Return the value of type ``kind`` that ``value`` stands for, or raise ``Wrong``."""
    if kind is Any:
        return value
    if kind is Hashable:
        try:
            return decode_label(value)
        except ValueError as error:
            raise Wrong(part, str(error)) from None
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin in (Union, types.UnionType):
        return _decode_union(inside, value, part)
    if origin is Literal:
        if not any(type(value) is type(word) and value == word for word in inside):
            raise Wrong(part, f"must be one of {sorted(inside)}, got {_short(value)}")
        return value
    if origin is np.ndarray:
        return _decode_array(inside[1], value, part)
    if origin in (tuple, list, Sequence, Mapping, dict) or kind is tuple:
        return _decode_many(origin or kind, inside, value, part)
    if isinstance(kind, type):
        return _decode_one(kind, value, part)
    raise TypeError(f"fields of type {kind!r} cannot be saved")


def _decode_union(kinds: tuple[object, ...], value: object, part: str) -> object:
    if value is None and type(None) in kinds:
        return None
    wrong: Wrong | None = None
    for kind in kinds:
        if kind is type(None):
            continue
        try:
            return decode(kind, value, part)
        except Wrong as error:
            wrong = error
            if error.part != part:  # what is wrong deep inside says most
                break
    raise wrong or Wrong(part, "must be null")


def _decode_one(kind: type, value: object, part: str) -> object:
    if dataclasses.is_dataclass(kind) or hasattr(kind, "_fields"):
        return _decode_fields(kind, value, part)
    if kind.__module__ == "torch":
        import torch

        array = _decode_array(np.dtype[Any], value, part)
        if array.dtype not in _TENSORS:
            raise Wrong(part, f"must hold floats, whole numbers or booleans, got {array.dtype}")
        return torch.from_numpy(array)
    if kind is float:
        if value is None or (isinstance(value, str) and value in _WORDS):
            return _WORDS[value or "nan"]
        if isinstance(value, int | float) and not isinstance(value, bool):
            if isinstance(value, float) or abs(value) < 2**53:
                return value  # a whole number stays one, as a size in hops
            if abs(value) < 2**1000:
                return float(value)
    elif kind is int:
        if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63:
            return value
    elif kind is Path:
        if isinstance(value, str):
            return Path(value)
    elif kind in (bool, str, type(None)):
        if isinstance(value, kind):
            return value
    else:
        raise TypeError(f"fields of type {kind.__name__} cannot be saved")
    raise Wrong(part, f"must be of type {kind.__name__}, got {_short(value)}")


def _decode_fields(kind: type, value: object, part: str) -> object:
    if not isinstance(value, dict):
        raise Wrong(part, f"must be an object, got {_short(value)}")
    known = field_types(kind)
    surplus = [name for name in value if name not in known]
    if surplus:
        raise Wrong(_join(part, surplus[0]), f"is no field of {kind.__name__}")
    found = {}
    for name, hint in known.items():
        if name in value:
            found[name] = decode(hint, value[name], _join(part, name))
        elif not _has_default(kind, name):
            raise Wrong(_join(part, name), "is missing")
    try:
        made = kind(**found)
        if hasattr(made, "_check"):
            made._check(tensors=True)
        return made
    except (ValueError, TypeError, OverflowError) as error:
        name, _, rule = str(error).partition(" ")
        if name not in known:
            name, rule = "", f"must hold a sound {kind.__name__}: {error}"
        raise Wrong(_join(part, name), rule) from None


def _has_default(kind: type, name: str) -> bool:
    if not dataclasses.is_dataclass(kind):
        return name in kind._field_defaults  # type: ignore[attr-defined]
    item = next(item for item in dataclasses.fields(kind) if item.name == name)
    missing = dataclasses.MISSING
    return item.default is not missing or item.default_factory is not missing


def _decode_many(origin: object, inside: tuple[object, ...], value: object, part: str) -> object:
    if origin in (Mapping, dict):
        if not isinstance(value, dict):
            raise Wrong(part, f"must be an object, got {_short(value)}")
        key_kind, item_kind = inside
        return {
            _decode_key(key_kind, key, part): decode(item_kind, item, _join(part, key))
            for key, item in value.items()
        }
    if not isinstance(value, list | np.ndarray):
        raise Wrong(part, f"must be a list, got {_short(value)}")
    items = value.tolist() if isinstance(value, np.ndarray) else value
    if origin is tuple and not (len(inside) == 2 and inside[1] is Ellipsis):
        if len(items) != len(inside):
            raise Wrong(part, f"must have {len(inside)} items, got {len(items)}")
        kinds: Sequence[Any] = inside
    else:
        kinds = [inside[0]] * len(items)
    pairs = enumerate(zip(kinds, items, strict=True))
    found = [decode(kind, item, _join(part, str(k))) for k, (kind, item) in pairs]
    return tuple(found) if origin is tuple else found


def _decode_key(kind: object, key: str, part: str) -> object:
    if kind in (str, Any):
        return key
    try:
        return decode(kind, json.loads(key), part)
    except (ValueError, RecursionError):
        raise Wrong(part, f"must have keys of type {kind}, got {key!r}") from None


def _decode_array(hint: object, value: object, part: str) -> np.ndarray[Any, Any]:
    scalar = typing.get_args(hint)[0]
    wanted = None if scalar in (Any, np.generic) else np.dtype(scalar)
    array = _as_array(value, wanted, part)
    if wanted is None:
        if array.dtype.kind not in "biufU" and not isinstance(value, list):
            raise Wrong(part, f"must hold numbers or strings, got {array.dtype}")
        return array
    if array.dtype.kind not in _KINDS[wanted.kind] and array.size:
        raise Wrong(part, f"must hold {wanted.name}, got {array.dtype}")
    if array.dtype.kind == "u" and wanted.kind == "i" and array.size and array.max() >= 2**63:
        raise Wrong(part, f"must hold {wanted.name}, got {array.max()}")
    return array.astype(wanted, copy=False)


def _as_array(value: Any, wanted: Any, part: str) -> np.ndarray[Any, Any]:
    if isinstance(value, np.ndarray):
        return value
    if not isinstance(value, list):
        raise Wrong(part, f"must be an array, got {_short(value)}")
    is_float = wanted is not None and wanted.kind == "f"
    try:
        sound = not is_float or _only(value)
        array = np.array(value, dtype=np.float64 if is_float and sound else None)
    except (ValueError, OverflowError, TypeError, RecursionError):
        raise Wrong(part, "must be an array with rows of one length") from None
    if not sound:
        raise Wrong(part, "must hold numbers")
    return array


def _only(items: Any) -> bool:
    """Whether lists within lists hold nothing but numbers, null, and the words for inf and nan."""
    return all(
        _only(item)
        if isinstance(item, list)
        else item in _WORDS
        if isinstance(item, str)
        else item is None or (isinstance(item, int | float) and not isinstance(item, bool))
        for item in items
    )


def _inside(kind: object) -> set[object]:
    found = {kind}
    for one in typing.get_args(kind):
        found |= _inside(one)
    return found


def _join(part: str, name: str) -> str:
    return f"{part}/{name}" if part and name else part or name


def _short(value: object) -> str:
    text = repr(value) if not isinstance(value, dict | list) else type(value).__name__
    return text if len(text) <= 60 else f"{text[:57]}…"
