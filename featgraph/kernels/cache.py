"""Where compiled kernels are kept between runs: one folder for each state of this package.

numba keeps a compiled function until its own file changes and does not see changes of the
kernels that it calls. The folder is therefore named by all files of ``featgraph.kernels``; the
processor is in the name too, because homes are shared by machines of several kinds.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from llvmlite import binding
from numba import config
from numba.core.caching import CompileResultCacheImpl, FunctionCache
from numba.misc.appdirs import user_cache_dir

from featgraph.core.package import caller_level, hash_sources

__all__ = ["cache_folder", "keep"]

UNUSED_DAYS = 30  # folders of other states of the package go when they are older


def keep(dispatcher: Any, tell_wait: Callable[[], None]) -> Any:
    """Let numba keep what it compiles for ``dispatcher``, which is returned.

    ``tell_wait`` is called before it compiles.
    """
    if hasattr(dispatcher, "enable_caching") and cache_folder() is not None:
        dispatcher._cache = _KernelCache(dispatcher.py_func)
        dispatcher._cache.tell_wait = tell_wait
    return dispatcher


@functools.cache
def cache_folder() -> Path | None:
    """Return the folder for this state of the package, made if need be; None if none can be.

    It stands in ``NUMBA_CACHE_DIR`` where that is set, else in the user's folder for caches.
    """
    base = config.CACHE_DIR or user_cache_dir("featgraph", False)
    name = f"featgraph-{binding.get_host_cpu_name()}-{hash_sources('kernels')}"
    folder = Path(base) / name
    try:
        if not (config.CACHE_DIR or folder.is_absolute()):  # a user without a home
            raise FileNotFoundError("this user has no home folder")
        fresh = not folder.is_dir()
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        _tell(str(base), str(error))
        return None
    if fresh:
        _remove_old(folder)
    return folder


def _remove_old(folder: Path) -> None:
    limit = time.time() - UNUSED_DAYS * 86400
    for other in folder.parent.glob("featgraph-*"):
        with contextlib.suppress(OSError):
            if other.stat().st_mtime < limit:
                shutil.rmtree(other)


@functools.cache
def _tell(folder: str, reason: str) -> None:
    warnings.warn(
        f"compiled code cannot be kept in {folder} ({reason}), so every run compiles anew; "
        "set NUMBA_CACHE_DIR to a folder that can be written",
        RuntimeWarning,
        stacklevel=caller_level(),
    )


class _Locator:
    """Tells numba where the code of one function is kept, and what state of its file it is of."""

    def __init__(self, function: Callable[..., Any], path: str) -> None:
        file = Path(path)
        room = hashlib.sha256(str(file.resolve().parent).encode()).hexdigest()[:16]
        self._folder = os.path.join(str(cache_folder()), f"{file.parent.name}-{room}")
        self._line = str(function.__code__.co_firstlineno)
        self._stamp = _hash_file(path)

    @classmethod
    def from_function(cls, function: Callable[..., object], path: str) -> _Locator:
        return cls(function, path)

    def ensure_cache_path(self) -> None:
        os.makedirs(self._folder, exist_ok=True)

    def get_cache_path(self) -> str:
        return self._folder

    def get_source_stamp(self) -> str:
        return self._stamp

    def get_disambiguator(self) -> str:
        return self._line


@functools.cache
def _hash_file(path: str) -> str:
    with contextlib.suppress(OSError):  # code from an archive: its version tells it apart
        return hashlib.sha256(Path(path).read_bytes()).hexdigest()
    return ""


class _CacheFiles(CompileResultCacheImpl):  # type: ignore[misc]
    _locator_classes = (_Locator,)


class _KernelCache(FunctionCache):  # type: ignore[misc]
    """numba's cache, which never ends a run: what cannot be read is compiled, what cannot be
    written is not kept."""

    _impl_class = _CacheFiles
    tell_wait: Callable[[], None]

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        """Return the compiled function for ``sig``, or None."""
        try:
            found = super().load_overload(sig, target_context)
        except Exception:  # a damaged file
            found = None
            with contextlib.suppress(OSError):
                self.flush()
        # Two processes that begin with an empty folder give two functions the same file.
        if found is None or tuple(found.signature.args) != tuple(sig):
            self.tell_wait()
            return None
        return found

    def save_overload(self, sig: object, data: object) -> None:
        """Keep the compiled function for ``sig`` if there is room for it."""
        try:
            super().save_overload(sig, data)
        except OSError as error:
            self.disable()
            _tell(str(cache_folder()), str(error))
