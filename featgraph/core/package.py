"""The package: the faces of its rooms, what it needs, the state of its code, who called it.

Names of a room load on first use, and its functions check their arguments.
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import inspect
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import lazy_loader

__all__ = ["attach", "caller_level", "defer_module", "hash_sources", "need"]


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


class _DeferredModule(ModuleType):
    def __getattr__(self, name: str) -> Any:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
            vars(self).update(vars(importlib.import_module(self.__name__)))
        return object.__getattribute__(self, name)


def defer_module(name: str) -> None:
    """Let a module load when something of it is used, and not yet when it is imported.

    For programs, to whom it does not matter that other packages import what they never use. The
    deferral of the standard library ends when a module is imported a second time.

    Examples
    --------
    >>> defer_module("this")
    >>> import this
    >>> this.c  # doctest: +ELLIPSIS
    The Zen of Python, by Tim Peters
    ...
    97
    """
    if name not in sys.modules:
        deferred = _DeferredModule(name)
        deferred.__spec__ = ModuleSpec(name, None)
        sys.modules[name] = deferred


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


def caller_level() -> int:
    """Return the ``stacklevel`` that points at the first frame outside featgraph.

    Call it in the argument list of ``warnings.warn``.

    Examples
    --------
    >>> caller_level() >= 1
    True
    """
    level = 1
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("featgraph"):
        frame = frame.f_back
        level += 1
    return level


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
