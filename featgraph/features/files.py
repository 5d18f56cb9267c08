"""Feature files: .npz and .safetensors written; these, .npy and .pt read, nothing executed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from featgraph.core.arrays import read_arrays
from featgraph.core.checks import nearest
from featgraph.core.files import DamagedFileError, atomic_path
from featgraph.features.feature_matrix import FeatureMatrix
from featgraph.features.reduce import Reduce, name_reduction, reduce_mean

__all__ = ["load_features", "save_features"]

_NOTE = "__featgraph__"  # member of an .npz, or metadata of a .safetensors, that tells the origin


def save_features(features: Mapping[str, FeatureMatrix], path: str | os.PathLike[str]) -> Path:
    """Write the features of several layers into one file, whole or not at all.

    Parameters
    ----------
    features : mapping of str to FeatureMatrix
        As :func:`extract_features` returns them.
    path : str or path
        Ends in .npz (numpy, one member per layer) or .safetensors.

    Returns
    -------
    Path
        The path written.

    Raises
    ------
    ValueError
        If the suffix is another one or there is no layer.

    Examples
    --------
    >>> import tempfile
    >>> F = FeatureMatrix.from_array([[0.0, 1.0], [2.0, 3.0]], layer="fc")
    >>> path = save_features({"fc": F}, Path(tempfile.mkdtemp()) / "layers.safetensors")
    >>> load_features(path)["fc"].numpy().tolist()
    [[0.0, 1.0], [2.0, 3.0]]
    """
    if not features:
        raise ValueError("features must hold at least one layer, got none")
    path = Path(path)
    origin = {
        name or "model": {"layer": F.layer, "reduce": F.reduce, "source": F.source}
        for name, F in features.items()
    }
    note = json.dumps({"version": 1, "layers": origin})
    arrays = {name or "model": F.numpy() for name, F in features.items()}
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


def load_features(
    path: str | os.PathLike[str],
    *,
    key: str | None = None,
    reduce: Reduce | None = None,
    max_bytes: int | None = None,
) -> dict[str, FeatureMatrix]:
    """Read features from .npy, .npz, .pt/.pth or .safetensors; nothing in the file is executed.

    Parameters
    ----------
    path : str or path
        File with one array of shape (D, B), nodes × samples, or several by name.
    key : str or None, default=None
        Name of the one array to read; None reads all.
    reduce : str or None, default=None
        None takes arrays as F of shape (D, B). Otherwise they are activations of shape
        (B, ...), samples first, which :func:`reduce_mean` averages with this option;
        "none" turns a (B, D) table round.
    max_bytes : int or None, default=None
        Refuse files that unpack to more; None allows 256 MiB or 100 times the size of the
        file, whichever is more.

    Returns
    -------
    dict of str to FeatureMatrix
        By layer name; a file of one nameless array gives its stem as the name.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the suffix is unknown, the file is corrupt, asks for code to be run (a pickle),
        claims more data than it holds, ``key`` is not in it, or an array is no feature matrix.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "layer3.npy"
    >>> np.save(path, np.arange(12.0).reshape(3, 4))
    >>> load_features(path)
    {'layer3': FeatureMatrix(n_nodes=3, n_samples=4, dtype=float64, layer='layer3', \
source='layer3.npy')}
    """
    path = Path(path)
    arrays, metadata = read_arrays(path, max_bytes=max_bytes)
    note = metadata.get(_NOTE, arrays.pop(_NOTE, None))
    origin = _read_origin(note)
    if key is not None and key not in arrays:
        raise ValueError(
            f"key must be one of {sorted(arrays)} of {path.name}, got {key!r}{nearest(key, arrays)}"
        )
    chosen = arrays if key is None else {key: arrays[key]}
    if not chosen:
        raise DamagedFileError(path, "", "holds no array")
    result = {}
    for name, array in chosen.items():
        told = origin.get(name, {"layer": name})
        told.setdefault("source", path.name)
        result[name] = _as_features(array, told, reduce, path)
    return result


def _as_features(
    array: object, told: dict[str, str | None], reduce: Reduce | None, path: Path
) -> FeatureMatrix:
    layer = told.get("layer")
    if reduce is not None:
        activation = array if isinstance(array, torch.Tensor) else torch.from_numpy(array)
        array = reduce_mean(activation, reduce=reduce, layer=layer).T
        told["reduce"] = name_reduction(reduce, str(reduce), is_masked=False)
    shape = tuple(getattr(array, "shape", ()))
    if len(shape) != 2:
        raise DamagedFileError(
            path,
            f"array {layer!r}",
            f"must have shape (D, B), nodes × samples, got {shape}; for activations (B, ...) give "
            "reduce=, for example 'channels_first' or 'tokens'",
        )
    try:
        return FeatureMatrix.from_array(
            array, layer=layer, reduce=told.get("reduce"), source=told.get("source")
        )
    except (ValueError, TypeError) as error:
        raise DamagedFileError(path, f"array {layer!r}", f"is no F: {error}") from None


def _read_origin(note: object) -> dict[str, dict[str, str | None]]:
    """Return what a file of :func:`save_features` says of its layers; nothing if it is strange."""
    try:
        layers = json.loads(str(note))["layers"] if note is not None else {}
        return {
            str(name): {k: v for k, v in told.items() if v is None or isinstance(v, str)}
            for name, told in layers.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}
