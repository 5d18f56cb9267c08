"""Reading arrays from files that may be broken or hostile: nothing is executed, and memory is
claimed only after the file was found to hold as many bytes as its header says."""

from __future__ import annotations

import math
import os
import pickle
import pickletools
import re
import struct
import sys
import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.files import DamagedFileError

if TYPE_CHECKING:
    import torch

__all__ = [
    "BROKEN",
    "check_zip",
    "read_arrays",
    "read_npy",
    "read_npz",
    "read_pt",
    "read_safetensors",
]

SUFFIXES = (".npy", ".npz", ".pt", ".pth", ".safetensors")

# What a pickle of plain tensors names; everything else is refused before it is unpickled.
_TENSOR_GLOBALS = re.compile(
    r"torch\._utils\._rebuild_(tensor_v2|parameter|parameter_with_state)"
    r"|torch\.(Size|device|nn\.parameter\.Parameter|\w+Storage)"
    r"|torch\.storage\.\w+Storage"
    r"|torch\.(b?float|u?int|complex)\d+|torch\.bool"
    r"|collections\.OrderedDict"
)
#: What damaged archives, arrays and images raise in the libraries that read them.
BROKEN = (
    ValueError, EOFError, KeyError, IndexError, TypeError, AttributeError, RuntimeError,
    NotImplementedError, OverflowError, struct.error, SyntaxError, tokenize.TokenError,
    zipfile.BadZipFile, zlib.error, pickle.UnpicklingError, UnicodeError, OSError,
    RecursionError, MemoryError, AssertionError,
)  # fmt: skip
_LEAST_LIMIT = 256 * 2**20
_MOST_DEFLATED = 1040  # deflate packs at most 1032 bytes into one


def read_arrays(
    path: str | os.PathLike[str], *, max_bytes: int | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Read every array of a .npy, .npz, .pt, .pth or .safetensors file.

    Parameters
    ----------
    path : str or path
        The file; its suffix chooses the format.
    max_bytes : int or None, default=None
        Refuse files that unpack to more; None allows 256 MiB or 100 times the size of the
        file, whichever is more.

    Returns
    -------
    arrays : dict of str to ndarray or Tensor
        By name; the stem of the file for one nameless array.
    metadata : dict of str to str
        Of a .safetensors file; empty otherwise.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If the suffix is unknown.
    DamagedFileError
        If the file is corrupt, holds a pickle of more than tensors, or claims more data than it
        holds.

    Examples
    --------
    >>> import tempfile
    >>> path = Path(tempfile.mkdtemp()) / "x.npy"
    >>> np.save(path, np.eye(2))
    >>> read_arrays(path)[0]["x"].tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise ValueError(f"path must end in one of {SUFFIXES}, got {path.name!r}")
    if path.suffix == ".npy":
        return {path.stem: read_npy(path)}, {}
    if path.suffix == ".npz":
        return read_npz(path, max_bytes=max_bytes), {}
    if path.suffix == ".safetensors":
        return read_safetensors(path)
    loaded = read_pt(path, max_bytes=max_bytes)
    if not isinstance(loaded, dict):
        loaded = {path.stem: loaded}
    for name, value in loaded.items():
        if not isinstance(name, str) or not hasattr(value, "untyped_storage"):
            raise DamagedFileError(
                path,
                f"{name!r}",
                f"must be a tensor: the file holds one, or a dict of tensors by name, "
                f"got {type(value).__name__}",
            )
    return loaded, {}


def read_npy(path: Path) -> NDArray[Any]:
    """Read a .npy file of numbers; see :func:`read_arrays`."""
    with _plain_errors(path), path.open("rb") as file:
        return _read_npy(file, path.stat().st_size, path, "")


def read_npz(path: Path, *, max_bytes: int | None = None) -> dict[str, NDArray[Any]]:
    """Read every array of an .npz file; see :func:`read_arrays`."""
    with _plain_errors(path), zipfile.ZipFile(path) as archive:
        check_zip(archive, path, max_bytes=max_bytes)
        arrays = {}
        for member in archive.infolist():
            name = member.filename.removesuffix(".npy")
            if name == member.filename:
                raise DamagedFileError(path, f"{name!r}", "must be a .npy member, as all members")
            with archive.open(member) as file:
                arrays[name] = _read_npy(file, member.file_size, path, f"{name!r}")
        return arrays


def read_pt(path: Path, *, max_bytes: int | None = None) -> Any:
    """Read tensors written by ``torch.save``, on the CPU; see :func:`read_arrays`."""
    import torch

    with _plain_errors(path):
        if not zipfile.is_zipfile(path):
            with path.open("rb") as file:
                start = file.read(2)
            kind = "a bare pickle" if start[:1] == b"\x80" else "no file of torch.save"
            raise DamagedFileError(
                path,
                "",
                f"is {kind} and is not read; write tensors with torch.save(...), which makes a "
                "zip file since torch 1.6, as does torch.save(torch.load("
                f"{path.name!r}, weights_only=True), 'new.pt')",
            )
        with zipfile.ZipFile(path) as archive:
            check_zip(archive, path, max_bytes=max_bytes)
            _check_pickle(archive, path)
        loaded = torch.load(path, map_location="cpu", weights_only=True)
        for tensor in _tensors(loaded):
            _check_extent(tensor, path)
        return loaded


def read_safetensors(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Read the tensors and the metadata of a .safetensors file; see :func:`read_arrays`."""
    from safetensors import SafetensorError, safe_open

    if not path.is_file():
        raise FileNotFoundError(f"no file {path}")
    try:
        # The library compares every offset of the header with the length of the file.
        with safe_open(path, framework="pt", device="cpu") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            return tensors, dict(file.metadata() or {})
    except (SafetensorError, *BROKEN) as error:
        rule = f"is not a sound .safetensors file: {error}"
        raise DamagedFileError(path, "", rule) from error


def check_zip(archive: zipfile.ZipFile, path: Path, *, max_bytes: int | None = None) -> None:
    """Refuse an archive whose members claim more bytes than they can hold, or than allowed.

    Parameters
    ----------
    archive : ZipFile
        Open archive; only its table of contents is read.
    path : Path
        Its file, for its size and for messages.
    max_bytes : int or None, default=None
        As in :func:`read_arrays`.

    Raises
    ------
    DamagedFileError
        If a member stands twice, is encrypted, packed by another method than deflate, claims a
        size its packed bytes cannot give, or all together unpack to more than the limit.
    """
    size, seen = path.stat().st_size, set[str]()
    limit = max(_LEAST_LIMIT, 100 * size) if max_bytes is None else max_bytes
    total = 0
    for member in archive.infolist():
        stored, part = member.compress_type == zipfile.ZIP_STORED, f"{member.filename!r}"
        if member.filename in seen:
            raise DamagedFileError(path, part, "must stand once in the archive, it stands twice")
        seen.add(member.filename)
        if member.flag_bits & 1 or not (stored or member.compress_type == zipfile.ZIP_DEFLATED):
            raise DamagedFileError(
                path,
                part,
                "is encrypted or packed in a way that is not read; use plain or deflated members",
            )
        most = member.compress_size if stored else _MOST_DEFLATED * member.compress_size
        if member.compress_size > size or member.file_size > most:
            raise DamagedFileError(
                path,
                part,
                f"claims {member.file_size} bytes, more than its "
                f"{min(member.compress_size, size)} packed bytes can hold",
            )
        total += member.file_size
    if total > limit:
        rule = f"unpacks to {total} bytes, more than {limit}; give max_bytes= if you trust it"
        raise DamagedFileError(path, "", rule)


def _read_npy(file: IO[bytes], size: int, path: Path, part: str) -> NDArray[Any]:
    """Read one array after its header was compared with the ``size`` bytes that are there."""
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
        n_header = 10
    elif version == (2, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_2_0(file)
        n_header = 12
    else:
        rule = f"is of .npy version {version}, which is not read; versions 1.0 and 2.0 are"
        raise DamagedFileError(path, part, rule)
    if dtype.hasobject:
        rule = "holds a pickle of Python objects and is refused; save numbers"
        raise DamagedFileError(path, part, rule)
    if dtype.kind not in "biufcUS":
        raise DamagedFileError(path, part, f"must hold numbers, got dtype {dtype}")
    # numpy makes elements of length 0 one byte long: they are counted as such
    claimed = math.prod(shape) * max(dtype.itemsize, 1)
    if any(length < 0 for length in shape) or claimed > size - n_header:
        rule = f"claims shape {shape} of {dtype}, {claimed} bytes, but holds at most "
        raise DamagedFileError(path, part, f"{rule}{max(size - n_header, 0)}")
    array: NDArray[Any] = np.empty(math.prod(shape), dtype=dtype)
    n_read = file.readinto(array.data.cast("B")) if claimed else 0  # type: ignore[attr-defined]
    if n_read < claimed:
        raise DamagedFileError(path, part, f"claims {claimed} bytes and ends after {n_read}")
    if dtype.kind == "U" and claimed and dtype.itemsize:
        points = array.view(np.dtype(np.uint32).newbyteorder(dtype.byteorder))
        if points.max() > sys.maxunicode:
            raise DamagedFileError(path, part, f"must hold characters, got number {points.max()}")
    return array.reshape(shape, order="F" if fortran else "C")


def _check_pickle(archive: zipfile.ZipFile, path: Path) -> None:
    """Refuse a pickle that names anything but tensors, without running it."""
    pickles = [m for m in archive.namelist() if m.split("/")[-1] == "data.pkl"]
    if len(pickles) != 1:
        rule = f"is not a file of torch.save: it holds {len(pickles)} data.pkl"
        raise DamagedFileError(path, "", rule)
    for opcode, argument, _ in pickletools.genops(archive.read(pickles[0])):
        if opcode.name in ("STACK_GLOBAL", "INST", "OBJ", "EXT1", "EXT2", "EXT4"):
            rule = f"holds a pickle with {opcode.name}, which no tensor needs"
            raise DamagedFileError(path, "", rule)
        if opcode.name == "GLOBAL":
            target = str(argument).replace(" ", ".")
            if not _TENSOR_GLOBALS.fullmatch(target):
                raise DamagedFileError(
                    path,
                    "",
                    f"holds a pickle that asks for {target!r} and is refused, because it could "
                    "run code; save a tensor, a dict of tensors or a state dict",
                )


def _tensors(value: object) -> Iterator[object]:
    if hasattr(value, "untyped_storage"):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from _tensors(member)
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _tensors(member)


def _check_extent(tensor: Any, path: Path) -> None:
    # A stride of 0 lets 4 stored bytes claim a tensor of any shape.
    claimed, held = tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes()
    if claimed > held:
        raise DamagedFileError(
            path,
            "",
            f"claims a tensor of shape {tuple(tensor.shape)}, {claimed} bytes, but holds {held}; "
            "save expanded tensors with .contiguous()",
        )


class _plain_errors:
    """Turn what broken files raise into one error that names the file."""

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise FileNotFoundError(f"no file {path}")
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, BROKEN) and not isinstance(error, DamagedFileError):
            reason = str(error).strip().splitlines() or [type(error).__name__]
            rule = f"is not a sound {self.path.suffix} file: {reason[0]}"
            raise DamagedFileError(self.path, "", rule) from error
