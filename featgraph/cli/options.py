"""Arguments that several commands share, and their readers."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Collection
from typing import Any

from featgraph.core.checks import nearest

__all__ = ["add_epsilon", "add_output", "add_quiet", "add_seed", "one_of", "read_epsilon"]


def one_of(choices: Collection[str], name: str) -> Callable[[str], str]:
    """Return a reader for one of ``choices`` that suggests the nearest."""

    def read(text: str) -> str:
        if text in choices:
            return text
        hint = nearest(text, choices)
        raise argparse.ArgumentTypeError(
            f"{name} must be one of {', '.join(choices)}; got {text!r}{hint}"
        )

    return read


def whole(least: int) -> Callable[[str], int]:
    """Return a reader for whole numbers of at least ``least``."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if number < least:
            raise argparse.ArgumentTypeError(f"must be a whole number ≥ {least}, got {text!r}")
        return number

    return read


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
        raise argparse.ArgumentTypeError(f"must be seconds of at least 0, or none; got {text!r}")
    return seconds


def add_time_limit(parser: Any) -> None:
    """Add ``--time-limit``."""
    parser.add_argument(
        "--time-limit",
        type=read_seconds,
        default=10.0,
        metavar="SECONDS",
        help="per layer, for proving the smallest number of boxes over θ (in analyze also over "
        "hops); 0: a quick look at each size; none: until proven",
    )


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
        raise argparse.ArgumentTypeError(
            f"must be a number, 'percolation', 'mst' or RULE:NUMBER such as degree:8, got {text!r}"
        ) from None


def add_epsilon(parser: Any) -> None:
    """Add ``--epsilon``."""
    parser.add_argument(
        "--epsilon",
        type=read_epsilon,
        default="percolation",
        metavar="RULE",
        help="threshold of the network: a number, percolation, mst, density:P, degree:K, "
        "quantile:Q, giant:F or neighbors:K",
    )


def add_seed(parser: Any) -> None:
    """Add ``--seed``."""
    parser.add_argument(
        "--seed", type=whole(0), default=0, metavar="N", help="seed of everything that is random"
    )


def add_output(parser: Any, default: str) -> None:
    """Add ``--out`` and ``--force``."""
    parser.add_argument(
        "-o", "--out", default=default, metavar="FOLDER", help="folder to write into"
    )
    parser.add_argument(
        "--force", action="store_true", help="write into a folder that holds other things"
    )


def add_quiet(parser: Any) -> None:
    """Add ``--quiet``."""
    parser.add_argument(
        "-q", "--quiet", action="store_true", help="no progress bars, no summary, errors only"
    )
