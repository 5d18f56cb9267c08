"""Rows of METHODS: what the front doors, the command line and the docs know of a method.

Light: the algorithm itself, in a file of the row's name, is imported when a row is first used.
"""

from __future__ import annotations

import importlib
import inspect
import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from featgraph.core.checks import choice, fraction, integer, nearest, positive

__all__ = ["KIND", "TIES", "Method", "Option"]


@dataclass(frozen=True)
class Option:
    """One option of a method: what it means, and which values it takes.

    Parameters
    ----------
    name : str
        Keyword of the option.
    type : {"str", "int", "float", "bool"}
        Type of its values.
    default : object
        Value where none is given.
    meaning : str
        What it does, in a sentence or two.
    choices : tuple of str, optional
        The values of a "str".
    least : int, default=0
        Smallest value of an "int".
    above : bool, default=False
        Whether a "float" must be above 0 instead of at least 0.
    most : float, default=inf
        Largest value of a "float", 1 for a share.
    none : bool, default=False
        Whether None is a value too.
    per_node : bool, default=False
        Whether an array with one number per node is a value too.
    boxes : mapping, optional
        Kind of the boxes under each of the ``choices``, where the option decides about it.

    Examples
    --------
    >>> Option("p", "float", 0.75, "probability of a hub", most=1).rule
    'float in [0, 1]'
    """

    name: str
    type: str
    default: Any
    meaning: str
    choices: tuple[str, ...] = ()
    least: int = 0
    above: bool = False
    most: float = math.inf
    none: bool = False
    per_node: bool = False
    boxes: Mapping[str, str] = field(default_factory=dict)

    @property
    def rule(self) -> str:
        """Which values are allowed, in words."""
        words = self.type
        if self.choices:
            words = "{" + ", ".join(f'"{name}"' for name in self.choices) + "}"
        elif self.type == "int":
            words = f"int of at least {self.least}"
        elif self.type == "float":
            words = "float above 0" if self.above else "float of at least 0"
            words = words if math.isinf(self.most) else f"float in [0, {self.most:g}]"
        words += " or array of one number per node" if self.per_node else ""
        return words + (" or None" if self.none else "")

    def check(self, value: object) -> Any:
        """Return ``value`` if the option takes it, numbers as plain int and float.

        Examples
        --------
        >>> Option("k", "int", 16, "nodes per sketch", least=2).check(1)
        Traceback (most recent call last):
        ValueError: k must be a whole number of at least 2, got 1
        """
        if (value is None and self.none) or (self.per_node and not isinstance(value, str)):
            return value
        if self.type == "str":
            return choice(value, self.choices, self.name)
        if self.type == "int":
            return integer(value, self.name, least=self.least)
        if self.type == "float" and self.most == 1:
            return fraction(value, self.name)
        if self.type == "float":
            return positive(value, self.name, zero=not self.above)
        if type(value).__name__ not in ("bool", "bool_"):  # Python's, or NumPy's (not loaded here)
            raise ValueError(f"{self.name} must be True or False, got {value!r}")
        return bool(value)


@dataclass(frozen=True)
class Method:
    """One row of METHODS.

    Parameters
    ----------
    name : str
        Key of the row, and file of the algorithm.
    box : {"diameter", "radius", "none"}
        What its size bounds by default: distances between members, distances from a centre,
        or nothing because the method counts without boxes.
    summary : str
        Definition in one line.
    source : str
        Paper it follows.
    doi : str or None
        Digital object identifier, or another stable address, of the paper.
    cost : str
        Time and memory; b is the mean number of nodes within one box size of a node.
    advice : str
        When to use it.
    options : tuple of Option, optional
        Its options, all of them keywords of ``box_cover`` and ``box_counts``.
    per_node : bool, default=True
        Whether it looks around every node, so that large sizes of large graphs take long.
    one_pass : bool, default=False
        Whether it can count the boxes of several sizes in one pass: then its file has
        ``pass_length`` and ``count_sizes`` besides ``solve``.

    Examples
    --------
    >>> from featgraph.boxes import METHODS
    >>> METHODS["greedy"].box
    'diameter'
    """

    name: str
    box: str
    summary: str
    source: str
    doi: str | None
    cost: str
    advice: str
    options: tuple[Option, ...] = ()
    per_node: bool = True
    one_pass: bool = False

    @cached_property
    def algorithm(self) -> Any:
        """File of the algorithm: ``solve(space, size, rng, **options) -> RawCover``."""
        return importlib.import_module(f"featgraph.boxes.methods.{self.name}")

    @property
    def text(self) -> list[str]:
        """Paragraphs that define the method, from its file; the title of the file left out."""
        paragraphs = inspect.cleandoc(self.algorithm.__doc__ or "").split("\n\n")[1:]
        return [" ".join(paragraph.split()).replace("``", "`") for paragraph in paragraphs]

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """Value of every option where none is given."""
        return {option.name: option.default for option in self.options}

    def check_options(self, given: Mapping[str, object]) -> dict[str, Any]:
        """Return the given options, each checked by its rule.

        Examples
        --------
        >>> from featgraph.boxes import METHODS
        >>> METHODS["memb"].check_options({"tie": "index"})
        Traceback (most recent call last):
        TypeError: method 'memb' has no option 'tie'; there is: ties; did you mean 'ties'?
        """
        known = {option.name: option for option in self.options}
        for name in given:
            if name not in known:
                names = ", ".join(known) or "none"
                raise TypeError(
                    f"method {self.name!r} has no option {name!r}; there is: {names}"
                    f"{nearest(name, known)}"
                )
        return {name: known[name].check(value) for name, value in given.items()}

    def box_kind(self, options: Mapping[str, Any]) -> str:
        """Return what sizes bound under these options: "diameter", "radius" or "none".

        Examples
        --------
        >>> from featgraph.boxes import METHODS
        >>> METHODS["optimum"].box_kind({"kind": "radius"})
        'radius'
        """
        for option in self.options:
            if option.boxes:
                return option.boxes[options.get(option.name, option.default)]
        return self.box

    def describe(self) -> str:
        """Return all that is known of the method, as :func:`describe_method` gives it."""
        kinds = {kind for option in self.options for kind in option.boxes.values()} or {self.box}
        lines = [f"{self.name}: {' or '.join(sorted(kinds)).replace('none', 'no')} boxes", ""]
        lines += [*_wrap(f"{self.summary[0].upper()}{self.summary[1:]}."), ""]
        for paragraph in self.text:
            lines += [*_wrap(paragraph), ""]
        lines.append("Options:" if self.options else "Options: none")
        for option in self.options:
            lines.append(f"  {option.name} : {option.rule}, default={option.default!r}")
            lines += _wrap(option.meaning, indent="    ")
        source = self.source + (f", doi:{self.doi}" if self.doi else "")
        for title, words in ("Cost", self.cost), ("Source", source), ("Use it", self.advice):
            lines += _wrap(f"{title}: {words}")
        return "\n".join(lines)


def _wrap(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        *(text, 80),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


KIND = Option(
    "kind",
    "str",
    "diameter",
    "what the size bounds: distances between members, or from a centre",
    choices=("diameter", "radius"),
    boxes={"diameter": "diameter", "radius": "radius"},
)

TIES = Option(
    "ties",
    "str",
    "small_ball",
    "which of several nodes of equal excluded mass becomes the centre: 'small_ball' "
    "one with the fewest nodes within the radius, covered ones included (it overlaps "
    "least with older boxes), and of these a random one; 'index' the first",
    choices=("small_ball", "random", "index"),
)
