"""``main``: reads the command line, calls one command, turns errors into one line."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import TextIO

from featgraph.cli.commands import COMMANDS, build_app
from featgraph.cli.messages import explain, explain_usage
from featgraph.cli.processes import count_processes
from featgraph.core.checks import nearest

__all__ = ["guard", "main"]

#: Exit status: 2 for anything the caller can put right, 1 for a defect, 130 for Ctrl-C, 143 for
#: SIGTERM.
BAD_INPUT, DEFECT, INTERRUPTED, TERMINATED = 2, 1, 130, 143
_EXPECTED = (ValueError, TypeError, OSError, ImportError, LookupError, ArithmeticError, MemoryError)


class _Terminated(KeyboardInterrupt):
    """SIGTERM, which ends a command as Ctrl-C does."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status.

    Parameters
    ----------
    argv : sequence of str or None, default=None
        Arguments after the program's name; None takes those of the process.

    Returns
    -------
    int
        0, or 2 for bad input, 1 for a defect of featgraph, 130 after Ctrl-C, 143 after SIGTERM.

    Examples
    --------
    >>> main(["--version"])
    featgraph 0.1.0
    0
    """
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    return guard(lambda: _dispatch([word for word in words if word != "--debug"]), debug=debug)


def guard(work: Callable[[], int], *, debug: bool = False) -> int:
    """Do the work of a command; what goes wrong is one line and an exit status.

    Examples
    --------
    >>> guard(lambda: 0)
    0
    """
    with _forgiving_streams(), _terminable():
        try:
            with _noted_warnings():
                status = work()
            if sys.stdout is not None:
                sys.stdout.flush()  # a closed pipe shows here rather than at the end of Python
            return status
        except SystemExit as stop:
            return stop.code if isinstance(stop.code, int) else BAD_INPUT
        except KeyboardInterrupt as stop:
            status = TERMINATED if isinstance(stop, _Terminated) else INTERRUPTED
            return _say(f"stopped{f': {stop}' if str(stop) else ''}", status)
        except BrokenPipeError as error:  # the reader (head, less) had enough
            if error.errno is not None:
                _silence_stdout()
            return 0
        except Exception as error:
            if debug:
                raise
            if isinstance(error, _EXPECTED):
                return _say(f"error: {explain(error)}", BAD_INPUT)
            name = type(error).__name__
            return _say(f"error: {name}: {explain(error)} (--debug shows where)", DEFECT)


def _dispatch(words: list[str]) -> int:
    from cyclopts import CycloptsError

    name = words[0] if words else "--help"
    if name == "help":
        words = [*words[1:2], "--help"]
        name = words[0]
    if not name.startswith("-") and name not in COMMANDS:
        hint = nearest(name, COMMANDS) or f"; commands are {', '.join(COMMANDS)}"
        raise ValueError(f"there is no command {name!r}{hint}; see 'featgraph --help'")
    shared = [key for key, row in COMMANDS.items() if row.shared]
    if count_processes() > 1 and name not in shared:
        raise ValueError(
            f"featgraph {name} runs in one process: start it without torchrun; several can "
            f"{' and '.join(shared)}"
        )
    try:
        function, bound, _ = build_app(name).parse_args(
            words, print_error=False, exit_on_error=False, verbose=False
        )
    except CycloptsError as error:
        return _say(f"error: {explain_usage(error, name)}", BAD_INPUT)
    tables = function(*bound.args, **bound.kwargs)
    if getattr(bound.arguments.get("screen"), "json", False):
        from featgraph.cli.screen import write_json

        write_json(tables)
    return 0


@contextlib.contextmanager
def _forgiving_streams() -> Iterator[None]:
    """Replace characters that an output stream cannot show, for the length of the block."""
    changed = []
    for stream in (sys.stdout, sys.stderr):
        errors = getattr(stream, "errors", None)
        if errors == "strict" and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
            changed.append(stream)
    try:
        yield
    finally:
        for stream in changed:
            with contextlib.suppress(OSError, ValueError):  # closed meanwhile
                stream.reconfigure(errors="strict")


@contextlib.contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does: finished work is kept, unfinished files go."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before or signal.SIG_DFL)


@contextlib.contextmanager
def _noted_warnings() -> Iterator[None]:
    """Show warnings that may concern the result as one line each, and no others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for category in (UserWarning, RuntimeWarning):
            warnings.filterwarnings("always", category=category)
        warnings.showwarning = _show_warning
        yield


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    _say(f"note: {explain(message)}", 0)


def _say(text: str, status: int) -> int:
    if sys.stderr is not None:
        sys.stderr.write(f"featgraph: {text}\n")
    return status


def _silence_stdout() -> None:
    """Send what Python still wants to write at its end nowhere."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
