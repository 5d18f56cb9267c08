"""BoxCover and BoxCounts as .npz or .json: arrays as arrays, words as JSON, nothing pickled."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from featgraph.boxes.counts import BoxCounts
from featgraph.boxes.cover import BoxCover
from featgraph.core.arrays import read_npz
from featgraph.core.files import atomic_path, write_text
from featgraph.graph.storage import decode_label, encode_label

__all__ = ["load_counts", "load_cover", "save_counts", "save_cover"]

Result = TypeVar("Result", BoxCover, BoxCounts)


def save_cover(cover: BoxCover, path: str | os.PathLike[str]) -> Path:
    """Write ``cover`` to a .npz or .json file in one step."""
    about = _fields(cover, skip={"labels", "centers", "node_labels", "overlaps"})
    if cover.node_labels is not None:
        about["node_labels"] = [encode_label(label) for label in cover.node_labels]
    arrays = {"labels": cover.labels, "centers": cover.centers}
    if cover.overlaps is not None:
        arrays["overlap_indptr"], arrays["overlap_members"] = cover.overlaps
    return _save(about, arrays, path)


def load_cover(path: str | os.PathLike[str]) -> BoxCover:
    """Read what ``save_cover`` wrote."""

    def build(about: dict[str, Any], arrays: dict[str, Any]) -> BoxCover:
        names = about.pop("node_labels", None)
        if names is not None:
            about["node_labels"] = tuple(decode_label(label) for label in names)
        if "overlap_indptr" in arrays:
            arrays["overlaps"] = (arrays.pop("overlap_indptr"), arrays.pop("overlap_members"))
        return BoxCover(**arrays, **about)

    return _load(build, "BoxCover", path)


def save_counts(counts: BoxCounts, path: str | os.PathLike[str]) -> Path:
    """Write ``counts`` to a .npz or .json file in one step."""
    names = ("sizes", "counts_per_repeat", "lower_bounds")
    arrays = {name: getattr(counts, name) for name in names}
    return _save(_fields(counts, skip=set(names)), arrays, path)


def load_counts(path: str | os.PathLike[str]) -> BoxCounts:
    """Read what ``save_counts`` wrote."""
    return _load(lambda about, arrays: BoxCounts(**arrays, **about), "BoxCounts", path)


def _fields(result: BoxCover | BoxCounts, *, skip: set[str]) -> dict[str, Any]:
    about = {f.name: getattr(result, f.name) for f in fields(result) if f.name not in skip}
    about["options"] = {name: _plain(value) for name, value in result.options.items()}
    about["format"] = f"featgraph.{type(result).__name__}"
    return about


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    return value if isinstance(value, str | int | float | bool | None) else repr(value)


def _save(about: dict[str, Any], arrays: dict[str, Any], path: str | os.PathLike[str]) -> Path:
    kept = {name: array for name, array in arrays.items() if array is not None}
    target = Path(path)
    if target.suffix == ".json":
        lists = {name: array.tolist() for name, array in kept.items()}
        return write_text(target, json.dumps({**about, "arrays": lists}, default=_plain))
    if target.suffix != ".npz":
        raise ValueError(f"path must end in .npz or .json, got {str(path)!r}")
    kept["about"] = np.frombuffer(json.dumps(about, default=_plain).encode(), dtype=np.uint8)
    with atomic_path(target) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **kept)
    return target


def _load(
    build: Callable[[dict[str, Any], dict[str, Any]], Result],
    name: str,
    path: str | os.PathLike[str],
) -> Result:
    source = Path(path)
    try:
        if source.suffix == ".json":
            about = json.loads(source.read_text(encoding="utf-8"))
            arrays = {key: np.asarray(value) for key, value in about.pop("arrays").items()}
        else:
            arrays = read_npz(source)
            about = json.loads(arrays.pop("about").tobytes())
        if about.pop("format") != f"featgraph.{name}":
            raise ValueError("another format")
        return build(about, arrays)
    except (KeyError, AttributeError, TypeError, ValueError) as error:
        raise ValueError(f"{source.name}: not a file saved by {name}.save ({error})") from None
