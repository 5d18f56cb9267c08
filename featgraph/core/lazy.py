"""Optional and heavy packages, imported on first use."""

from __future__ import annotations

import importlib
from types import ModuleType

__all__ = ["PUBLIC", "need"]

#: Public names of all rooms whose packages are loaded.
PUBLIC: set[str] = set()


def need(module: str, *, extra: str) -> ModuleType:
    """Import ``module``, or say which extra of featgraph brings it.

    Parameters
    ----------
    module : str
        Dotted name of the module.
    extra : str
        The extra of featgraph that installs it.

    Raises
    ------
    ImportError
        If the package is not installed; the message holds the exact pip line.

    Examples
    --------
    >>> need("math", extra="stats").sqrt(4.0)
    2.0
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.split(".")[0] != module.split(".")[0]:
            raise  # the package is there, something that it needs is not
        raise ImportError(
            f"{module} is not installed; it comes with the extra {extra!r}: "
            f"pip install 'featgraph[{extra}]' -c constraints.txt"
        ) from error
