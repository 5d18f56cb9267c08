"""Feature files: .npz and .safetensors written; these, .npy and .pt read, nothing executed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.arrays import read_arrays
from featgraph.core.checks import nearest
from featgraph.core.files import DamagedFileError, atomic_path

__all__ = ["read_layers", "write_layers"]

_NOTE = "__featgraph__"  # member of an .npz, or metadata of a .safetensors, that tells the origin


def write_layers(
    path: str | os.PathLike[str],
    arrays: Mapping[str, NDArray[Any]],
    origin: Mapping[str, Mapping[str, str | None]],
) -> Path:
    """Write arrays by layer, and what is known of each, whole or not at all.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "a.npz"
    >>> _ = write_layers(path, {"fc": np.ones((2, 3))}, {"fc": {"layer": "fc", "reduce": None}})
    >>> read_layers(path)["fc"][1]
    {'source': 'a.npz', 'layer': 'fc', 'reduce': None}
    """
    path = Path(path)
    note = json.dumps({"version": 1, "layers": origin})
    if path.suffix == ".npz":
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            members: dict[str, Any] = {**arrays, _NOTE: np.array(note)}
            np.savez(file, **members)
    elif path.suffix == ".safetensors":
        from safetensors.numpy import save_file

        with atomic_path(path) as temporary:
            whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
            save_file(whole, temporary, metadata={_NOTE: note})
    else:
        raise ValueError(f"path must end in .npz or .safetensors, got {os.fspath(path)!r}")
    return path


def read_layers(
    path: str | os.PathLike[str], *, key: str | None = None, max_bytes: int | None = None
) -> dict[str, tuple[Any, dict[str, str | None]]]:
    """Return the arrays of a file by layer, each with what the file says of it."""
    path = Path(path)
    arrays, metadata = read_arrays(path, max_bytes=max_bytes)
    origin = _read_origin(metadata.get(_NOTE, arrays.pop(_NOTE, None)))
    if key is not None and key not in arrays:
        raise ValueError(
            f"key must be one of {sorted(arrays)} of {path.name}, got {key!r}{nearest(key, arrays)}"
        )
    chosen = arrays if key is None else {key: arrays[key]}
    if not chosen:
        raise DamagedFileError(path, "", "holds no array")
    source: dict[str, str | None] = {"source": path.name}
    return {
        name: (array, source | origin.get(name, {"layer": name})) for name, array in chosen.items()
    }


def _read_origin(note: object) -> dict[str, dict[str, str | None]]:
    """Return what a file of :func:`write_layers` says of its layers; nothing if it is strange."""
    try:
        layers = json.loads(str(note))["layers"] if note is not None else {}
        return {
            str(name): {k: v for k, v in told.items() if v is None or isinstance(v, str)}
            for name, told in layers.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
