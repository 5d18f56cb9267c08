"""Features of several layers in one file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import torch

from featgraph.features.feature_matrix import (
    FeatureMatrix,
    read_layers,
    saved_features,
    write_layers,
)
from featgraph.features.reduce import Reduce, name_reduction, reduce_mean

__all__ = ["load_features", "save_features"]


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
    arrays = {name or "model": F.numpy() for name, F in features.items()}
    return write_layers(path, arrays, {name or "model": F.origin for name, F in features.items()})


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
    >>> import numpy as np
    >>> path = Path(tempfile.mkdtemp()) / "layer3.npy"
    >>> np.save(path, np.arange(12.0).reshape(3, 4))
    >>> load_features(path)
    {'layer3': FeatureMatrix(n_nodes=3, n_samples=4, dtype=float64, layer='layer3', \
source='layer3.npy')}
    """
    result = {}
    for name, (array, told) in read_layers(path, key=key, max_bytes=max_bytes).items():
        if reduce is not None:
            activation = array if isinstance(array, torch.Tensor) else torch.from_numpy(array)
            array = reduce_mean(activation, reduce=reduce, layer=told.get("layer")).T
            told["reduce"] = name_reduction(reduce, str(reduce), is_masked=False)
        result[name] = saved_features(array, told, Path(path))
    return result
