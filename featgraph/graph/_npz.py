"""Read .npz files from strangers: no pickle, no header that promises more than the file holds."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["read_npz"]

# Deflate packs 1032 bytes into one at most; a file that claims more is lying, and honest arrays
# (a constant column) do come near it, so the sum of all arrays is limited as well.
_MOST_BYTES = 16 * 2**30


def read_npz(path: str | os.PathLike[str]) -> dict[str, NDArray[Any]]:
    """Return all arrays of a ``.npz`` file by name.

    Every header is read and compared with the size that the archive states for its member before
    anything is allocated. Object arrays (pickles) are refused.

    Raises
    ------
    ValueError
        If the file is not a .npz archive, is damaged, holds pickles, or lies about sizes.
    """
    name = Path(path).name
    arrays: dict[str, NDArray[Any]] = {}
    total = 0
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.infolist():
                if not member.filename.endswith(".npy"):
                    raise ValueError(f"holds {member.filename!r}, which is not an array")
                total += member.file_size
                if total > _MOST_BYTES:
                    raise ValueError(f"unpacks to more than {_MOST_BYTES} bytes")
                with archive.open(member) as stream:
                    _check_header(stream, member)
                with archive.open(member) as stream:
                    array = np.lib.format.read_array(stream, allow_pickle=False)
                arrays[member.filename.removesuffix(".npy")] = array
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise ValueError(f"{name}: not a readable .npz file ({error})") from None
    return arrays


def _check_header(stream: IO[bytes], member: zipfile.ZipInfo) -> None:
    major, _ = np.lib.format.read_magic(stream)
    if major == 1:
        shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    elif major == 2:
        shape, _, dtype = np.lib.format.read_array_header_2_0(stream)
    else:
        raise ValueError(f"array {member.filename!r} has header version {major}")
    if dtype.hasobject:
        raise ValueError(f"array {member.filename!r} holds pickled objects, which are refused")
    claimed = stream.tell()
    for length in shape:
        if length < 0:
            raise ValueError(f"array {member.filename!r} has a negative length")
    size = dtype.itemsize
    for length in shape:
        size *= int(length)
    if claimed + size != member.file_size:
        raise ValueError(
            f"array {member.filename!r} claims {size} bytes, "
            f"the archive holds {member.file_size - claimed}"
        )
