"""Results as JSON: written whole, read back equal."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from featgraph.core.files import write_text

__all__ = ["read_json", "to_plain", "write_json"]


def to_plain(value: object) -> Any:
    """Return dataclasses, named tuples and arrays as dicts, lists and numbers; nan as None."""
    if is_dataclass(value) and not isinstance(value, type):
        return {item.name: to_plain(getattr(value, item.name)) for item in fields(value)}
    if isinstance(value, np.ndarray):
        return [to_plain(item) for item in value.tolist()]
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return to_plain(value._asdict())
    if isinstance(value, Mapping):
        return {str(name): to_plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def write_json(path: str | os.PathLike[str], kind: str, value: object) -> Path:
    """Write ``value`` with its kind as strict JSON."""
    text = json.dumps({"kind": kind, **to_plain(value)}, indent=1, allow_nan=False)
    return write_text(path, text + "\n")


def read_json(path: str | os.PathLike[str], kind: str) -> dict[str, Any]:
    """Read what :func:`write_json` wrote, or say that the file holds something else."""
    try:
        found = json.loads(Path(path).read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"path must hold a saved {kind}, got {os.fspath(path)!r}") from error
    if not isinstance(found, dict) or found.pop("kind", None) != kind:
        raise ValueError(f"path must hold a saved {kind}, got {os.fspath(path)!r}")
    return found


def number(value: Any) -> float:
    """Return a float; None, which stands for nan in JSON, as nan."""
    return math.nan if value is None else float(value)
