"""Checkpoints: tensors and plain values only, written whole or not at all."""

from __future__ import annotations

import hashlib
import os
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from featgraph.core.arrays import read_pt
from featgraph.core.files import DamagedFileError, atomic_path

__all__ = ["load_checkpoint", "save_checkpoint"]

FORMAT = 1
#: Member that tells whether the others are those that were written.
SEAL = "checksum"


def save_checkpoint(path: str | os.PathLike[str], state: Mapping[str, Any]) -> Path:
    """Write a checkpoint; an older one stays until the new one is whole.

    Parameters
    ----------
    path : str or path-like
        The file.
    state : mapping
        Tensors, numbers, strings, and lists and dicts of these.

    Returns
    -------
    Path
        The file.
    """
    with atomic_path(path) as temporary, temporary.open("w+b") as file:
        torch.save({"format": FORMAT, **state}, file)
        with zipfile.ZipFile(file, "a") as archive:
            archive.writestr(f"{archive.namelist()[0].split('/')[0]}/{SEAL}", _seal(archive))
        file.flush()
        # The name must not point to the new file before its bytes are on the disk.
        os.fsync(file.fileno())
    return Path(path)


def load_checkpoint(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a checkpoint; nothing in it is executed.

    Parameters
    ----------
    path : str or path-like
        A file that ``train`` wrote. ``featgraph.models.load_weights`` takes it too, for the
        weights alone.

    Returns
    -------
    dict
        "model" (state dict), "optimizer", "regularizer", "epoch", "step", "settings", "rows".

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is corrupt, or no checkpoint of this version.

    Examples
    --------
    >>> import tempfile
    >>> path = save_checkpoint(f"{tempfile.mkdtemp()}/last.pt", {"model": {}, "epoch": 3})
    >>> load_checkpoint(path)["epoch"]
    3
    """
    path = Path(path)
    state = read_pt(path)
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise ValueError(f"{path.name} must be a checkpoint of featgraph's train, format {FORMAT}")
    with zipfile.ZipFile(path) as archive:
        kept = [one.CRC for one in archive.infolist() if one.filename.endswith(f"/{SEAL}")]
        if kept != [zlib.crc32(_seal(archive))]:
            raise DamagedFileError(path, SEAL, "must be that of the other members")
    return state


def _seal(archive: zipfile.ZipFile) -> bytes:
    """Return one checksum over those that the archive keeps of its members."""
    members = [(one.filename.partition("/")[2], one.CRC) for one in archive.infolist()]
    told = sorted(f"{name} {crc}" for name, crc in members if name != SEAL)
    return hashlib.sha256("\n".join(told).encode()).hexdigest().encode()
