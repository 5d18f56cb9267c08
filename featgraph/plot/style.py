"""One place for colours, sizes, scales and axis labels of every picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

__all__ = [
    "SeriesStyle",
    "name_size_axis",
    "new_axes",
    "new_figure",
    "series_style",
    "series_styles",
    "set_log_ticks",
    "shorten",
    "use_count_scale",
]

#: Okabe and Ito, "Color Universal Design" (2008): told apart under every colour blindness.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE = "#F0E442", "#0072B2", "#D55E00", "#CC79A7"
INK, FAINT, GRID, BAND = "#262626", "#8A8A8A", "#E4E4E4", "#C9D6DF"
WIDTH = 6.4  # inches: a column and a half of a journal, readable at 9 points
TEXT, SMALL = 9.0, 8.0

#: What the axes say, with the unit of every size.
SIZE_LABELS = {
    "hop": "box size ℓ (hops)",
    "metric": "θ (activation distance per sample)",
    "weighted": "box size ℓ (unit of the edge weights)",
}
COUNT_LABEL = "number of boxes N"
PROVEN = "smallest number, proven"


@dataclass(frozen=True)
class SeriesStyle:
    """How one curve is drawn: colour, dashes and marker differ, so that grey print works."""

    color: str
    dashes: tuple[float, ...] = ()  # empty: solid
    marker: str = "o"
    label: str = ""


#: Dashes separate approximations from coverings (solid) even without colour.
_DASHED, _DASHDOT, _DOTTED = (4.0, 1.6), (6.0, 1.6, 1.2, 1.6), (1.2, 1.4)
_LONG, _SHORT = (8.0, 2.0), (2.4, 1.0)
_SERIES = {
    "paper": SeriesStyle(VERMILION, _DASHED, "s", "paper, Eq. 9 as printed"),
    "released": SeriesStyle(ORANGE, _DASHDOT, "D", "released code"),
    "caro_wei": SeriesStyle(PURPLE, _DOTTED, "v", "Caro–Wei (lower bound)"),
    "packing": SeriesStyle(SKY, _LONG, "^", "packing (lower bound)"),
    "linkage": SeriesStyle(BLUE, (), "o", "complete linkage"),
    "midpoint": SeriesStyle("#332288", _SHORT, "h", "midpoint (packing, linkage)"),
    "greedy": SeriesStyle(GREEN, (), "P", "greedy colouring"),
    "best": SeriesStyle(BLACK, (), "o", "smallest number found"),
    "optimum": SeriesStyle(BLACK, (), "*", "optimum"),
    "cbb": SeriesStyle("#7A5230", (), "X", "compact box burning"),
    "memb": SeriesStyle("#666666", (), "d", "maximum excluded mass"),
}
_SPARE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = "osDv^PX"


def series_styles(names: Sequence[str]) -> list[SeriesStyle]:
    """Return a style for each of several series: no two of up to seven share colour or marker.

    Examples
    --------
    >>> greedy, other = series_styles(["greedy", "halo"])
    >>> greedy.color == other.color
    False
    """
    taken = [_SERIES[name] for name in dict.fromkeys(names) if name in _SERIES]
    colors = [c for c in _SPARE if c not in {style.color for style in taken}] or list(_SPARE)
    markers = [m for m in MARKERS if m not in {style.marker for style in taken}] or list(MARKERS)
    styles: list[SeriesStyle] = []
    for name in names:
        known = _SERIES.get(name)
        if known is None or known in styles:  # another curve of the same method
            k = sum(style not in taken for style in styles)
            label = known.label if known else name.replace("_", " ")
            known = SeriesStyle(colors[k % len(colors)], (), markers[k % len(markers)], label)
        styles.append(known)
    return styles


def series_style(name: str, *, index: int = 0, dashed: bool = False) -> SeriesStyle:
    """Return the fixed style of a known series, or the ``index``-th spare one.

    Examples
    --------
    >>> series_style("linkage").color
    '#0072B2'
    >>> series_style("mine", index=1, dashed=True).dashes
    (4.0, 1.6)
    """
    if name in _SERIES:
        return _SERIES[name]
    color, marker = _SPARE[index % len(_SPARE)], MARKERS[index % len(MARKERS)]
    return SeriesStyle(color, _DASHED if dashed else (), marker, name.replace("_", " "))


def new_axes(
    ax: Axes | None = None, *, width: float = WIDTH, height: float = 4.0
) -> tuple[Figure, Axes]:
    """Return a figure and a styled pair of axes; a given ``ax`` is styled and kept.

    Examples
    --------
    >>> fig, ax = new_axes()
    >>> ax.spines["top"].get_visible()
    False
    """
    if ax is None:
        ax = new_figure(width, height).add_subplot()
    style_axes(ax)
    return root_figure(ax), ax


def new_figure(width: float, height: float) -> Figure:
    """Return an empty figure of some inches that arranges its axes itself.

    Examples
    --------
    >>> float(new_figure(3, 2).get_figwidth())
    3.0
    """
    from featgraph.plot.files import Picture

    return Picture(figsize=(width, height), layout="constrained")


def root_figure(ax: Axes) -> Figure:
    """Return the figure that holds ``ax``, also from within a subfigure."""
    figure = ax.figure
    while figure is not figure.figure:
        figure = figure.figure
    return figure


def style_axes(ax: Axes) -> None:
    """Give ``ax`` the house look: two spines, quiet grid, ink instead of black."""
    ax.spines[["top", "right"]].set_visible(False)
    for side in ("left", "bottom"):
        ax.spines[side].set_color(INK)
        ax.spines[side].set_linewidth(0.8)
    ax.tick_params(labelsize=SMALL, color=INK, labelcolor=INK, width=0.8)
    ax.grid(True, color=GRID, linewidth=0.6)
    ax.set_axisbelow(True)
    for label in (ax.xaxis.label, ax.yaxis.label):
        label.set_fontsize(TEXT)
        label.set_color(INK)


def name_size_axis(ax: Axes, space: str) -> None:
    """Space the x axis as log(1 + size) and label it with the size itself and its unit.

    A power law of (1 + size) is a straight line on it, and size 0 has a place.
    """
    ax.set_xscale("function", functions=(_log1p, np.expm1))
    ax.set_xlabel(f"{SIZE_LABELS[space]}, spaced as log(1 + {'θ' if space == 'metric' else 'ℓ'})")


def _log1p(sizes: NDArray[np.float64]) -> NDArray[np.float64]:
    # Margins may reach below 0 but never below -1; the clip keeps a zoomed-out view finite.
    return np.log1p(np.maximum(sizes, -0.999))


def set_hop_ticks(ax: Axes, sizes: Iterable[float]) -> None:
    """Label whole sizes, leaving out those that would touch their neighbour."""
    kept: list[float] = []
    values = sorted({float(size) for size in sizes})
    gap = 0.045 * (np.log1p(values[-1]) - np.log1p(values[0])) if values else 0.0
    for value in values:
        if not kept or np.log1p(value) - np.log1p(kept[-1]) > gap:
            kept.append(value)
    ax.set_xticks(kept, [f"{value:g}" for value in kept])
    ax.set_xticks([], minor=True)


def shorten(name: str, length: int) -> str:
    """Return a name cut to its last characters where it is longer than ``length``."""
    return name if len(name) <= length else f"…{name[1 - length :]}"


def set_log_ticks(
    axis: Axis, steps: Sequence[float] = (1.0, 2.0, 5.0), text: str = "{:g}", most: int | None = 12
) -> None:
    """Write plain numerals on a logarithmic axis, at ``steps`` of each decade, and nowhere else."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

    axis.set_major_locator(LogLocator(base=10, subs=steps, numticks=most))
    axis.set_major_formatter(FuncFormatter(lambda value, _: text.format(value)))
    axis.set_minor_locator(NullLocator())


def use_count_scale(ax: Axes, largest: float) -> None:
    """Make the y axis logarithmic with plain numerals (1, 2, 5, 10, …)."""
    ax.set_yscale("log")
    steps = (1.0, 2.0, 5.0) if largest < 3000 else (1.0,)
    set_log_ticks(ax.yaxis, steps, "{:,.6g}")
    ax.set_ylim(0.85, max(largest, 1.0) * 1.25)
    ax.set_ylabel(COUNT_LABEL)
