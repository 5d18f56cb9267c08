"""``main``: reads the command line, loads one command, turns errors into one line."""

from __future__ import annotations

import argparse
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import NoReturn, TextIO

from featgraph.cli.commands import COMMANDS, Command
from featgraph.cli.processes import count_processes
from featgraph.core.checks import nearest

__all__ = ["guard", "main"]

#: Exit status: 2 for anything the caller can put right, 1 for a defect, 130 for Ctrl-C.
BAD_INPUT, DEFECT, INTERRUPTED = 2, 1, 130
#: Commands that several processes share the work of.
_TOGETHER = ("analyze", "train")
_EXPECTED = (ValueError, TypeError, OSError, ImportError, LookupError, ArithmeticError, MemoryError)


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_INPUT, f"featgraph: error: {message}; see '{self.prog} --help'\n")


class _Formatter(argparse.ArgumentDefaultsHelpFormatter):
    """Adds the default to the help of an option, where there is one worth naming."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, False, []):
            return action.help
        return super()._get_help_string(action)


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status.

    Parameters
    ----------
    argv : sequence of str or None, default=None
        Arguments after the program's name; None takes those of the process.

    Returns
    -------
    int
        0, or 2 for bad input, 1 for a defect of featgraph, 130 after Ctrl-C.

    Examples
    --------
    >>> main(["--version"])
    featgraph 0.1.0
    0
    """
    words = list(sys.argv[1:] if argv is None else argv)
    return guard(lambda: _dispatch(words), debug="--debug" in words)


def guard(work: Callable[[], int], *, debug: bool = False) -> int:
    """Do the work of a command; what goes wrong is one line and an exit status.

    Examples
    --------
    >>> guard(lambda: 0)
    0
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for category in (UserWarning, RuntimeWarning):
                warnings.filterwarnings("always", category=category)
            warnings.showwarning = _show_warning
            return work()
    except SystemExit as stop:  # argparse leaves this way: help, version and usage errors
        return stop.code if isinstance(stop.code, int) else BAD_INPUT
    except KeyboardInterrupt as stop:
        return _say(f"stopped{f': {stop}' if str(stop) else ''}", INTERRUPTED)
    except BrokenPipeError:  # the reader (head, less) had enough
        return 0
    except _EXPECTED as error:
        if debug:
            raise
        return _say(f"error: {_one_line(error)}", BAD_INPUT)
    except Exception as error:
        if debug:
            raise
        name = type(error).__name__
        return _say(f"error: {name}: {_one_line(error)} (--debug shows where)", DEFECT)


def _dispatch(words: list[str]) -> int:
    name = words[0] if words else "--help"
    if name in ("-V", "--version"):
        from featgraph import __version__

        sys.stdout.write(f"featgraph {__version__}\n")
        return 0
    if name in ("-h", "--help", "help"):
        sys.stdout.write(_overview())
        return 0
    if name not in COMMANDS:
        hint = nearest(name, COMMANDS) or f"; commands are {', '.join(COMMANDS)}"
        raise ValueError(f"there is no command {name!r}{hint}; see 'featgraph --help'")
    if count_processes() > 1 and name not in _TOGETHER:
        raise ValueError(
            f"featgraph {name} runs in one process: start it without torchrun; several can "
            f"{' and '.join(_TOGETHER)}"
        )
    return _run(COMMANDS[name], words[1:])


def _overview() -> str:
    width = max(map(len, COMMANDS))
    rows = "\n".join(f"  {row.name:<{width}}  {row.summary}" for row in COMMANDS.values())
    return (
        "usage: featgraph COMMAND [options]\n\n"
        "Feature networks of trained models: build them, cover them with boxes,\n"
        "measure their fractal dimension.\n\n"
        f"commands:\n{rows}\n\n"
        "'featgraph COMMAND --help' shows the options of one command,\n"
        "'featgraph --version' the version. Start with: featgraph demo\n"
    )


def _run(command: Command, words: list[str]) -> int:
    add_arguments, function = command.load()
    parser = _Parser(
        prog=f"featgraph {command.name}",
        description=f"{command.summary[0].upper()}{command.summary[1:]}.",
        formatter_class=_Formatter,
    )
    add_arguments(parser)
    parser.add_argument("--debug", action="store_true", help="show a traceback on errors")
    options = vars(parser.parse_args(words))
    options.pop("debug")
    return function(**options)


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    _say(f"note: {_one_line(message)}", 0)


def _say(text: str, status: int) -> int:
    sys.stderr.write(f"featgraph: {text}\n")
    return status


def _one_line(error: object) -> str:
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror.lower()}"
    if isinstance(error, KeyError) and error.args:
        error = error.args[0]  # str of a KeyError quotes its message
    return " ".join(str(error).split()) or type(error).__name__
