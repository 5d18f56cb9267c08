"""The frame around every algorithm: open the graph, answer what needs no work, wrap the result."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import numpy as np

from featgraph.boxes.cover import BoxCover
from featgraph.boxes.methods import METHODS
from featgraph.boxes.metric_space import MetricSpace, RawCover, open_graph_space
from featgraph.boxes.threads import run_beside
from featgraph.core.checks import choice
from featgraph.core.random import RandomState, as_rng

__all__ = [
    "Solve",
    "box_kind",
    "find_module",
    "is_quick",
    "run_cover",
    "solve_beside",
    "solve_space",
    "wrap_cover",
]

QUICK = 50_000  # entries of rows up to which no kernel is long at work


# solve(space, size, rng, **options) of each algorithm's file
Solve = Callable[..., RawCover]


def find_module(method: str) -> Any:
    """Return the module of a method."""
    choice(method, METHODS, "method")
    return importlib.import_module(f"featgraph.boxes.methods.{method}")


def box_kind(method: str, options: dict[str, Any]) -> str:
    """Return what ``size`` bounds: METHODS tells, unless an option of the method changes it."""
    row = METHODS[method]
    if row.kind_option is None or row.kind_option[0] not in options:
        return row.box
    return row.kind_option[1].get(options[row.kind_option[0]], row.box)


def is_quick(space: MetricSpace) -> bool:
    """Tell whether kernels are done so soon that Ctrl-C may wait for them."""
    return space.indices.size <= QUICK


def solve_space(
    solve: Solve, space: MetricSpace, size: float, rng: np.random.Generator, options: dict[str, Any]
) -> RawCover:
    """Return the known answer for a trivial size, else what the algorithm finds."""
    return space.trivial_cover(size) or solve(space, size, rng, **options)


def solve_beside(
    solve: Solve, space: MetricSpace, size: float, rng: np.random.Generator, options: dict[str, Any]
) -> RawCover:
    """Return the same, found by a thread beside the caller where it may take long."""
    if is_quick(space):
        return solve_space(solve, space, size, rng, options)
    return run_beside(lambda: solve_space(solve, space, size, rng, options))


def run_cover(
    solve: Solve,
    method: str,
    graph: Any,
    size: object,
    *,
    weight: str | None,
    as_undirected: bool,
    rng: RandomState,
    options: dict[str, Any] | None = None,
) -> BoxCover:
    """Cover ``graph`` by ``solve`` and return the result with all that made it."""
    chosen = options or {}
    space = open_graph_space(graph, weight=weight, as_undirected=as_undirected)
    if space.name == "weighted" and not METHODS[method].weighted:
        known = sorted(name for name, row in METHODS.items() if row.weighted)
        raise ValueError(
            f"method {method!r} counts hops only; for weights take one of {known}, "
            'or say weight="ignore"'
        )
    checked = space.size(size)
    found = solve_beside(solve, space, checked, as_rng(rng), chosen)
    return wrap_cover(found, space, checked, method, rng, chosen)


def wrap_cover(
    found: RawCover,
    space: MetricSpace,
    size: float,
    method: str,
    rng: RandomState,
    options: dict[str, Any],
) -> BoxCover:
    """Return ``found`` as a BoxCover."""
    kind = box_kind(method, options)
    graph = getattr(space, "graph", None)
    return BoxCover(
        labels=found.labels,
        size=size,
        kind=kind,
        method=method,
        centers=found.centers if kind == "radius" else None,
        node_labels=None if graph is None else graph.labels,
        seed=int(rng) if isinstance(rng, int | np.integer) else None,
        options=options,
        overlaps=found.overlaps,
    )
