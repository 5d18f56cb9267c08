"""Graphs of other libraries as FeatureGraph; the way back is FeatureGraph.to_*()."""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from featgraph.core.package import caller_level
from featgraph.core.values import describe
from featgraph.graph._csr_arrays import assemble_csr
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.graph.incoming import RawGraph, choose_reader, told_columns

if TYPE_CHECKING:
    import igraph
    import networkx
    from scipy.sparse import sparray, spmatrix
    from torch_geometric.data import Data

__all__ = [
    *("GraphLike", "accept_graph", "as_feature_graph", "is_graph", "open_graph"),
    "takes_any_graph",
]

P = ParamSpec("P")
R = TypeVar("R")
#: The graphs that every function takes; how each is read: as_feature_graph.
GraphLike: TypeAlias = "FeatureGraph | networkx.Graph | igraph.Graph | Data | sparray | spmatrix"
_NO_COLUMN = "neither a value nor a list of numbers"
_DIRECTED = "graph is directed; paths and boxes need distances that are the same both ways: "


def as_feature_graph(
    graph: GraphLike, *, weight: str | None = None, as_undirected: bool = False
) -> FeatureGraph:
    """Return any graph as a FeatureGraph: undirected, simple, labels and attributes kept.

    Attributes are kept if they are numbers, truth values, words, dates (as words) or rows of
    numbers; writers say which they leave out.

    Parameters
    ----------
    graph : FeatureGraph, networkx graph, igraph.Graph, torch_geometric Data or scipy sparse matrix
        A square sparse matrix is read as an adjacency matrix: every stored entry off the diagonal
        is an edge, stored zeros included (as in ``scipy.sparse.csgraph``), and entries that
        repeat are summed, as SciPy does. Only where ``weight`` is not given and the matrix holds
        zeros and ones alone are the edges where the ones are.
    weight : str, optional
        Name of the edge attribute to keep as weights ("weight" or "distance" for a matrix or a
        FeatureGraph, for the latter also "length"), or "ignore" for hops. Default: a graph that
        carries weights other than 1 under the usual name ("weight"; in Data "edge_weight",
        "weight" or an "edge_attr" of real numbers, whose columns are called "edge_attr_0",
        "edge_attr_1", …; the values of a matrix) is refused, because distances in it would be
        ambiguous.
    as_undirected : bool, default=False
        Read a directed graph by forgetting directions; of two opposite weights the smaller stays.

    Returns
    -------
    FeatureGraph
        A FeatureGraph comes back as it is (without weights if ``weight="ignore"``).

    Raises
    ------
    TypeError
        If the type is not one of those above.
    ValueError
        If the graph has no nodes, is directed or carries weights without a word about it, or
        ``weight`` names an attribute that edges lack.

    Warns
    -----
    UserWarning
        Once, if self-loops or repeated edges are left out (of parallel edges the smallest weight
        stays).

    Notes
    -----
    Time and memory O(n_nodes + n_edges); a FeatureGraph comes back as it is.

    Examples
    --------
    >>> import networkx
    >>> as_feature_graph(networkx.path_graph(["a", "b", "c"]))
    FeatureGraph(n_nodes=3, n_edges=2)
    >>> as_feature_graph(networkx.DiGraph([(0, 1)]))
    Traceback (most recent call last):
    ValueError: graph is directed; paths and boxes need distances that are the same both ways: \
pass as_undirected=True to forget directions
    """
    if isinstance(graph, FeatureGraph):
        return _own(graph, weight)
    result, note = accept_graph(choose_reader(graph)(graph, weight), weight, as_undirected)
    if note:
        warnings.warn(note, UserWarning, stacklevel=caller_level())
    return result


def accept_graph(
    raw: RawGraph, weight: str | None, as_undirected: bool, *, whole: bool = False
) -> tuple[FeatureGraph, str]:
    """Apply the rules on directions and weights; return a simple graph and a note on losses.

    The note names attributes of nodes and edges that cannot be kept only if ``whole``.
    """
    if raw.directed and not as_undirected:
        raise ValueError(f"{_DIRECTED}pass as_undirected=True to forget directions")
    name, weights = _chosen_weights(raw, weight)
    columns = {key: raw.edge_values[key] for key in raw.edge_values if key not in (name, raw.usual)}
    found = told_columns(columns)
    lost = [key for key, column in [*raw.attributes.items(), *found.items()] if column is None]
    if lost and whole:
        raw.notes.append(f"left out {', '.join(map(repr, lost))}: {_NO_COLUMN}")
    built = assemble_csr(
        raw.edges, weights=weights, n_nodes=raw.n_nodes, directed=raw.directed, rows=bool(found)
    )
    kept = {key: column[built.rows] for key, column in found.items() if column is not None}
    graph = FeatureGraph(
        built.indptr,
        built.indices,
        built.weights,
        None if raw.labels is None else tuple(raw.labels),
        {key: column for key, column in raw.attributes.items() if column is not None},
        edge_attributes={  # a repeated edge may be left out with the only value of a column
            key: column
            for key, column in kept.items()
            if column.dtype.kind != "O" or column.tolist().count(None) < len(column)
        },
        **raw.fields,
    )
    return graph, "; ".join([*raw.notes, *([built.note] if built.note else [])])


def _own(graph: FeatureGraph, weight: str | None) -> FeatureGraph:
    if weight == "ignore":
        return graph.without_weights()
    if weight not in (None, "weight", "distance", "length"):
        raise ValueError(
            'weight must be "weight", "distance", "length" or "ignore" for a FeatureGraph, got '
            f"{weight!r}"
        )
    if weight is not None and graph.weights is None:
        raise ValueError(f"weight={weight!r}, but this FeatureGraph is unweighted")
    return graph


def _chosen_weights(
    raw: RawGraph, weight: str | None
) -> tuple[str | None, NDArray[np.float64] | None]:
    """Return the name and the values of the weights to keep."""
    if weight == "ignore":
        return None, None
    if weight is None and raw.refusal:
        raise ValueError(raw.refusal)
    if weight is None and raw.told is None:
        values = raw.edge_values.get(raw.usual, ())
        gaps = not isinstance(values, np.ndarray) or raw.usual in raw.gaps
        # an edge without the attribute counts 1, as in networkx
        if np.any(values != 1) if not gaps else any(map(_tells, values)):
            raise ValueError(
                f'graph carries edge weights; say weight="{raw.usual}" to use them as lengths '
                'or weight="ignore" to count hops'
            )
        return None, None
    name = weight or raw.told or raw.usual
    if name not in raw.edge_values and name in raw.also:
        name = raw.usual
    if name not in raw.edge_values:
        if not len(raw.edges):
            return None, None
        known = ", ".join(map(repr, raw.edge_values)) or "none"
        raise ValueError(f"weight={weight!r} names no attribute of the edges; there is: {known}")
    values = raw.edge_values[name]
    lacking = raw.gaps.get(name, 0)
    if not isinstance(values, np.ndarray):
        lacking = sum(value is None for value in values)
    if lacking:
        raise ValueError(
            f"weight={weight!r} stands on {len(values) - lacking} of {len(values)} edges only; "
            "give every edge one"
        )
    try:
        return name, np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        odd = next((describe(value) for value in values if not _is_number(value)), "other things")
        raise ValueError(f"weight={name!r} must be numbers on every edge, got {odd}") from None


def _is_number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError, OverflowError, RuntimeError):
        return False
    return True


def _known(value: Any) -> bool:
    """Tell whether there is a value: None, NaN and pandas.NA are none."""
    try:
        return value is not None and bool(value == value)
    except TypeError:
        return False
    except (ValueError, RuntimeError):  # an array or a tensor of several values
        return True


def _tells(value: Any) -> bool:
    """Tell whether a weight says more than that there is an edge."""
    try:
        return _known(value) and bool(value != 1)
    except (ValueError, RuntimeError):
        return True


def takes_any_graph(
    *, weights: bool = False
) -> Callable[[Callable[Concatenate[FeatureGraph, P], R]], Callable[Concatenate[GraphLike, P], R]]:
    """Let a function whose first parameter is a FeatureGraph take graphs of other libraries too.

    Parameters
    ----------
    weights : bool, default=False
        Keep weights under their usual name if every edge has one, for functions that use
        weights or write them down; otherwise edges count.

    Examples
    --------
    >>> import networkx
    >>> @takes_any_graph()
    ... def count_edges(graph):
    ...     return graph.n_edges
    >>> count_edges(networkx.path_graph(3))
    2
    """

    def decorate(
        function: Callable[Concatenate[FeatureGraph, P], R],
    ) -> Callable[Concatenate[GraphLike, P], R]:
        @functools.wraps(function)
        def call(graph: GraphLike, *args: P.args, **options: P.kwargs) -> R:
            return function(open_graph(graph, weights=weights), *args, **options)

        return call  # type: ignore[return-value]

    return decorate


def is_graph(value: object) -> bool:
    """Tell whether a value is a graph of one of the libraries.

    Examples
    --------
    >>> is_graph(np.eye(2)), is_graph(FeatureGraph.from_edges([(0, 1)]))
    (False, True)
    """
    if isinstance(value, FeatureGraph):
        return True
    try:
        choose_reader(value)
    except TypeError:
        return False
    return True


def open_graph(graph: GraphLike, *, weights: bool = False) -> FeatureGraph:
    """Return any graph as a FeatureGraph, with the usual weights of all edges or without.

    Examples
    --------
    >>> import networkx
    >>> graph = networkx.Graph()
    >>> graph.add_edge(0, 1, weight=0.5)
    >>> open_graph(graph, weights=True).edge_weights, open_graph(graph).edge_weights
    (array([0.5]), None)
    """
    if isinstance(graph, FeatureGraph):
        return graph
    raw = choose_reader(graph)(graph, None if weights else "ignore")
    if raw.directed:
        cure = "pass featgraph.as_feature_graph(graph, as_undirected=True)"
        raise ValueError(f"{_DIRECTED}{cure}")
    values = raw.edge_values.get(raw.usual, ()) if weights else ()
    told = any(map(_tells, values))
    known = sum(map(_known, values))
    whole = told and known == len(values)
    if told and not whole:
        raw.notes.append(f"left out the weights: {known} of {len(values)} edges have one")
    result, note = accept_graph(raw, raw.usual if whole else "ignore", False, whole=weights)
    if note:
        warnings.warn(note, UserWarning, stacklevel=caller_level())
    return result
