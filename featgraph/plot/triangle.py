"""Pictures of the triangle of similarity: linear path, pruning, all views in one figure."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import choice
from featgraph.plot.layer_maps import color_limits, plot_similarity
from featgraph.plot.style import (
    BLUE,
    GREEN,
    INK,
    ORANGE,
    SMALL,
    TEXT,
    VERMILION,
    WIDTH,
    new_axes,
    new_figure,
    style_axes,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from featgraph.similarity.interpolation import LinearPath
    from featgraph.similarity.pruning import PruningSweep
    from featgraph.similarity.triangle_views import Triangle

__all__ = ["plot_linear_paths", "plot_pruning", "plot_triangle"]


def plot_linear_paths(
    paths: LinearPath | Mapping[str, LinearPath], *, ax: Axes | None = None
) -> tuple[Figure, Axes]:
    """Draw the loss on the straight line between two networks, and its barrier.

    Parameters
    ----------
    paths : LinearPath or mapping of str to LinearPath
        One path or several with names.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        x is α (0 network A, 1 network B), y the mean cross-entropy. The dotted line joins
        the ends; the bar is the barrier.

    Examples
    --------
    >>> from featgraph.similarity import LinearPath
    >>> path = LinearPath(np.linspace(0, 1, 3), np.array([1.0, 2.0, 1.0]), np.ones(3))
    >>> fig, ax = plot_linear_paths(path)
    >>> ax.get_legend().get_texts()[0].get_text()
    'as they are: barrier 1.00'
    """
    named = paths if isinstance(paths, Mapping) else {_path_name(paths): paths}
    fig, ax = new_axes(ax, height=3.4)
    styles = ((VERMILION, "o"), (BLUE, "s"), (GREEN, "^"), (ORANGE, "D"))
    for k, (name, path) in enumerate(named.items()):
        color, marker = styles[k % len(styles)]
        ax.plot(
            path.alphas, path.losses, color=color, marker=marker, markersize=4, linewidth=1.6,
            label=f"{name}: barrier {path.barrier:.2f}", zorder=3,
        )  # fmt: skip
        line = (1 - path.alphas) * path.losses[0] + path.alphas * path.losses[-1]
        ax.plot(path.alphas, line, color=color, linewidth=1, linestyle=(0, (1.2, 1.6)), zorder=2)
        top = int(np.argmax(path.losses - line))
        if path.barrier > 0:
            ends = [line[top], path.losses[top]]
            ax.plot([path.alphas[top]] * 2, ends, color=color, linewidth=3, alpha=0.35, zorder=1)
    ax.set_xlabel("α on the line from A (0) to B (1)", size=TEXT)
    ax.set_ylabel("cross-entropy (nats)", size=TEXT)
    ax.set_ylim(0, 1.3 * max(float(path.losses.max()) for path in named.values()))
    ax.legend(frameon=False, fontsize=SMALL, labelcolor=INK, loc="upper right")
    return fig, ax


def plot_pruning(
    sweep: PruningSweep,
    *,
    what: str = "similarity",
    names: tuple[str, str] = ("A", "B"),
    ax: Axes | None = None,
) -> tuple[Figure, Axes]:
    """Draw what pruning leaves of two networks, against the share of weights removed.

    Parameters
    ----------
    sweep : PruningSweep
        Result of ``sweep_pruning``.
    what : {"similarity", "accuracy", "ss_rate", "dimension"}, default="similarity"
        CKA with the dense self and between the two networks; share of right answers; SS_rate
        or box dimension of G_M, averaged over layers.
    names : tuple of str, default=("A", "B")
        Names of the networks.
    ax : matplotlib Axes or None, default=None
        Where to draw; None makes a new figure.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    ax : matplotlib Axes
        Its axes.

    Raises
    ------
    ValueError
        If ``what`` is unknown.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> from featgraph.similarity import sweep_pruning
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    >>> sweep = sweep_pruning(net, net, torch.randn(20, 4), sparsities=(0.0, 0.5), layers=["1"])
    >>> fig, ax = plot_pruning(sweep)
    >>> ax.get_ylabel()
    'mean CKA over layers'
    """
    from featgraph.similarity.pruning import mean_known

    choice(what, ("accuracy", "dimension", "similarity", "ss_rate"), "what")
    fig, ax = new_axes(ax, height=3.4)
    series: list[tuple[str, NDArray[np.float64], str, str]]
    if what == "similarity":
        series = [
            (f"{names[0]} with its dense self", mean_known(sweep.own_a), BLUE, "o"),
            (f"{names[1]} with its dense self", mean_known(sweep.own_b), ORANGE, "s"),
            (f"{names[0]} with {names[1]}", sweep.cross, GREEN, "^"),
        ]
        label = "mean CKA over layers"
    else:
        sides = [getattr(sweep, f"{what}_{side}") for side in "ab"]
        means = [side if side.ndim == 1 else mean_known(side) for side in sides]
        series = [(names[0], means[0], BLUE, "o"), (names[1], means[1], ORANGE, "s")]
        label = {
            "accuracy": "accuracy",
            "ss_rate": f"mean SS_rate over layers ({sweep.estimator})",
            "dimension": rf"mean box dimension $d_\theta$ ({sweep.estimator})",
        }[what]
    for name, values, color, marker in series:
        ax.plot(
            100 * sweep.sparsities, values, color=color, marker=marker, markersize=4.5,
            linewidth=1.6, label=name,
        )  # fmt: skip
    ax.set_xlabel("weights removed (%)", size=TEXT)
    ax.set_ylabel(label, size=TEXT)
    ax.set_ylim(0, 1.03 if what in ("accuracy", "similarity") else None)
    ax.legend(frameon=False, fontsize=SMALL, labelcolor=INK, loc="best")
    return fig, ax


def plot_triangle(views: Triangle) -> tuple[Figure, NDArray[Any]]:
    """Draw the triangle of similarity: layers, line between the weights, pruning.

    Parameters
    ----------
    views : Triangle
        Result of ``featgraph.similarity.triangle``.

    Returns
    -------
    fig : matplotlib Figure
        The figure, not shown.
    axes : ndarray of matplotlib Axes, shape (2, 3)
        CKA, Procrustes, predictions and path; accuracy, similarity and SS_rate under pruning.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> from featgraph.similarity import triangle
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    >>> fig, axes = plot_triangle(
    ...     triangle(net, net, torch.randn(20, 4), layers=["1"], sparsities=(0.0, 0.5)))
    >>> axes.shape
    (2, 3)
    """
    figure = new_figure(2.1 * WIDTH, 7.6)
    figure.set_layout_engine("constrained", w_pad=0.12)
    axes = figure.subplots(2, 3)
    names = (views.source_a, views.source_b)
    if names[0] == names[1]:
        names = (f"{names[0]} (A)", f"{names[1]} (B)")
    tables = (views.static.cka, views.static.procrustes)
    limits = color_limits(*tables)
    for ax, table in zip(axes[0], tables, strict=False):
        plot_similarity(table, names=names, limits=limits, matches=False, ax=ax)
        _outline_divergent(ax, views)
    axes[0, 0].set_title(f"layers: CKA, n = {views.n_samples}", size=TEXT, color=INK)
    axes[0, 1].set_title(
        f"layers: Procrustes ({len(views.static.divergent)} divergent pairs outlined)",
        size=TEXT, color=INK,
    )  # fmt: skip
    _draw_function(axes[0, 2], views)
    parts = (("accuracy", "pruning: accuracy"), ("similarity", "pruning: similarity"),
             ("ss_rate", "pruning: self-similarity of G_M"))  # fmt: skip
    for ax, (what, title) in zip(axes[1], parts, strict=True):
        plot_pruning(views.sparsity, what=what, names=names, ax=ax)
        ax.set_title(title, size=TEXT, color=INK)
    if np.isnan(views.sparsity.accuracy_a).all():
        axes[1, 0].get_legend().remove()
        _say(axes[1, 0], "no labels in the data")
    return figure, axes


def _outline_divergent(ax: Axes, views: Triangle) -> None:
    from matplotlib.patches import Rectangle

    gap = views.static.cka.values - views.static.procrustes.values
    for i, j in np.argwhere(np.abs(gap) > views.static.threshold):
        box = (float(j) - 0.5, float(i) - 0.5)
        ax.add_patch(Rectangle(box, 1, 1, fill=False, edgecolor=VERMILION, linewidth=1.6))


def _path_name(path: LinearPath) -> str:
    return "neurons aligned" if path.aligned else "as they are"


def _draw_function(ax: Axes, views: Triangle) -> None:
    view = views.functional
    paths = [path for path in (view.path, view.aligned_path) if path is not None]
    if paths:
        plot_linear_paths({_path_name(path): path for path in paths}, ax=ax)
    else:
        style_axes(ax)
        reason = view.note.split(": ", 1)[-1] if view.note else "not asked for"
        _say(ax, "no line between the weights:\n" + textwrap.fill(reason, 44))
    js = "unknown" if view.divergence is None else f"{view.divergence:.3f} bit"
    same = "" if view.agreement is None else f", agree {view.agreement:.1%}"
    ax.set_title(f"predictions: divergence {js}{same}", size=TEXT, color=INK)


def _say(ax: Axes, text: str) -> None:
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", size=SMALL, color=INK)
