"""FeatureGraph in a .npz file: arrays as arrays, words as JSON, nothing pickled."""

from __future__ import annotations

import json
import os
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.arrays import read_npz
from featgraph.core.files import atomic_path
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.outgoing import GRAPH_FIELDS

__all__ = ["decode_graph", "decode_label", "encode_label", "load_graph", "save_graph"]

_FORMAT = "featgraph.FeatureGraph"
_PREFIXES = {"node_attributes": "attribute/", "edge_attributes": "edge/"}


def encode_label(label: Hashable) -> Any:
    """Return a label as JSON can hold it; tuples become ``{"tuple": [...]}``.

    Examples
    --------
    >>> encode_label(("conv1", 3))
    {'tuple': ['conv1', 3]}
    """
    if isinstance(label, np.generic):
        label = label.item()
    if label is None or type(label) in (str, int, bool, float):
        return label
    if type(label) is tuple:
        return {"tuple": [encode_label(part) for part in label]}
    raise TypeError(
        "labels can be saved if they are strings, numbers, None or tuples of such, "
        f"got {label!r} of {type(label).__name__}; save a graph with other labels instead"
    )


def decode_label(value: Any) -> Hashable:
    """Return what ``encode_label`` was given.

    Examples
    --------
    >>> decode_label({"tuple": ["conv1", 3]})
    ('conv1', 3)
    """
    if isinstance(value, dict) and set(value) == {"tuple"} and isinstance(value["tuple"], list):
        return tuple(decode_label(part) for part in value["tuple"])
    if isinstance(value, list | dict):
        raise ValueError(f"no label looks like {value!r}")
    label: Hashable = value
    return label


def save_graph(graph: FeatureGraph, path: str | os.PathLike[str]) -> Path:
    """Write ``graph`` to ``path`` (a .npz file) in one step."""
    target = Path(path)
    if target.suffix != ".npz":
        raise ValueError(f"path must end in .npz, got {str(path)!r}")
    about: dict[str, Any] = {name: getattr(graph, name) for name in GRAPH_FIELDS}
    about["format"] = _FORMAT
    if graph.labels is not None:
        about["labels"] = [encode_label(label) for label in graph.labels]
    arrays: dict[str, NDArray[Any]] = {"indptr": graph.indptr, "indices": graph.indices}
    if graph.weights is not None:
        arrays["weights"] = graph.weights
    for table, prefix in _PREFIXES.items():
        for name, array in getattr(graph, table).items():
            if array.dtype.kind == "O":  # whole numbers with gaps: nothing is pickled
                about.setdefault("objects", {})[prefix + name] = array.tolist()
            else:
                arrays[prefix + name] = array
    arrays["about"] = np.frombuffer(json.dumps(about).encode(), dtype=np.uint8)
    with atomic_path(target) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **arrays)
    return target


def load_graph(path: str | os.PathLike[str]) -> FeatureGraph:
    """Read what ``save_graph`` wrote."""
    return decode_graph(read_npz(Path(path)), Path(path).name)


def decode_graph(arrays: dict[str, NDArray[Any]], name: str) -> FeatureGraph:
    """Return the graph in the arrays of a file called ``name``."""
    try:
        about = json.loads(arrays.pop("about").tobytes())
        if about.pop("format") != _FORMAT:
            raise ValueError("another format")
        labels = about.pop("labels", None)
        given = None if labels is None else tuple(decode_label(label) for label in labels)
        indptr, indices = arrays.pop("indptr"), arrays.pop("indices")
        weights = arrays.pop("weights", None)
        columns = arrays | about.pop("objects", {})
        fields: dict[str, Any] = {key: about[key] for key in GRAPH_FIELDS}
        for table, prefix in _PREFIXES.items():
            mine = {key.removeprefix(prefix): key for key in columns if key.startswith(prefix)}
            fields[table] = {name: columns[key] for name, key in mine.items()}
    except (KeyError, AttributeError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"{name}: not a graph saved by FeatureGraph.save ({error})") from None
    try:
        return FeatureGraph(indptr, indices, weights, given, **fields)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from None
