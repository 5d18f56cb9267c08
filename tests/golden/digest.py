"""Turns whatever featgraph returns into a few numbers, and compares two such digests."""

from __future__ import annotations

import csv
import dataclasses
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

#: Relative and absolute tolerance of floats: other processors add up in another order.
RTOL, ATOL = 1e-4, 1e-7
#: What ends by the clock, tells of the machine, or is a name.
IGNORED = {"seconds", "time", "version", "versions", "provenance", "options", "started", "finished"}
_WHOLE = 16  # longer arrays are summed up


def digest(value: Any) -> Any:
    """Return the numbers of a result as lists and dictionaries; None for what has none."""
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, str | bytes | Path) or callable(value):
        return None
    if isinstance(value, float):
        return None if math.isnan(value) else value if math.isfinite(value) else str(value)
    if hasattr(value, "detach"):
        value = value.detach().cpu().double().numpy()
    if isinstance(value, np.generic):
        return digest(value.item())
    if isinstance(value, np.ndarray):
        return _of_array(value)
    if hasattr(value, "edges") and hasattr(value, "degrees"):
        edges = np.asarray(value.edges)
        return {"n_nodes": value.n_nodes, "edges": digest(np.sort(edges[:, 0] * 7 + edges[:, 1]))}
    if dataclasses.is_dataclass(value):
        value = {item.name: getattr(value, item.name) for item in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        found = {str(key): digest(item) for key, item in value.items() if str(key) not in IGNORED}
        return {key: item for key, item in found.items() if item is not None} or None
    if isinstance(value, list | tuple | range):
        items = list(value)
        if items and all(item is None or isinstance(item, int | float) for item in items):
            return _of_array(np.asarray(items, dtype=float))  # nan and null are the same
        return {str(k): found for k, item in enumerate(items) if (found := digest(item))}
    return None


def _of_array(array: np.ndarray) -> Any:
    if array.dtype.kind not in "biuf":
        return None
    flat = array.astype(float).ravel()
    if flat.size <= _WHOLE:
        return {"shape": list(array.shape), "values": [digest(x) for x in flat.tolist()]}
    finite = flat[np.isfinite(flat)]
    return {
        "shape": list(array.shape),
        "n_finite": finite.size,
        "sum": digest(float(finite.sum())),
        "size": digest(float(np.abs(finite).sum())),
        "order": digest(float(finite @ np.cos(np.arange(finite.size)))),
        "least": digest(float(finite.min(initial=np.inf))),
        "most": digest(float(finite.max(initial=-np.inf))),
    }


def digest_folder(folder: Path) -> dict[str, Any]:
    """Return the numbers of every table and JSON file below ``folder``, by file and column."""
    found: dict[str, Any] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".csv":
            rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
            names = list(rows[0]) if rows else []
            value = digest({name: _as_column([row[name] for row in rows]) for name in names})
        elif path.suffix == ".json" and path.name not in ("featgraph.json", "checkpoint.json"):
            value = digest(json.loads(path.read_text(encoding="utf-8")))
        else:
            continue
        found[path.relative_to(folder).as_posix()] = value
    return found


def _as_column(cells: list[str]) -> Any:
    try:
        return np.array([float(cell or "nan") for cell in cells])
    except ValueError:
        return None


def differences(
    expected: Any, found: Any, renamed: Mapping[str, str], rtol: float = RTOL, where: str = ""
) -> list[str]:
    """List where ``found`` departs from ``expected``; new names may stand beside the old."""
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return [f"{where}: {expected!r} became {found!r}"]
        scale = expected["size"] if "order" in expected and "least" in expected else 0
        lines = []
        for key, value in expected.items():
            name = renamed.get(key, key)
            if name not in found:
                lines.append(f"{where}/{name} is missing")
            elif key in ("sum", "order") and scale:  # may cancel
                if not abs(value - found[name]) <= rtol * scale + ATOL:
                    lines.append(f"{where}/{name}: {value} became {found[name]}")
            else:
                lines += differences(value, found[name], renamed, rtol, f"{where}/{name}")
        return lines
    if isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        pairs = enumerate(zip(expected, found, strict=True))
        return [x for k, (a, b) in pairs for x in differences(a, b, renamed, rtol, f"{where}[{k}]")]
    numbers = isinstance(expected, int | float) and isinstance(found, int | float)
    if numbers and math.isclose(expected, found, rel_tol=rtol, abs_tol=ATOL):
        return []
    return [] if expected == found else [f"{where}: {expected!r} became {found!r}"]
