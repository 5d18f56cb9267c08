"""``main`` reads the command line, calls one command, and turns errors into one line."""

from __future__ import annotations

import _thread
import atexit
import contextlib
import gc
import inspect
import os
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import TYPE_CHECKING, NamedTuple, TextIO

from featgraph.cli.messages import (
    explain,
    explain_usage,
    note_options,
    noting_options,
    protect_hyphens,
)
from featgraph.core.checks import nearest
from featgraph.core.files import released_at_end
from featgraph.core.package import defer_module
from featgraph.kernels import silent_compiler, small_work_in_python

if TYPE_CHECKING:
    from cyclopts import App

__all__ = [
    "COMMANDS",
    "Command",
    "build_app",
    "guard",
    "main",
    "read_docstring",
    "run_program",
    "stoppable",
]


class Command(NamedTuple):
    """One command: ``featgraph NAME`` calls ``function``, "file:name" in ``featgraph.cli``.

    The function's signature and numpydoc docstring are all that there is to a command: flags,
    defaults, help and completion come from them.
    """

    function: str
    summary: str
    #: Whether several processes may share its work under ``torchrun``.
    shared: bool = False


#: Commands that share a file of ``featgraph.cli``; every other has one of its own name.
_HOMES = {
    "demo": "analyze",
    "layers": "network",
    "weights": "network",
    "convert": "export",
    "sweep": "compare",
    "methods": "doctor",
}
_ROWS = (
    ("demo", "run_demo", "Train a small net on handwritten digits and report on it."),
    ("layers", "show_layers", "List the layers of a model, and what auto takes."),
    ("analyze", "analyze_network", "Report on the layers of a model or of features."),
    ("train", "train_network", "Train a classifier with or without the constraint."),
    ("boxcover", "cover_graph", "Cover a graph file with boxes and fit its dimension."),
    ("fractality", "judge_graphs", "Is a graph fractal? Verdict, spectra, renormalisation."),
    ("compare", "compare_features", "Compare true box counts with their approximations."),
    ("similarity", "compare_networks", "Compare two networks layer by layer."),
    ("network", "describe_network", "Small world, degrees, groups of a graph or of layers."),
    ("weights", "measure_weights", "Is the network of a model's weights multifractal?"),
    ("sweep", "sweep_epsilon", "Follow the network of a layer while its threshold ε grows."),
    ("convert", "convert_graph", "Write a graph in another file format, laid out."),
    ("export", "export_graph", "Write feature networks or a graph for other programs."),
    ("invariance", "measure_invariance", "Are spectra and dimensions alike in all layers?"),
    ("methods", "list_methods", "List box-covering methods, their options, and estimators."),
    ("doctor", "check_installation", "Show versions, devices, caches and known problems."),
)
COMMANDS = {
    name: Command(f"{_HOMES.get(name, name)}:{function}", summary, name in ("analyze", "train"))
    for name, function, summary in _ROWS
}

#: Exit status: 2 for what the caller can put right, 1 for a defect, then Ctrl-C and SIGTERM.
BAD_INPUT, DEFECT, INTERRUPTED, TERMINATED = 2, 1, 130, 143
_EXPECTED = (ValueError, TypeError, OSError, ImportError, LookupError, ArithmeticError, MemoryError)

_HELP = (
    "Feature networks of trained models: build them, cover them with boxes, measure their "
    "fractal dimension. Start with: featgraph demo"
)
_EPILOGUE = (
    "'featgraph COMMAND --help' shows the flags of one command, --debug where an error arose. "
    "--install-completion sets up completion for bash, zsh or fish."
)


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


def run_program() -> int:
    """Run the command of this process; one that was stopped ends the process here.

    A solver's thread would abort it while Python ends. To collect memory takes a tenth of a second.
    """
    defer_module("matplotlib.pyplot")  # a quarter of a second for igraph, which imports it
    status = main()
    gc.freeze()
    if status in (INTERRUPTED, TERMINATED):
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        atexit._run_exitfuncs()  # which leave no files and semaphores of workers to complain of
        os._exit(status)
    return status


def guard(work: Callable[[], int], *, debug: bool = False) -> int:
    """Do the work of a command; what goes wrong is one line and an exit status.

    Examples
    --------
    >>> guard(lambda: 0)
    0
    """
    with _forgiving_streams(), small_work_in_python(), released_at_end(), stoppable() as signals:
        try:
            with _noted_warnings():
                status = work()
            sys.stdout.flush()  # a closed pipe shows here rather than at the end of Python
            return status
        except SystemExit as stop:
            return stop.code if isinstance(stop.code, int) else BAD_INPUT
        except KeyboardInterrupt as stop:
            return _say_stopped(str(stop), signals)
        except Exception as error:
            if debug and not isinstance(error, BrokenPipeError):
                raise
            if signals:  # a stop in the midst of other code may come out as an error of that code
                return _say_stopped(str(error) if isinstance(error, OSError) else "", signals)
            return _say_error(error)


def _say_stopped(reason: str, signals: Sequence[int]) -> int:
    # Python keeps in mind a KeyboardInterrupt that left an exec() of text, as dataclasses
    # make it at import, until the next; it would end "python -m" by SIGINT in the end.
    exec("")
    status = TERMINATED if signal.SIGTERM in signals else INTERRUPTED
    return _say(f"stopped{reason and f': {reason}'}", status)


def _say_error(error: Exception) -> int:
    if isinstance(error, BrokenPipeError):  # the reader (head, less) had enough
        if error.errno is not None:
            _silence_stdout()
        return 0
    if isinstance(error, _EXPECTED):
        return _say(f"error: {explain(error)}", BAD_INPUT)
    return _say(f"error: {type(error).__name__}: {explain(error)} (--debug shows where)", DEFECT)


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
    if "RANK" in os.environ and os.environ.get("WORLD_SIZE", "1") != "1" and name not in shared:
        raise ValueError(
            f"featgraph {name} runs in one process: start it without torchrun; several can "
            f"{' and '.join(shared)}"
        )
    with noting_options():
        try:
            function, bound, _ = build_app(name).parse_args(
                protect_hyphens(words), print_error=False, exit_on_error=False, verbose=False
            )
        except CycloptsError as error:
            return _say(f"error: {explain_usage(error, name)}", BAD_INPUT)
        screen = bound.arguments.get("screen")
        with silent_compiler() if getattr(screen, "quiet", False) else contextlib.nullcontext():
            tables = function(*bound.args, **bound.kwargs)
    if getattr(screen, "json", False):
        from featgraph.cli.output import write_json

        write_json(tables)
    return 0


def build_app(chosen: str | None = None) -> App:
    """Return the application; only the file of the ``chosen`` command is imported.

    Examples
    --------
    >>> build_app().name
    ('featgraph',)
    """
    from cyclopts import App, Parameter

    app = App(
        name="featgraph",
        help=_HELP,
        help_epilogue=_EPILOGUE,
        help_format="plaintext",
        usage="Usage: featgraph COMMAND [OPTIONS]",
        version=_version,
        version_flags=["--version", "-V"],
        config=note_options,
        default_parameter=Parameter(negative=(), show_default=_worth_showing, allow_repeating=True),
    )
    if chosen not in COMMANDS:
        app.register_install_completion_command()
    for place, (name, row) in enumerate(COMMANDS.items()):
        app.command(
            f"featgraph.cli.{row.function}",
            name=name,
            help=None if name == chosen else row.summary,
            sort_key=place,
        )
    if chosen in COMMANDS:
        command = app[chosen]
        text, examples = read_docstring(command.default_command)
        command.help = text
        command.help_epilogue = "\n".join(["Examples:", "", *(f"  {line}" for line in examples)])
    return app


def _version() -> str:
    from featgraph import __version__

    return f"featgraph {__version__}"


def _worth_showing(value: object) -> str | None:
    if value is None or value is False or value == ():
        return None
    return " ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def read_docstring(function: Callable[..., object] | None) -> tuple[str, list[str]]:
    """Return the text of a command's docstring, a line per paragraph, and its examples.

    Examples
    --------
    >>> from featgraph.cli.doctor import list_methods
    >>> text, examples = read_docstring(list_methods)
    >>> examples[0]
    'featgraph methods'
    """
    doc, _, examples = (inspect.getdoc(function) or "").partition("Examples\n--------\n")
    text = doc.partition("Parameters\n----------\n")[0].strip()
    paragraphs = [" ".join(part.split()) for part in text.split("\n\n")]
    return "\n\n".join(paragraphs), [line.strip() for line in examples.splitlines() if line.strip()]


@contextlib.contextmanager
def _forgiving_streams() -> Iterator[None]:
    """Replace characters that an output stream cannot show; a closed stream swallows all."""
    with contextlib.ExitStack() as undo:
        for name in ("stdout", "stderr"):
            stream = getattr(sys, name)
            if stream is None:
                setattr(sys, name, undo.enter_context(open(os.devnull, "w", encoding="utf-8")))
                undo.callback(setattr, sys, name, None)
            elif getattr(stream, "errors", None) in ("strict", "surrogateescape"):
                undo.callback(_change_errors, stream, stream.errors)
                _change_errors(stream, "replace")
        yield


def _change_errors(stream: TextIO, errors: str) -> None:
    with contextlib.suppress(AttributeError, OSError, ValueError):  # no text file, or closed
        stream.reconfigure(errors=errors)  # type: ignore[attr-defined]


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
    sys.stderr.write(f"featgraph: {text}\n")
    return status


def _silence_stdout() -> None:
    """Send what Python still wants to write at its end nowhere."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


#: Files of code that turns KeyboardInterrupt into other errors, or drops it: imports and compilers.
_DELICATE = ("<frozen importlib", "numba", "llvmlite")
_PATIENCE, _PAUSE = 2.0, 0.05  # seconds after which a signal interrupts these, too; between tries


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
