"""Pictures of persistent homology: diagrams, barcodes, landscapes, Betti curves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.plot.style import (
    BLUE,
    FAINT,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SMALL,
    TEXT,
    VERMILION,
    new_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from featgraph.boxes.counts import BoxCounts
    from featgraph.similarity.diagrams import PersistenceDiagrams

__all__ = ["plot_barcode", "plot_betti_curves", "plot_landscape", "plot_persistence"]

Floats: TypeAlias = NDArray[np.float64]
#: Colour and marker of each homology dimension.
_STYLES = ((BLUE, "o"), (VERMILION, "^"), (GREEN, "s"), (PURPLE, "D"))
_DASHES = ((), (4, 1.6), (1.2, 1.4), (6, 1.6, 1.2, 1.6), (8, 2), (2, 2))
_NAMES = ("H₀, components", "H₁, loops", "H₂, voids", "H₃")
_AXES = {
    "weights": "filtration 1 − |w|/M (strong weights first)",
    "distances": "ε (activation distance per sample)",
}
_MOST_MARKS = 200  # on one line; more are a bar
_MOST_POINTS = 5000  # beyond that a scatter is a blot, and a vector file a burden


def plot_persistence(
    diagrams: PersistenceDiagrams, *, ax: Axes | None = None
) -> tuple[Figure, Axes]:
    """Draw a persistence diagram: death against birth of every class.

    Parameters
    ----------
    diagrams : PersistenceDiagrams
        Result of ``weight_persistence`` or ``distance_persistence``.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        Classes that never die stand on the dashed line at the top; of more than 200 of one
        dimension the births are a histogram there instead. Of more than 5000 classes that die
        every k-th by birth is drawn, and the legend says so.

    Examples
    --------
    >>> from featgraph.similarity import PersistenceDiagrams
    >>> fig, ax = plot_persistence(PersistenceDiagrams({0: np.array([[0.0, 0.4]])}))
    >>> ax.get_legend().get_texts()[0].get_text()
    'H₀, components: 1'
    """
    fig, ax = new_axes(ax, width=4.6, height=4.4)
    low, high = _range(diagrams)
    margin = 0.04 * (high - low)
    top = high + 2 * margin
    ceiling = high + margin
    ax.plot([low, high], [low, high], color=FAINT, linewidth=1, zorder=1)
    for dimension, points in diagrams.points.items():
        color, marker = _STYLES[min(dimension, 3)]
        endless = np.isinf(points[:, 1])
        shown, note = _thin(points[~endless])
        n_endless = int(endless.sum())
        if n_endless > _MOST_MARKS:
            ceiling = _draw_births(ax, points[endless, 0], (low, high), top, color)
            note = f"{len(points):,}, births of {n_endless:,} above" + (f"; {note}" if note else "")
        elif n_endless:
            ceiling = max(ceiling, top + 2 * margin)
            shown = np.concatenate([shown, np.where(np.isinf(points), top, points)[endless]])
        ax.scatter(
            shown[:, 0], shown[:, 1], s=14, marker=marker, facecolor="none", edgecolor=color,
            linewidth=0.9, alpha=0.8, zorder=3,
            label=f"{_NAMES[min(dimension, 3)]}: {note or f'{len(points):,}'}",
        )  # fmt: skip
    if ceiling > top:
        ax.axhline(top, color=INK, linewidth=1, linestyle=(0, (4, 2)), zorder=1)
        ax.annotate(
            "never dies", (0, top), xycoords=("axes fraction", "data"), xytext=(4, 5),
            textcoords="offset points", ha="left", size=SMALL, color=INK,
        )  # fmt: skip
    ax.set_xlim(low - margin, high + margin)
    ax.set_ylim(low - margin, ceiling)
    ax.set_yticks([tick for tick in ax.get_yticks() if low <= tick <= high + 1e-9])
    ax.set_xlabel(f"birth: {_AXES.get(diagrams.kind, 'value')}", size=TEXT)
    ax.set_ylabel("death", size=TEXT)
    ax.legend(frameon=False, fontsize=SMALL, labelcolor=INK, loc="lower right")
    return fig, ax


def _draw_births(
    ax: Axes, births: Floats, span: tuple[float, float], top: float, color: str
) -> float:
    """Draw how many classes are born where, on the line ``top``; return the upper end."""
    heights, edges = np.histogram(births, bins=40, range=span)
    height = 0.2 * (span[1] - span[0])
    ax.stairs(
        top + height * heights / heights.max(), edges, baseline=top, fill=True, color=color,
        alpha=0.55, zorder=2,
    )  # fmt: skip
    return top + 1.15 * height


def plot_barcode(
    diagrams: PersistenceDiagrams, *, max_bars: int = 60, ax: Axes | None = None
) -> tuple[Figure, Axes]:
    """Draw a barcode: one bar from birth to death of each class, longest lives kept.

    Parameters
    ----------
    diagrams : PersistenceDiagrams
        Result of ``weight_persistence`` or ``distance_persistence``.
    max_bars : int, default=60
        Bars per dimension; the longest lives are drawn, sorted by birth.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        Bars with an arrow head never end.

    Examples
    --------
    >>> from featgraph.similarity import PersistenceDiagrams
    >>> fig, ax = plot_barcode(PersistenceDiagrams({0: np.array([[0.0, 0.4], [0.0, 0.6]])}))
    >>> len(ax.collections)
    1
    """
    n_bars = sum(min(len(points), max_bars) for points in diagrams.points.values())
    fig, ax = new_axes(ax, height=min(1.6 + 0.055 * n_bars, 8.0))
    low, high = _range(diagrams)
    end = high + 0.05 * (high - low)
    place, marks, labels = 0, [], []
    for dimension, points in diagrams.points.items():
        color, _ = _STYLES[min(dimension, 3)]
        kept = _longest(points, max_bars)
        if not len(kept):
            continue
        rows = place + np.arange(len(kept))
        deaths = np.where(np.isinf(kept[:, 1]), end, kept[:, 1])
        ax.hlines(rows, kept[:, 0], deaths, color=color, linewidth=1.6)
        endless = np.isinf(kept[:, 1])
        ax.plot(deaths[endless], rows[endless], ">", color=color, markersize=3)
        more = "" if len(kept) == len(points) else f" of {len(points):,}"
        marks.append(float(rows.mean()))
        labels.append(f"{_NAMES[min(dimension, 3)]}\n{len(kept)}{more}")
        place = int(rows[-1]) + 4
    ax.set_yticks(marks, labels, size=SMALL)
    ax.tick_params(axis="y", length=0)
    ax.grid(False, axis="y")
    ax.spines["left"].set_visible(False)
    ax.set_xlabel(_AXES.get(diagrams.kind, "value"), size=TEXT)
    ax.set_ylim(place - 3, -1)
    return fig, ax


def plot_landscape(
    diagrams: PersistenceDiagrams | Mapping[str, PersistenceDiagrams],
    *,
    dimension: int = 1,
    ax: Axes | None = None,
) -> tuple[Figure, Axes]:
    """Draw the first layer of the persistence landscape of one or several networks.

    Parameters
    ----------
    diagrams : PersistenceDiagrams or mapping of str to PersistenceDiagrams
        Cleaned as in ``persistence_distance``, so that areas between curves are what the
        landscape distance measures.
    dimension : int, default=1
        Homology dimension. Of weights, dimension 0 is nearly always the same tent, because
        all components are born at 0 and one of them dies late.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        x is the filtration, y λ₁.

    Examples
    --------
    >>> from featgraph.similarity import PersistenceDiagrams
    >>> fig, ax = plot_landscape(PersistenceDiagrams({1: np.array([[0.2, 0.4]])}))
    >>> ax.get_ylabel()
    'landscape λ₁ of H₁'
    """
    from featgraph.similarity.diagrams import landscape_curve

    named = diagrams if isinstance(diagrams, Mapping) else {diagrams.source or "": diagrams}
    fig, ax = new_axes(ax, height=3.2)
    cleaned = {
        name: d.clean(infinity=1.0 if d.kind == "weights" else None) for name, d in named.items()
    }
    points = [d.of_dimension(dimension) for d in cleaned.values()]
    known = np.concatenate([p for p in points if len(p)] or [np.array([[0.0, 1.0]])])
    grid = np.linspace(known[:, 0].min(), known[:, 1].max(), 400)
    colors = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, INK)
    for k, (name, d) in enumerate(cleaned.items()):
        curve = landscape_curve(d.points[dimension], grid)
        (line,) = ax.plot(grid, curve, color=colors[k % 6], linewidth=1.7, label=name or None)
        line.set_dashes(_DASHES[k % 6])
    ax.set_xlabel(_AXES.get(next(iter(named.values())).kind, "value"), size=TEXT)
    ax.set_ylabel(f"landscape λ₁ of H{'₀₁₂₃'[dimension]}", size=TEXT)
    ax.set_ylim(bottom=0)
    if any(named):
        ax.legend(frameon=False, fontsize=SMALL, labelcolor=INK)
    return fig, ax


def plot_betti_curves(
    diagrams: PersistenceDiagrams,
    *,
    epsilons: ArrayLike | None = None,
    counts: BoxCounts | None = None,
    ax: Axes | None = None,
) -> tuple[Figure, Axes]:
    """Draw Betti numbers against ε, beside the number of boxes at the same scale.

    Parameters
    ----------
    diagrams : PersistenceDiagrams
        Result of ``distance_persistence``.
    epsilons : array-like of float or None, default=None
        Where to evaluate; None takes 300 points over the range of the diagrams.
    counts : BoxCounts or None, default=None
        Box counts of the same features over θ (metric space).
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        Numbers are drawn as 1 + β on a logarithmic scale, so that 0 has a place.

    Examples
    --------
    >>> from featgraph.similarity import PersistenceDiagrams
    >>> d = PersistenceDiagrams({0: np.array([[0.0, 0.4]])}, kind="distances")
    >>> fig, ax = plot_betti_curves(d)
    >>> ax.get_xlabel()
    'ε, θ (activation distance per sample)'
    """
    fig, ax = new_axes(ax, height=3.8)
    low, high = _range(diagrams)
    start = low
    if epsilons is None:
        deaths = diagrams.points[0][:, 1] if 0 in diagrams.points else np.array([low])
        start = 0.98 * float(np.min(deaths[deaths > 0])) if (deaths > 0).any() else low
        epsilons = np.linspace(start, high * 1.02, 300)
    levels = np.asarray(epsilons, dtype=np.float64)
    if counts is not None:
        ax.plot(counts.sizes, counts.counts, color=INK, linewidth=2.2, label="boxes N(θ)", zorder=2)
    for dimension in diagrams.dimensions:
        color, _ = _STYLES[min(dimension, 3)]
        curve = diagrams.betti(levels, dimension=dimension)
        (line,) = ax.step(
            levels, curve, where="post", color=color, linewidth=1.7, zorder=3,
            label=f"β{'₀₁₂₃'[dimension]}, {_NAMES[min(dimension, 3)].split(', ')[-1]}",
        )  # fmt: skip
        line.set_dashes(_DASHES[min(dimension, 3)])
    ax.set_yscale("symlog", linthresh=1, linscale=0.5)
    ax.set_ylim(bottom=0)
    top = ax.get_ylim()[1]
    ticks = [t for t in (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 20000) if t <= top]
    ax.set_yticks(ticks, [f"{t:,}" for t in ticks])
    ax.set_yticks([], minor=True)
    ax.set_xlabel("ε, θ (activation distance per sample)", size=TEXT)
    ax.set_ylabel("number", size=TEXT)
    ax.legend(frameon=False, fontsize=SMALL, labelcolor=INK)
    return fig, ax


def _range(diagrams: PersistenceDiagrams) -> tuple[float, float]:
    values = np.concatenate([points.ravel() for points in diagrams.points.values()])
    values = values[np.isfinite(values)]
    if not values.size:
        return 0.0, 1.0
    high = float(values.max())
    return (0.0, high) if high > 0 else (0.0, 1.0)


def _thin(points: Floats) -> tuple[Floats, str]:
    step = max(1, -(-len(points) // _MOST_POINTS))
    return points[::step], f"every {step}th of {len(points):,}" if step > 1 else ""


def _longest(points: Floats, most: int) -> Floats:
    lifetimes = points[:, 1] - points[:, 0]
    # never dying is the longest life; of those the earliest births come first
    order = np.lexsort((points[:, 0], -lifetimes))[:most]
    kept = points[order]
    return kept[np.lexsort((kept[:, 1], kept[:, 0]))]
