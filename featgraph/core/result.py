"""Result: what every stage returns. It is frozen, prints in one line, and can be kept."""

from __future__ import annotations

import json
import os
import re
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
from numpy.typing import NDArray

from featgraph.core.arrays import read_npz
from featgraph.core.encoding import Wrong, decode, encode, field_types
from featgraph.core.files import DamagedFileError, atomic_path, parse_json, read_json, write_text
from featgraph.core.notebook import Drawing, draw, render_result
from featgraph.core.package import need
from featgraph.core.rules import Rule, check_rules

if TYPE_CHECKING:
    import pandas

__all__ = ["Result"]

#: Of the files; it grows when their layout changes.
VERSION = 1
#: Fields that tell how a result came about, in the order of the text.
_MADE_BY = (
    *("source", "source_a", "source_b", "layer", "state", "reduce", "epsilon", "epsilon_rule"),
    *("method", "kind", "space", "estimator", "measure", "variant", "null", "options", "seed"),
    *("confidence", "n_draws", "n_repeats", "n_references", "n_resamples", "n_permutations"),
)
_OLD_NAMES = {"world": "space"}
Self = TypeVar("Self", bound="Result")


@dataclass(frozen=True, repr=False, eq=False)
class Result:
    """Base of all results: one line of text, a table, a file, and what made it.

    A subclass is a frozen dataclass; its annotations say what a file of it may hold. It may
    name what its one line shows (``_shown``: fields, properties, axes), the rules of its fields
    (``_rules``), the columns of its table (``_columns``), a curve to draw (``_curve``) and the
    function of ``featgraph.plot`` that draws it (``_picture``).

    Examples
    --------
    >>> @dataclass(frozen=True, repr=False, eq=False)
    ... class Walk(Result):
    ...     n_steps: int
    ...     lengths: NDArray[np.float64]
    ...     seed: int | None = None
    >>> walk = Walk(2, np.array([0.5, 1.0]), seed=0)
    >>> walk
    Walk(n_steps=2, seed=0)
    >>> walk.to_rows()
    [{'n_steps': 2, 'seed': 0}]
    >>> walk.to_dict()
    {'n_steps': 2, 'lengths': [0.5, 1.0], 'seed': 0}
    """

    _shown: ClassVar[tuple[str, ...]] = ()
    _rules: ClassVar[Mapping[str, Rule]] = {}
    _picture: ClassVar[str] = ""

    def __post_init__(self) -> None:
        self._check()

    def _check(self, *, tensors: bool = False) -> dict[str, int]:
        # Tensors, which may be large or on a device, are looked at when they come from a file.
        values = {name: getattr(self, name) for name in self._rules}
        return check_rules(values, self._rules, tensors=tensors)

    def __repr__(self) -> str:
        lengths = self._check()  # of axes, such as n_sizes, which need no property of their own
        shown = {k: lengths[k] if k in lengths else getattr(self, k) for k in self._shown}
        shown = shown or self._scalars()
        parts = [f"{name}={_in_words(value)}" for name, value in shown.items() if value is not None]
        return f"{type(self).__name__}({', '.join(parts)})"

    def _repr_html_(self) -> str:
        facts = {k: v for k, v in self.provenance.items() if k != "result"}
        return render_result(repr(self), self.to_rows(), facts, self._curve())

    def _scalars(self) -> dict[str, object]:
        values = {part.name: getattr(self, part.name) for part in fields(self)}
        return {k: v for k, v in values.items() if v is None or isinstance(v, str | int | float)}

    def _columns(self) -> Mapping[str, object]:
        """Return the columns of the table: lists or arrays of one length, or single values."""
        return self._scalars()

    def _curve(self) -> tuple[object, object] | None:
        """Return sizes and counts, where the result has a curve worth a small picture."""
        return None

    def plot(self, **options: Any) -> Drawing:
        """Draw the result by the function of ``featgraph.plot`` that is made for its kind.

        Parameters
        ----------
        **options
            Of that function, such as ``ax``.

        Returns
        -------
        fig : matplotlib Figure
            The figure; notebooks show the pair as its picture.
        axes : matplotlib Axes, or ndarray or tuple of them
            Its axes.

        Raises
        ------
        TypeError
            If there is no picture of this kind of result.
        """
        if not self._picture:
            raise TypeError(f"there is no picture of a {type(self).__name__}; to_rows() has it all")
        return draw(self._picture, self, **options)

    @property
    def provenance(self) -> dict[str, Any]:
        """What made the result: layer, method, options, seed and the like, as far as known."""
        from featgraph import __version__

        found = {name: getattr(self, name, None) for name in _MADE_BY}
        known = {k: v for k, v in found.items() if v is not None and v != {} and not callable(v)}
        return {"result": type(self).__name__, **known, "featgraph": __version__}

    def to_rows(self) -> list[dict[str, Any]]:
        """Return the result as a table: one dictionary of plain values per row.

        Returns
        -------
        list of dict
            All rows have the same keys, the columns.
        """
        columns = {name: _plain(value) for name, value in self._columns().items()}
        lengths = {len(column) for column in columns.values() if isinstance(column, list)}
        n_rows = lengths.pop() if lengths else 1
        full = [col if isinstance(col, list) else [col] * n_rows for col in columns.values()]
        return [dict(zip(columns, row, strict=True)) for row in zip(*full, strict=True)]

    def to_frame(self) -> pandas.DataFrame:
        """Return the table as a pandas data frame.

        Returns
        -------
        pandas.DataFrame
            One row per row of :meth:`to_rows`.

        Raises
        ------
        ImportError
            If pandas is not installed (extra ``frames``).
        """
        frame: pandas.DataFrame = need("pandas", extra="frames").DataFrame(self.to_rows())
        return frame

    def to_dict(self) -> dict[str, Any]:
        """Return all fields as plain values, ready for JSON: nan as None, ±inf as words.

        Returns
        -------
        dict
            By field; arrays as lists, results within results as dictionaries.
        """
        values: dict[str, Any] = _map_arrays(self._encode(), _to_list)
        return values

    @classmethod
    def from_dict(cls: type[Self], values: Mapping[str, object]) -> Self:
        """Return the result that :meth:`to_dict` gave ``values`` of.

        Raises
        ------
        ValueError
            If they are none of this kind of result, or cannot be.
        """
        try:
            return decode(cls, dict(values))  # type: ignore[no-any-return]
        except Wrong as error:
            raise ValueError(f"values must be those of a {cls.__name__}: {error}") from None

    def _encode(self) -> dict[str, Any]:
        hints = field_types(type(self)).items()
        return {name: encode(getattr(self, name), hint) for name, hint in hints}

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the result to a ``.json`` or ``.npz`` file, whole or not at all.

        Parameters
        ----------
        path : str or path-like
            The suffix chooses: text that people read, or packed arrays.

        Returns
        -------
        Path
            The path written.

        Raises
        ------
        ValueError
            If the suffix is another one.
        TypeError
            If the result holds what cannot be kept, such as a model.
        """
        from featgraph import __version__

        target = Path(path)
        about = {"format": _format(type(self)), "version": VERSION, "featgraph": __version__}
        if target.suffix == ".json":
            text = json.dumps({**about, **self.to_dict()}, indent=1, allow_nan=False)
            return write_text(target, text + "\n")
        if target.suffix != ".npz":
            raise ValueError(f"path must end in .npz or .json, got {os.fspath(path)!r}")
        members: dict[str, NDArray[Any]] = {}

        def put(array: NDArray[Any], place: str) -> dict[str, str]:
            name = re.sub(r"[^\w./-]", "_", place)
            while name in members:
                name += "_"
            members[name] = array
            return {"array": name}

        about.update(_map_arrays(self._encode(), put))
        members["about"] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
        with (
            atomic_path(target) as temporary,
            zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive,
        ):
            for name, array in members.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                    np.lib.format.write_array(file, np.asanyarray(array), allow_pickle=False)
        return target

    @classmethod
    def load(cls: type[Self], path: str | os.PathLike[str]) -> Self:
        """Read a result that ``save`` wrote; nothing in the file is executed.

        Parameters
        ----------
        path : str or path-like
            The file.

        Returns
        -------
        Result
            Equal to the one saved.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        DamagedFileError
            If the file is damaged, holds another kind of result, or one that cannot be: a key is
            missing or unknown, a type, shape, range or order is wrong.

        Notes
        -----
        Memory is claimed only for what the file was found to hold.
        """
        source = Path(path)
        arrays: dict[str, NDArray[Any]] = {}
        if source.suffix == ".npz":
            arrays = read_npz(source)
            if "about" in arrays:
                about = parse_json(arrays.pop("about").tobytes(), path)
            else:  # the oldest files held words as arrays without axes
                about = {k: arrays.pop(k).item() for k in list(arrays) if arrays[k].ndim == 0}
        else:
            about = read_json(source)
        version, kind = about.pop("version", None), about.pop("format", None)
        about.pop("featgraph", None)
        try:
            if kind not in (None, _format(cls)):
                raise Wrong("", f"must hold a saved {cls.__name__}, got {str(kind)[:80]}")
            if version is None and not about:
                raise Wrong("", f"must hold a saved {cls.__name__}, and tells nothing of itself")
            if version is None:
                return decode(cls, cls._from_old(about, arrays))  # type: ignore[no-any-return]
            if version != VERSION:
                raise Wrong("", f"is of format version {version!r}, this featgraph reads {VERSION}")
            about = _put_back(about, arrays)
            if arrays:
                raise Wrong(next(iter(arrays)), "is no array of this result")
            return decode(cls, about)  # type: ignore[no-any-return]
        except Wrong as error:
            raise DamagedFileError(path, error.part, error.rule) from None
        except RecursionError:
            raise DamagedFileError(path, "", "is nested too deeply to be a result") from None

    @classmethod
    def _from_old(cls, about: dict[str, Any], arrays: dict[str, Any]) -> dict[str, Any]:
        """Return the fields of a file from before files had a version."""
        known = field_types(cls)
        if "kind" not in known and about.pop("kind", cls.__name__) != cls.__name__:
            raise Wrong("", f"must hold a saved {cls.__name__}, got another result")
        lists = {} if "arrays" in known else about.pop("arrays", {})
        values = {**about, **arrays, **(lists if isinstance(lists, dict) else {})}
        return {_OLD_NAMES.get(name, name): value for name, value in values.items()}


def _format(kind: type) -> str:
    return f"featgraph.{kind.__name__}"


def _in_words(value: object) -> str:
    if isinstance(value, bool | str):
        return repr(value)
    if isinstance(value, int | float | np.number):
        return f"{value:.6g}" if not isinstance(value, int | np.integer) else str(value)
    if isinstance(value, np.ndarray):
        return _in_words(value.tolist())
    if isinstance(value, tuple | list):
        inside = ", ".join(_in_words(item) for item in value)
        return f"({inside})" if isinstance(value, tuple) else f"[{inside}]"
    return repr(value).removeprefix("torch.")


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def _map_arrays(
    tree: object, function: Callable[[NDArray[Any], str], object], place: str = ""
) -> Any:
    if isinstance(tree, np.ndarray):
        return function(tree, place)
    if isinstance(tree, dict):
        join = f"{place}/" if place else ""
        return {k: _map_arrays(v, function, f"{join}{k}") for k, v in tree.items()}
    if isinstance(tree, list):
        return [_map_arrays(item, function, f"{place}/{k}") for k, item in enumerate(tree)]
    return tree


def _to_list(array: NDArray[Any], place: str) -> Any:
    return _finite(array.tolist()) if array.dtype.kind == "f" else array.tolist()


def _finite(values: object) -> object:
    return [_finite(item) for item in values] if isinstance(values, list) else encode(values)


def _put_back(tree: Any, arrays: dict[str, NDArray[Any]]) -> Any:
    """Return the tree with every ``{"array": name}`` replaced by its array."""
    if isinstance(tree, dict):
        if set(tree) == {"array"} and isinstance(tree["array"], str):
            if tree["array"] not in arrays:
                raise Wrong(tree["array"], "is missing")
            return arrays.pop(tree["array"])
        return {name: _put_back(item, arrays) for name, item in tree.items()}
    return [_put_back(item, arrays) for item in tree] if isinstance(tree, list) else tree
