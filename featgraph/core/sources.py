"""The state of the package's own code, for whatever is kept from one run for the next."""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

__all__ = ["hash_sources"]

PACKAGE = Path(__file__).parents[1]


@functools.cache
def hash_sources(room: str = "") -> str:
    """Return a word for the version and the code of the package, or of one of its rooms.

    In a checkout the version alone does not tell which code made a result: it stays while the
    code changes.

    Parameters
    ----------
    room : str, default=""
        Name of a folder of the package; "" is the whole package.

    Returns
    -------
    str
        The version and 16 hexadecimal digits. Read once for each process.

    Examples
    --------
    >>> hash_sources() == hash_sources(), hash_sources() == hash_sources("kernels")
    (True, False)
    """
    from featgraph import __version__

    digest = hashlib.sha256()
    for path in sorted((PACKAGE / room).rglob("*.py")):
        digest.update(f"{path.relative_to(PACKAGE).as_posix()}\0".encode())
        digest.update(path.read_bytes() + b"\0")
    return f"{__version__}-{digest.hexdigest()[:16]}"
