"""What Cytoscape desktop takes for something of its own, and what it writes."""

from __future__ import annotations

import json

import networkx as nx
import numpy as np
import pytest

from featgraph.graph import FeatureGraph
from featgraph.io import read_graph, write_cytoscape, write_dot, write_graph

COLUMNS = {
    "value": [np.nan, 1.0, 2.0],
    "selected": [0, 1, 0],
    "SUID": [3, 1, 2],
    "shared name": ["a", "b", "c"],
    "shared_name": ["d", "e", "f"],
}


@pytest.mark.parametrize("suffix", ["cyjs", "graphml", "gexf", "dot"])
def test_columns_called_like_those_of_cytoscape_stay(suffix, tmp_path):
    graph = FeatureGraph.from_edges([(0, 1)], n_nodes=3).with_attributes(**COLUMNS)
    path = write_graph(graph, tmp_path / f"a.{suffix}")
    back = read_graph(path)
    for name, column in COLUMNS.items():
        np.testing.assert_array_equal(back.node_attributes[name], column)
    for name in ("selected", "SUID", "shared name"):
        assert f'"{name}"' not in path.read_text()  # which Cytoscape would take for its own


def test_a_column_called_value_leaves_networkx_its_nodes(tmp_path):
    graph = FeatureGraph.from_edges([(0, 1)]).with_attributes(value=[np.nan, 1.0])
    other = nx.cytoscape_graph(json.loads(write_cytoscape(graph, tmp_path / "a.cyjs").read_text()))
    assert list(other.nodes) == ["0", "1"]


def test_whole_numbers_and_heights_are_columns_of_their_types(tmp_path):
    graph = FeatureGraph.from_edges([(0, 1)]).with_attributes(
        count=[2**53 + 1, None],
        real=[1.0, 2.0],
        huge=[2**64, 1],
        bits=np.array([2**63, 1], dtype=np.uint64),
        position=[[1.0, 2.0, 3.0], [4.0, 5.0, np.nan]],
    )
    path = write_cytoscape(graph, tmp_path / "a.cyjs")
    whole = json.loads(path.read_text())
    told = {one["columnName"]: one["type"] for one in whole["columnTypes"]["node"]}
    assert told == dict.fromkeys(("count", "degree", "core_number", "community"), "Long")
    assert whole["columnTypes"]["edge"] == []
    assert "name" not in whole["data"]  # Cytoscape then takes the name of the file
    places = [node["position"] for node in whole["elements"]["nodes"]]
    assert places == [{"x": 1.0, "y": -2.0}, {"x": 4.0, "y": -5.0}]
    assert read_graph(path).node_attributes["position"].tolist() == [[1, 2, 3], [4, 5, 0]]


def test_files_of_cytoscape_have_names_and_infinities(tmp_path):
    rows = [("70", "b", "Infinity"), ("71", "a", 0.5), ("72", "c", "NaN")]
    nodes = [
        {"data": {"id": suid, "SUID": int(suid), "name": name, "shared_name": name, "reach": reach}}
        for suid, name, reach in rows
    ]
    ends = {"id": "90", "source": "70", "target": "72", "SUID": 90, "far": "-Infinity"}
    path = tmp_path / "a.cyjs"
    path.write_text(json.dumps({"elements": {"nodes": nodes, "edges": [{"data": ends}]}}))
    graph = read_graph(path)
    assert graph.node_labels == ("b", "a", "c")
    assert graph.edges.tolist() == [[0, 2]]
    np.testing.assert_array_equal(graph.node_attributes["reach"], [np.inf, 0.5, np.nan])
    assert graph.edge_attributes["far"].tolist() == [-np.inf]
    assert set(graph.node_attributes) == {"reach"}


def test_xml_that_is_not_the_utf8_it_claims_to_be(tmp_path):
    path = tmp_path / "a.graphml"
    text = '<?xml version="1.0" encoding="UTF-8"?><graphml><graph><node id="é"/></graph></graphml>'
    path.write_text(text, encoding="cp1252")
    with pytest.raises(ValueError, match=r'a.graphml: not UTF-8 text .*encoding="cp1252"'):
        read_graph(path)
    with path.open(encoding="cp1252") as file:
        assert read_graph(file, format="graphml").node_labels == ("é",)
    path.write_text(text.replace('"é"/', '"é" é'))
    with pytest.raises(ValueError, match="a.graphml: not well-formed"):
        read_graph(path)


def test_keys_of_graphviz_have_quotes_only_where_they_need_them(tmp_path):
    names = {"plain_1": [1, 2], "two words": [3, 4], "node": [5, 6], "größe": [7, 8], "2nd": [9, 9]}
    graph = FeatureGraph.from_edges([(0, 1)]).with_attributes(**names)
    path = write_dot(graph, tmp_path / "a.dot")
    text = path.read_text()
    for key in (' plain_1="1"', ' "two words"="3"', ' "node"="5"', ' "größe"="7"', ' "2nd"="9"'):
        assert key in text
    back = read_graph(path)
    assert {name: back.node_attributes[name].tolist() for name in names} == names
