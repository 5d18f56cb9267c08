"""Every public function of one graph takes graphs of all libraries, with the same answer."""

from __future__ import annotations

import inspect
import warnings

import networkx as nx
import numpy as np
import pytest

from featgraph.boxes import box_cover
from featgraph.graph import as_feature_graph
from featgraph.graph.convert import open_graph
from tests.test_architecture import public_functions

igraph = pytest.importorskip("igraph")

#: What else a function needs; the others are called with the graph alone.
MORE = {
    "analyze_boxes": lambda graph: {"cover": box_cover(graph, 2, rng=0)},
    "box_cover": lambda graph: {"size": 2, "rng": 0},
    "box_diameters": lambda graph: {"cover": box_cover(graph, 2, rng=0)},
    "count_fuzzy": lambda graph: {"sizes": [1, 2]},
    "ball_masses": lambda graph: {"radii": [1, 2]},
    "box_lower_bound": lambda graph: {"size": 2},
    "box_lower_bounds": lambda graph: {"sizes": [1, 2]},
    "measure_modularity": lambda graph: {"labels": [0] * 17 + [1] * 17},
    "minimum_box_cover": lambda graph: {"size": 2, "rng": 0},
    "minimum_box_counts": lambda graph: {"sizes": [2], "rng": 0},
    "box_counts": lambda graph: {"method": "greedy", "rng": 0},
    "renormalization_flow": lambda graph: {"size": 2, "rng": 0},
    "renormalize": lambda graph: {"cover": box_cover(graph, 2, rng=0)},
    "spread_over_layers": lambda graph: {"groups": [0] * 34},
    "with_edge_weight": lambda graph: {"weight": "similarity"},
}


def karate():
    graph = nx.Graph(nx.karate_club_graph().edges)
    nx.set_node_attributes(graph, {node: f"layer{node % 2}" for node in graph}, "layer")
    return graph


def functions():
    for name, function in sorted(public_functions()):
        parameters = list(inspect.signature(function).parameters)
        # the methods of box_cover are tested on graphs of their own
        if parameters[:1] not in (["graph"], ["graphs"]) or ".cover_" in name:
            continue
        if not name.endswith(("write_tables", "multifractal_weights")):  # tests/io, tests/weights
            yield pytest.param(function, id=name.removeprefix("featgraph."))


def told(result):
    """Return a result as numbers and words that can be compared."""
    if hasattr(result, "edges") and hasattr(result, "node_labels"):
        return result.edges.tolist(), result.node_labels
    if hasattr(result, "to_rows"):
        return repr(result.to_rows())
    return repr(result)


@pytest.mark.parametrize("function", list(functions()))
def test_graphs_of_every_library_give_one_answer(function, tmp_path):
    source = karate()
    own = as_feature_graph(source)
    name = function.__name__
    options = MORE.get(name, lambda graph: {})(own)
    parameters = inspect.signature(function).parameters
    if "rng" in parameters:
        options["rng"] = 0
    answers = []
    for graph in (own, source, own.to_igraph()):
        if "path" in parameters:
            options["path"] = tmp_path / f"x{name.removeprefix('write_')}.gexf"
        if name == "write_dynamic_gexf":
            graph = {0: graph}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = function(graph, **options)
        if "path" in parameters:
            answers.append(options["path"].read_bytes())
        else:
            answers.append(told(result))
    if name not in ("plot_graph", "as_feature_graph"):
        assert answers[1] == answers[0]
        assert answers[2] == answers[0]


def test_weights_are_kept_where_they_are_used():
    graph = nx.Graph()
    graph.add_weighted_edges_from([(0, 1, 0.5), (1, 2, 2.0)])
    assert open_graph(graph, weights=True).edge_weights.tolist() == [0.5, 2.0]
    assert open_graph(graph).weights is None
    graph.edges[0, 1]["weight"] = 1
    del graph.edges[1, 2]["weight"]
    part = open_graph(graph, weights=True)
    assert part.weights is None
    assert open_graph(as_feature_graph(graph, weight="ignore")).n_edges == 2


def test_directed_graphs_are_refused_with_the_cure():
    from featgraph.graph import find_cores

    with pytest.raises(ValueError, match=r"as_feature_graph\(graph, as_undirected=True\)"):
        find_cores(nx.DiGraph([(0, 1)]))
    with pytest.raises(TypeError, match="graph must be a FeatureGraph, networkx graph"):
        find_cores(np.eye(3))
    assert find_cores(graph=nx.Graph([(0, 1)])).tolist() == [1, 1]
