"""Flags that several commands share: one name, one letter and one meaning each."""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

from cyclopts import Parameter

from featgraph.boxes import METHODS
from featgraph.selfsimilarity.estimators import Grid, Scale

if TYPE_CHECKING:
    from cyclopts import Token

    MethodName: TypeAlias = str
else:
    MethodName = Literal[tuple(METHODS)]

__all__ = [
    "METHOD", "AsUndirected", "Cluster", "Device", "EpsilonRule", "Force", "GraphFile",
    "GraphFiles", "GridChoice", "InputFormat", "Jobs", "Layers", "MethodChoice", "MethodOptions",
    "NTheta", "NullDraws", "Out", "Pictures", "References", "Repeats", "ScaleChoice", "Seed",
    "Sizes", "TimeLimit", "Weight", "parse", "read_assignments", "read_epsilon", "read_seconds",
    "read_size", "read_sizes", "several", "whole",
]  # fmt: skip


def parse(read: Callable[[str], object], **about: Any) -> Parameter:
    """Return the parameter of a flag whose one word ``read`` makes a value of."""

    def convert(kind: Any, tokens: Sequence[Token]) -> Any:
        return read(tokens[-1].value)

    return Parameter(converter=convert, n_tokens=1, accepts_keys=False, **about)


def whole(least: int, **about: Any) -> Parameter:
    """Return the parameter of a flag that takes a whole number of at least ``least``."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise ValueError(f"must be a whole number ≥ {least}, got {text!r}")
        return number

    return parse(read, **about)


def several(**about: Any) -> Parameter:
    """Return the parameter of a flag that takes one word or more."""
    return Parameter(consume_multiple=1, **about)


def read_size(text: str) -> float:
    """Read one size, a whole number as an int.

    Examples
    --------
    >>> read_size("3"), read_size("0.5")
    (3, 0.5)
    """
    try:
        number = float(text)
    except ValueError:
        raise ValueError(f"must be a number, got {text!r}") from None
    return int(number) if number.is_integer() else number


_MOST_SIZES = 1_000_000


def read_sizes(text: str) -> list[float]:
    """Read a list of sizes such as ``0-4,8,16``.

    Examples
    --------
    >>> read_sizes("0-3,8")
    [0, 1, 2, 3, 8]
    """
    sizes: list[float] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if dash and first.isdecimal() and last.isdecimal():
            if not 0 <= int(last) - int(first) < _MOST_SIZES:
                raise ValueError(f"must rise, by up to {_MOST_SIZES:,} sizes, got {part.strip()!r}")
            sizes.extend(range(int(first), int(last) + 1))
        else:
            sizes.append(read_size(part.strip()))
    return sizes


def read_merging_size(text: str) -> float:
    """Read a size that merges nodes when boxes become nodes."""
    if not read_size(text) >= 1:
        raise ValueError(f"must be at least 1, or no nodes merge, got {text!r}")
    return read_size(text)


def read_radii(text: str) -> list[int]:
    """Read a list of radii such as ``1-3,5``."""
    radii = [int(size) for size in read_sizes(text) if size >= 1 and float(size).is_integer()]
    if len(radii) < len(read_sizes(text)):
        raise ValueError(f"must be whole numbers of at least 1, got {text!r}")
    return radii


def read_seconds(text: str) -> float | None:
    """Read a time limit in seconds, or ``none``.

    Examples
    --------
    >>> read_seconds("2.5"), read_seconds("none")
    (2.5, None)
    """
    if text == "none":
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise ValueError(f"must be seconds of at least 0, or none; got {text!r}")
    return seconds


def read_epsilon(text: str) -> float | str | tuple[str, float]:
    """Read ε: a number, the name of a rule, or ``rule:number``.

    Examples
    --------
    >>> read_epsilon("0.5"), read_epsilon("percolation"), read_epsilon("degree:8")
    (0.5, 'percolation', ('degree', 8.0))
    """
    try:
        return float(text)
    except ValueError:
        pass
    rule, colon, number = text.partition(":")
    if not colon:
        return rule
    try:
        return rule, float(number)
    except ValueError:
        raise ValueError(
            f"must be a number, 'percolation', 'mst' or RULE:NUMBER such as degree:8, got {text!r}"
        ) from None


def read_assignments(texts: Sequence[str], flag: str) -> dict[str, Any]:
    """Read ``NAME=VALUE`` texts as keywords; values are Python literals or text.

    Examples
    --------
    >>> read_assignments(["width=64", "norm=batch"], "--option")
    {'width': 64, 'norm': 'batch'}
    """
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise ValueError(f"{flag} must be NAME=VALUE, got {text!r}")
        try:
            found[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            found[name] = value
    return found


Seed = Annotated[int, whole(0, help="Seed of everything that is random.")]
Out = Annotated[Path, Parameter(alias="-o", help="Folder to write into.")]
Force = Annotated[
    bool, Parameter(help="Write into a folder that holds other things, or over a file.")
]
Pictures = Annotated[
    Sequence[Literal["none", "pdf", "png", "svg"]],
    several(help="Formats of the pictures; none draws none, in half the time on small graphs."),
]
Jobs = Annotated[
    int | None, whole(1, help="Workers at once; the result is the same for any number.")
]
Cluster = Annotated[
    str | None, Parameter(help="Spread over a Dask scheduler at this address, or over 'ray'.")
]
Device = Annotated[str, Parameter(help="Where the model runs: cpu, cuda, cuda:1 …")]

_GRAPH = Parameter(
    help="Edge list (.edges, .txt, .csv, .tsv), .graphml, .gexf, .gml, .net, .cyjs, .json, .dot, "
    ".mtx, .graph (METIS), .col (DIMACS) (each perhaps with .gz, .bz2, .xz) or .npz; - is the "
    "standard input."
)
GraphFile = Annotated[Path, _GRAPH]
GraphFiles = Annotated[Sequence[Path], _GRAPH]
InputFormat = Annotated[
    str | None,
    Parameter(
        help="Format of the graph, if its name does not say it: edges, graphml, gexf, gml, pajek, "
        "mtx, cyjs, json, dot, metis, dimacs or npz; needed for - (standard input)."
    ),
]
AsUndirected = Annotated[bool, Parameter(help="Read a directed graph without directions.")]
Weight = Annotated[
    str | None, Parameter(help="Edge attribute that is the length of an edge; ignore: none is.")
]
WeightAs = Annotated[
    Literal["given", "similarity", "none"],
    Parameter(
        help="Weights to write: given, similarity (1 − distance/ε, what Gephi takes a weight for) "
        "or none."
    ),
]

Layers = Annotated[Sequence[str], several(alias="-l", help="Layers by name; globs work.")]
EpsilonRule = Annotated[
    Any,  # a number, a name, or a pair of both
    parse(
        read_epsilon,
        help="Threshold of the network: a number, percolation, mst, density:P, degree:K, "
        "quantile:Q, giant:F or neighbors:K.",
    ),
]

METHOD = Parameter(alias="-m", help="Covering method; 'featgraph methods' tells what each does.")
MethodChoice = Annotated[MethodName, METHOD]
MethodOptions = Annotated[
    Sequence[str],
    Parameter(
        name="--method-option",
        help="NAME=VALUE, an option of the covering method ('featgraph methods METHOD' lists "
        "them); may be repeated.",
    ),
]
Sizes = Annotated[
    list[float] | None,
    parse(read_sizes, alias="-s", help="Box sizes, inclusive: 0-10, 1,2,4,8 or a mixture."),
]
Repeats = Annotated[int, whole(1, alias="-r", help="Runs per box size; the best counts.")]
References = Annotated[
    int, whole(0, help="Random and lattice networks to compare with; 0: no small world.")
]
NTheta = Annotated[int, whole(4, help="Number of box sizes θ.")]
GridChoice = Annotated[
    Grid, Parameter(help="Ends of the box sizes θ of SS_rate: the extreme distances, or quantiles.")
]
ScaleChoice = Annotated[Scale, Parameter(help="Scale of θ: log(1 + θ) as published, or log θ.")]
NullDraws = Annotated[
    int,
    whole(0, help="Draws of each null model behind z-score and p-value of SS_rate; 0: none."),
]
TimeLimit = Annotated[
    float | None,
    parse(
        read_seconds,
        help="Seconds per layer for proving the smallest number of boxes; 0: a quick look at "
        "each size; none: until proven.",
    ),
]
