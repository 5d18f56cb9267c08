"""The face of a room: its names load on first use, and its functions check their arguments."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable
from typing import Any

import lazy_loader

from featgraph.core.package import PUBLIC

__all__ = ["attach"]


def attach(name: str, file: str) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Return ``__getattr__``, ``__dir__`` and ``__all__`` of a package with a stub beside it.

    Parameters
    ----------
    name, file : str
        ``__name__`` and ``__file__`` of the package; the names of its ``__init__.pyi`` are
        taken from the modules that it names.

    Returns
    -------
    tuple
        For the three names of the package. A function comes behind the checks of
        :func:`featgraph.core.arguments.checked`; the modules of the package itself call each
        other directly.

    Examples
    --------
    >>> import featgraph.boxes
    >>> callable(featgraph.boxes.box_cover)
    True
    """
    load, list_names, names = lazy_loader.attach_stub(name, file)
    PUBLIC.update(names)

    def load_checked(attribute: str) -> Any:
        from featgraph.core.arguments import check_loaded_classes, checked  # loads numpy

        value = load(attribute)
        check_loaded_classes()
        if inspect.isfunction(value) and not hasattr(value, "checks_arguments"):
            value = checked(value)
            value.__module__ = name  # under this name it is found again, as pickle does
            setattr(sys.modules[name], attribute, value)
        return value

    return load_checked, list_names, names
