"""Errors in the words of the command line: the one place where Python's words become flags.

Options that would do nothing are refused by name, not ignored. --seed, --force, --jobs,
--no-baseline and what a screen shows pass everywhere: scripts give them to every command, and
where they do nothing the result is what they ask for.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Literal, get_args, get_origin

from featgraph.core.checks import nearest

if TYPE_CHECKING:
    from cyclopts import App, ArgumentCollection, CoercionError, CycloptsError

__all__ = [
    "FLAGS",
    "explain",
    "explain_usage",
    "note_options",
    "noting_options",
    "protect_hyphens",
    "refuse_idle",
]

_SAME = (
    "alpha", "as_undirected", "augment", "batch_size", "bounds", "checkpoint_every",
    "clip_norm", "cluster", "color_by", "curves", "device", "duplicates", "epochs", "epsilon",
    "exclude", "graphs", "grid", "jobs", "label_smoothing", "layers", "layers_b", "lr",
    "max_length", "max_samples", "measure", "method", "mixup", "momentum", "n_theta",
    "normalize", "null_draws", "optimizer", "radii", "reduce", "repeats", "scale", "short",
    "size_by", "sizes", "target", "time_limit", "warmup_epochs", "weight", "weight_decay",
)  # fmt: skip
#: Parameters that messages of the library name, and the flags that they are here.
FLAGS = {
    **{name: f"--{name.replace('_', '-')}" for name in _SAME},
    "checkpoint": "--out",
    "max_images": "--max-samples",
    "folder": "--out",
    "format": "--input-format",
    "n_resamples": "--bootstrap",
    "n_draws": "--null-draws",
    "n_null": "--null-draws",
    "n_references": "--references",
    "n_steps": "--steps",
    "rng": "--seed",
}
_NAMES = "|".join(FLAGS)
#: What else messages say to those who write Python.
_PHRASES = (
    (rf"\b({_NAMES})=True\b", lambda found: FLAGS[found[1]]),
    (
        rf"""\b({_NAMES})=(?:(["'])(\w*)\2|(\d[\w.+-]*)|\.\.\.|…)""",
        lambda found: f"{FLAGS[found[1]]} {found[3] or found[4] or 'NAME'}",
    ),
    # cures that only Python has
    (r", or pass an open file, open\(.*\)", ""),
    (r"(?:;| or)(?: use| give| take)? [a-z_]+='\w+'(?: or '\w+')?", ""),
    (rf"(^|; )({_NAMES})(?= must |: )", lambda found: found[1] + FLAGS[found[2]]),
    (r"""\((["'])(\w+)\1, (\w+)\)""", lambda found: f"{found[2]}:{found[3].upper()}"),
    (r'"(percolation|mst)"', r"\1"),
    (r"list_layers\(model\)", "featgraph layers MODEL"),
    (r"\bpass (?=--)", ""),
    (r"[\[(]('[^']*'(?:, '[^']*')+)[\])]", lambda found: found[1].replace("'", "")),
    (
        r"features are read by load_features",
        "compare, network and analyze --features read features",
    ),
    (
        r"for activations \(B, \.\.\.\) give reduce=.*",
        "load_features(path, reduce=...) averages activations (B, ...), save_features writes them",
    ),
    (r"\bsay format= one of\b", "--input-format says another, one of"),
    (r"\buse force\b", "use --force"),
    (r"sample more neurons, raise max_length or lower min_edges", "take a larger --sample"),
    (r"a sample of its neurons, max_length or n_strongest", "a smaller --sample"),
    (r"\bmax_length=", ""),
    (r"'\./-'", "'-'"),
    (r", or resume=False to begin anew", ", or --out with another folder to begin anew"),
)


def explain(error: object) -> str:
    """Return what an error or a warning says, on one line, with flags instead of parameters.

    Examples
    --------
    >>> explain(ValueError('say weight="length", or pass as_undirected=True'))
    'say --weight length, or --as-undirected'
    >>> explain(ValueError('epsilon must be a number, "mst" or ("density", p), got -1'))
    '--epsilon must be a number, mst or density:P, got -1'
    >>> explain(ValueError("kind must be one of ['a', 'b'], got 'c'"))
    "kind must be one of a, b, got 'c'"
    """
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename}: {error.strerror.lower()}"
    if isinstance(error, KeyError) and error.args:
        error = error.args[0]  # str of a KeyError quotes its message
    text = " ".join(str(error).split()) or type(error).__name__
    for pattern, words in _PHRASES:
        text = re.sub(pattern, words, text)
    return text


#: A lone hyphen as a path, and the arguments that take it.
_HYPHEN, _STREAMS = "./-", ("GRAPH", "GRAPHS", "SOURCE", "OUTPUT")


def protect_hyphens(words: Sequence[str]) -> list[str]:
    """Return words in which a lone hyphen, a standard stream, does not look like an option.

    Examples
    --------
    >>> protect_hyphens(["convert", "-", "a.gexf"])
    ['convert', './-', 'a.gexf']
    """
    return [_HYPHEN if word == "-" else word for word in words]


def explain_usage(error: CycloptsError, command: str) -> str:
    """Return what is wrong with a command line, on one line."""
    from cyclopts import (
        CoercionError,
        MissingArgumentError,
        UnknownOptionError,
        UnusedCliTokensError,
    )

    text = " ".join(str(error).split()).rstrip(".")
    if isinstance(error, UnknownOptionError):
        given = (error.token.keyword or error.token.value).partition("=")[0]
        names = [name for item in error.argument_collection for name in item.names if item.parse]
        text = f"there is no option {given}{nearest(given, names)}"
    elif isinstance(error, UnusedCliTokensError):
        text = f"too many arguments: {' '.join(map(repr, error.unused_tokens or ()))}"
    elif isinstance(error, CoercionError) and get_origin(error.target_type) is Literal:
        text = _explain_choice(error)
    elif isinstance(error, CoercionError):
        text = text.removeprefix("Invalid value for ")
    elif isinstance(error, MissingArgumentError) and error.argument is not None:
        name = error.argument.name
        text = f"{name} needs a value" if name.startswith("-") else f"required: {name.lower()}"
    return f"{explain(text)}; see 'featgraph {command} --help'"


def _explain_choice(error: CoercionError) -> str:
    choices = [str(item) for item in get_args(error.target_type)]
    token, name = error.token, "" if error.argument is None else error.argument.name
    given = "" if token is None else token.value
    name = token.keyword if token is not None and token.keyword else name
    return f"{name} must be one of {', '.join(choices)}; got {given!r}{nearest(given, choices)}"


#: Flags of the command line that is being carried out.
_GIVEN: ContextVar[set[str] | None] = ContextVar("given", default=None)


@contextlib.contextmanager
def noting_options() -> Iterator[None]:
    """Forget at the end which options were given."""
    before = _GIVEN.set(set())
    try:
        yield
    finally:
        _GIVEN.reset(before)


def note_options(app: App, commands: tuple[str, ...], arguments: ArgumentCollection) -> None:
    """Note which options a command line gives; Cyclopts calls this when it has read them.

    Raises
    ------
    ValueError
        If a lone hyphen stands where no graph can.
    """
    given = _GIVEN.get()
    for argument in arguments:
        if argument.name not in _STREAMS and any(
            token.value == _HYPHEN for token in argument.tokens
        ):
            raise ValueError(f"{argument.name} cannot be -, which is a graph on the standard input")
    if given is not None:
        given.update(argument.name for argument in arguments if argument.tokens)


def refuse_idle(when: str, *flags: str) -> None:
    """Refuse those of the flags that were given, because they do nothing ``when`` it says.

    Raises
    ------
    ValueError
        If the command line gives one of them.

    Examples
    --------
    >>> refuse_idle("with a graph file", "--epsilon")
    """
    idle = [flag for flag in flags if flag in (_GIVEN.get() or ())]
    if idle:
        does, them = ("does", "it") if len(idle) == 1 else ("do", "them")
        raise ValueError(f"{', '.join(idle)} {does} nothing {when}; leave {them} out")
