"""The folder a run writes into: claimed before, listed after; and what made the run."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from featgraph.core.files import LOCK, UNFINISHED, remove_leftovers, write_text

__all__ = [
    "Provenance",
    "claim_folder",
    "describe_run",
    "file_key",
    "list_files",
    "remove_stale",
    "write_manifest",
]

#: Marks a folder as written by featgraph, and lists what it wrote.
MANIFEST = "featgraph.json"


def claim_folder(
    folder: str | os.PathLike[str], *, kind: str = "report", force: bool = False
) -> Path:
    """Make ``folder`` ready for writing, or refuse one that holds something else.

    What killed runs left unfinished in it is deleted.

    Parameters
    ----------
    folder : str or path-like
        A new or empty folder, or one that an earlier run of the same kind wrote.
    kind : str, default="report"
        What is going to be written.
    force : bool, default=False
        Write into any folder; only files of the same name are replaced.

    Returns
    -------
    Path
        The folder, which now exists and is marked.

    Raises
    ------
    ValueError
        If the folder holds other things, or ``folder`` is a file.

    Examples
    --------
    >>> import tempfile
    >>> place = Path(tempfile.mkdtemp())
    >>> claim_folder(place) == place == claim_folder(place)
    True
    >>> _ = (place / "thesis.tex").write_text("mine")
    >>> claim_folder(place, kind="boxcover")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: folder must be new, empty or an earlier boxcover, got ... (it holds a report)...
    """
    path = Path(folder)
    if path.exists() and not path.is_dir():
        raise ValueError(f"folder must be a folder, got the file {os.fspath(path)!r}")
    path.mkdir(parents=True, exist_ok=True)
    found = _read_manifest(path)
    others = (item for item in path.iterdir() if not item.name.startswith((UNFINISHED, LOCK)))
    if found is None and not force and any(others):
        raise ValueError(_refusal(path, kind, "it holds other files"))
    if found is not None and found.get("kind") != kind and not force:
        raise ValueError(_refusal(path, kind, f"it holds a {found.get('kind')}"))
    if found is None or found.get("kind") != kind:
        write_manifest(path, kind=kind, files=())
    remove_leftovers(path)
    return path


def _refusal(path: Path, kind: str, why: str) -> str:
    return (
        f"folder must be new, empty or an earlier {kind}, got {os.fspath(path)!r} ({why}); "
        "name another folder, or use force"
    )


def write_manifest(folder: Path, *, kind: str, files: Iterable[str]) -> Path:
    """Write which files of ``folder`` belong to featgraph."""
    from featgraph import __version__

    values = {"program": "featgraph", "version": __version__, "kind": kind, "files": sorted(files)}
    return write_text(folder / MANIFEST, json.dumps(values, indent=1) + "\n")


def list_files(folder: Path) -> set[str]:
    """Return the files that an earlier run listed, as paths relative to ``folder``."""
    found = _read_manifest(folder)
    listed = found.get("files") if found is not None else None
    return {str(name) for name in listed} if isinstance(listed, list) else set()


def remove_stale(folder: Path, *, before: set[str], now: set[str]) -> None:
    """Delete files that an earlier run wrote and this one did not."""
    root = folder.resolve()
    for name in before - now:
        path = folder / name
        # A list is only text: whatever it says, nothing outside the folder is touched.
        if path.is_file() and path.resolve().is_relative_to(root):
            path.unlink()


def _read_manifest(path: Path) -> dict[str, object] | None:
    try:
        values = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return values if isinstance(values, dict) and values.get("program") == "featgraph" else None


def file_key(*names: str) -> str:
    """Return a file name without suffix for state and layer; different ones never share it.

    Nor do they where a file system takes A for a.

    Examples
    --------
    >>> file_key("trained", "blocks.0")
    'trained--blocks.0'
    >>> file_key("trained", "a/b") != file_key("trained", "a:b")
    True
    """
    import hashlib
    import re

    parts = [re.sub(r"[^A-Za-z0-9._-]+", "_", text).strip(".")[:60] for text in names]
    key = "--".join(parts)
    if parts != [name.lower() for name in names]:  # keep apart what looks alike now, or may
        key += f"-{hashlib.sha256('/'.join(names).encode()).hexdigest()[:6]}"
    return key


PACKAGES = ("numpy", "scipy", "torch", "igraph", "networkx", "numba", "matplotlib", "scikit-learn")


@dataclass(frozen=True)
class Provenance:
    """What made a report.

    Attributes
    ----------
    command : str
        Command line, or the call in words.
    settings : mapping
        Settings of the analysis, seed included.
    versions : mapping of str to str
        Versions of featgraph, Python and the packages that compute.
    machine : str
        Operating system, architecture and number of processors.
    started : str
        Start in ISO 8601, with time zone.
    seconds : float
        Time until the last layer was finished.
    """

    command: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    machine: str = ""
    started: str = ""
    seconds: float = 0.0


def describe_run(command: str, settings: Mapping[str, object]) -> Provenance:
    """Return the provenance of a run that starts now; packages are not imported for it.

    Parameters
    ----------
    command : str
        Command line, or the call in words.
    settings : mapping
        Settings of the run, seed included.

    Returns
    -------
    Provenance
        With versions, machine and the time now.

    Examples
    --------
    >>> describe_run("analyze(...)", {"seed": 0}).settings
    {'seed': 0}
    """
    from featgraph import __version__

    versions = {"featgraph": __version__, "python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    system = f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors"
    now = datetime.now(timezone.utc).astimezone().isoformat(timespec="seconds")
    return Provenance(command, dict(settings), versions, system, now)


def command_line() -> str:
    """Return the command line of this process, quoted for a shell.

    Only the arguments: where the program is installed is nobody's business.
    """
    import shlex

    return " ".join(["featgraph", *map(shlex.quote, sys.argv[1:])])
