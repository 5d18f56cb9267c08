"""Ctrl-C and SIGTERM: both raise KeyboardInterrupt, at a moment when nobody drops it."""

from __future__ import annotations

import _thread
import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType

__all__ = ["stoppable"]

#: Files of code that turns KeyboardInterrupt into other errors, or drops it: imports and compilers.
_DELICATE = ("<frozen importlib", "numba", "llvmlite")
_PATIENCE = 2.0  # seconds after which a signal interrupts these, too
_PAUSE = 0.05


@contextlib.contextmanager
def stoppable() -> Iterator[list[int]]:
    """Let SIGTERM end the block as Ctrl-C does, and yield the list of the signals that came."""
    signals: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield signals
        return
    limit = 0.0

    def stop(number: int, frame: FrameType | None) -> None:
        nonlocal limit
        limit = limit if signals else time.monotonic() + _PATIENCE
        signals.append(number)
        if time.monotonic() > limit or not _is_delicate(frame):
            raise KeyboardInterrupt
        _send_again(number)

    def note(dropped: sys.UnraisableHookArgs) -> None:
        if signals and dropped.exc_type is KeyboardInterrupt:
            _send_again(signals[-1])  # it was raised where nothing can be: a finalizer, a callback
        else:
            usual_note(dropped)

    usual_note, sys.unraisablehook = sys.unraisablehook, note
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    for number, handler in before.items():
        if handler is not signal.SIG_IGN:
            signal.signal(number, stop)
    try:
        yield signals
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)
        sys.unraisablehook = usual_note


def _is_delicate(frame: FrameType | None) -> bool:
    while frame is not None:
        file = frame.f_code.co_filename.replace("\\", "/")
        if file.startswith(_DELICATE[0]) or any(f"/{name}/" in file for name in _DELICATE[1:]):
            return True
        frame = frame.f_back
    return False


def _send_again(number: int) -> None:
    if hasattr(signal, "pthread_kill"):  # which wakes a sleeper, too
        main = threading.main_thread().ident or 0
        timer = threading.Timer(_PAUSE, signal.pthread_kill, [main, number])
    else:
        timer = threading.Timer(_PAUSE, _thread.interrupt_main, [number])
    timer.daemon = True
    timer.start()
