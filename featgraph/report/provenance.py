"""Where a result comes from: versions, machine, command, seed and times."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from importlib.metadata import PackageNotFoundError, version
from typing import Any

__all__ = ["Provenance", "describe_run"]

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


def describe_run(command: str, settings: Mapping[str, Any]) -> Provenance:
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
