"""FeatureMatrix: what a layer says, one row per node and one column per sample; and its files."""

from __future__ import annotations

import json
import math
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray

from featgraph.core.arrays import read_arrays
from featgraph.core.checks import nearest
from featgraph.core.files import DamagedFileError, atomic_path
from featgraph.core.package import caller_level
from featgraph.core.result import Result

__all__ = ["FeatureMatrix", "as_feature_matrix", "read_layers", "saved_features", "write_layers"]

Array: TypeAlias = torch.Tensor | NDArray[np.generic]

#: Smaller square features may have a diagonal of zeros and be symmetric by chance.
LEAST_SQUARE = 4


@dataclass(frozen=True, repr=False, eq=False)
class FeatureMatrix(Result):
    """Features F of one layer: D nodes (neurons or channels) seen by B samples.

    Parameters
    ----------
    values : Tensor of float32 or float64, shape (n_nodes, n_samples)
        F. Must be finite, with at least 2 nodes and 1 sample; rows may be equal or constant.
        Kept as it is, neither copied nor detached.
    layer : str or None, default=None
        Dotted name of the module it came from.
    reduce : str or None, default=None
        How the activation (B, ...) became (B, D).
    source : str or None, default=None
        Model or file it came from, free text.

    Raises
    ------
    TypeError
        If ``values`` is not a Tensor of float32 or float64.
    ValueError
        If the shape is not (D, B) with D ≥ 2 and B ≥ 1, or a value is NaN or infinite.

    Examples
    --------
    >>> F = FeatureMatrix.from_array([[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]], layer="layer3")
    >>> F
    FeatureMatrix(n_nodes=2, n_samples=3, dtype=float64, layer='layer3')
    >>> F.numpy().mean(axis=1).tolist()
    [1.0, 4.0]
    """

    _picture: ClassVar = "plot_mds"
    _shown: ClassVar = ("n_nodes", "n_samples", "dtype", "layer", "reduce", "source")

    values: torch.Tensor
    layer: str | None = None
    reduce: str | None = None
    source: str | None = None

    def __post_init__(self) -> None:
        _check_values(self.values, self._where())

    def _where(self) -> str:
        return f"features of layer {self.layer!r}" if self.layer is not None else "features"

    @property
    def n_nodes(self) -> int:
        """Number of nodes D."""
        return int(self.values.shape[0])

    @property
    def n_samples(self) -> int:
        """Number of samples B."""
        return int(self.values.shape[1])

    @property
    def device(self) -> torch.device:
        """Device that holds the values."""
        return self.values.device

    @property
    def dtype(self) -> torch.dtype:
        """float32 or float64."""
        return self.values.dtype

    @property
    def origin(self) -> dict[str, str | None]:
        """Layer, reduction and source."""
        return {"layer": self.layer, "reduce": self.reduce, "source": self.source}

    def numpy(self) -> NDArray[np.floating]:
        """Return F as an ndarray of shape (n_nodes, n_samples), detached, in main memory."""
        array: NDArray[np.floating] = self.values.detach().cpu().numpy()
        return array

    def to(
        self, device: torch.device | str | None = None, *, dtype: torch.dtype | None = None
    ) -> FeatureMatrix:
        """Return the same features on another device or in another precision."""
        from featgraph.features.running import usable_device

        target = None if device is None else usable_device(device)
        values = self.values.to(device=target, dtype=dtype)
        return FeatureMatrix(values, layer=self.layer, reduce=self.reduce, source=self.source)

    @classmethod
    def from_array(
        cls,
        array: object,
        *,
        layer: str | None = None,
        reduce: str | None = None,
        source: str | None = None,
    ) -> FeatureMatrix:
        """Make a FeatureMatrix from anything numpy or torch reads as a (D, B) array of numbers.

        float16 and bfloat16 become float32, whole numbers and booleans float64. Tensors are
        detached and share memory where the precision allows it.

        Examples
        --------
        >>> FeatureMatrix.from_array(np.arange(6).reshape(3, 2))
        FeatureMatrix(n_nodes=3, n_samples=2, dtype=float64)
        """
        where = f"features of layer {layer!r}" if layer is not None else "features"
        tensor = _as_float_tensor(array, where).detach()
        return cls(tensor, layer=layer, reduce=reduce, source=source)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the features to ``path`` (.npz or .safetensors), whole or not at all.

        Returns
        -------
        Path
            The path written.

        Raises
        ------
        ValueError
            If the suffix is neither .npz nor .safetensors.
        """
        name = self.layer or "features"
        return write_layers(path, {name: self.numpy()}, {name: self.origin})

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> FeatureMatrix:
        """Read the one FeatureMatrix in ``path``; see :func:`load_features` for files of many.

        Examples
        --------
        >>> import tempfile
        >>> F = FeatureMatrix.from_array([[0.0, 1.0], [2.0, 3.0]], layer="fc", source="demo")
        >>> path = F.save(Path(tempfile.mkdtemp()) / "fc.npz")
        >>> FeatureMatrix.load(path)
        FeatureMatrix(n_nodes=2, n_samples=2, dtype=float64, layer='fc', source='demo')
        """
        layers = read_layers(path)
        if len(layers) != 1:
            raise ValueError(
                f"path must hold one layer, {os.fspath(path)} holds {sorted(layers)}; "
                "use load_features(path, key=...)"
            )
        array, told = next(iter(layers.values()))
        return saved_features(array, told, Path(path))

    def _columns(self) -> Mapping[str, object]:
        values = self.numpy()
        return {"node": np.arange(self.n_nodes), "mean": values.mean(1), "deviation": values.std(1)}


def saved_features(array: object, told: Mapping[str, str | None], path: Path) -> FeatureMatrix:
    """Return an array of a file as features; one that is no F is a damaged file."""
    layer = told.get("layer")
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


def as_feature_matrix(features: FeatureMatrix | Array) -> FeatureMatrix:
    """Return ``features`` as a FeatureMatrix: the front door of every function that takes F.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples)
        A FeatureMatrix is returned as it is. A Tensor that requires a gradient keeps its graph.

    Returns
    -------
    FeatureMatrix
        Checked features; float16 and bfloat16 become float32, whole numbers float64.

    Warns
    -----
    UserWarning
        If an array is square and symmetric, at least 0 and has a diagonal of zeros.

    Raises
    ------
    TypeError
        If ``features`` is none of the three, or not an array of real numbers.
    ValueError
        If the shape is not (D, B) with D ≥ 2 and B ≥ 1, or a value is NaN or infinite.

    Examples
    --------
    >>> x = torch.zeros(3, 4, requires_grad=True)
    >>> as_feature_matrix(2 * x).values.requires_grad
    True
    >>> as_feature_matrix(np.zeros((3, 4, 4)))
    Traceback (most recent call last):
    ValueError: features must have shape (D, B), nodes × samples, got shape (3, 4, 4); \
reduce an activation (B, ...) with reduce_mean(activation, reduce=...) and transpose it
    """
    if isinstance(features, FeatureMatrix):
        return features
    if not isinstance(features, torch.Tensor | np.ndarray):
        raise TypeError(
            "features must be a FeatureMatrix, a Tensor or an ndarray of shape (D, B), "
            f"got {type(features).__name__}"
        )
    found = FeatureMatrix(_as_float_tensor(features, "features"))
    if _resembles_distances(found.values):
        warnings.warn(
            "features is square and symmetric with a diagonal of zeros, as distances are, and is "
            "taken for activations; for distances give the features F, or as_distance_matrix(F), "
            "for an adjacency matrix scipy.sparse.csr_array(matrix)",
            stacklevel=caller_level(),
        )
    return found


def _resembles_distances(values: torch.Tensor) -> bool:
    values = values.detach()
    if values.shape[0] != values.shape[1] or len(values) < LEAST_SQUARE:
        return False
    if values.diagonal().any():  # ends here for nearly all features
        return False
    return bool((values >= 0).all() and values.any() and torch.equal(values, values.T))


def _as_float_tensor(array: object, where: str) -> torch.Tensor:
    """Return ``array`` as a float32 or float64 Tensor; only precision is changed."""
    if not isinstance(array, torch.Tensor):
        native = np.asarray(array)
        if native.dtype.kind not in "fiub":
            raise TypeError(f"{where} must be real numbers, got an array of dtype {native.dtype}")
        if native.dtype.kind in "iub" or native.dtype.itemsize > 8:
            native = native.astype(np.float64)
        # Tensors know neither foreign byte order, negative strides nor read-only memory.
        native = native.astype(native.dtype.newbyteorder("="), copy=False)
        if any(stride < 0 for stride in native.strides) or not native.flags.writeable:
            native = native.copy()
        array = torch.from_numpy(native)
    if array.is_complex() or array.layout != torch.strided or array.is_meta:
        kind = "meta" if array.is_meta else array.layout
        raise TypeError(
            f"{where} must be a dense Tensor of real numbers, got {array.dtype}, {kind}"
        )
    if array.dtype in (torch.float32, torch.float64):
        return array
    return array.to(torch.float32 if array.is_floating_point() else torch.float64)


def _check_values(values: torch.Tensor, where: str) -> None:
    if not isinstance(values, torch.Tensor) or values.dtype not in (torch.float32, torch.float64):
        kind = values.dtype if isinstance(values, torch.Tensor) else type(values).__name__
        raise TypeError(
            f"{where} must be a Tensor of float32 or float64, got {kind}; "
            "use FeatureMatrix.from_array or as_feature_matrix"
        )
    if values.ndim != 2:
        raise ValueError(
            f"{where} must have shape (D, B), nodes × samples, got shape {tuple(values.shape)}; "
            "reduce an activation (B, ...) with reduce_mean(activation, reduce=...) "
            "and transpose it"
        )
    n_nodes, n_samples = values.shape
    if n_nodes < 2 or n_samples < 1:
        raise ValueError(
            f"{where} must have at least 2 nodes and 1 sample, "
            f"got {n_nodes} nodes × {n_samples} samples"
        )
    # One pass, no mask: a sum is finite unless a value is not, or finite values overflow.
    if math.isfinite(float(values.detach().sum())):
        return
    bad = ~torch.isfinite(values.detach())
    n_bad = int(bad.sum())
    if n_bad:
        node, sample = (int(k) for k in bad.nonzero()[0])
        raise ValueError(
            f"{where} must be finite, got {n_bad} NaN or infinite values of {values.numel()} "
            f"(first: node {node}, sample {sample}); check the input, or leave the layer out"
        )


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
