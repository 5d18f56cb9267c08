"""Cytoscape, Graphviz, tables and data frames: there and back, and as the programs read them."""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import replace

import networkx as nx
import numpy as np
import pytest

from featgraph.graph import FeatureGraph, feature_graph
from featgraph.io import (
    graph_tables,
    read_graph,
    read_tables,
    write_cytoscape,
    write_dot,
    write_graph,
    write_tables,
)
from featgraph.io.frames import write_node_link


def network():
    features = np.random.default_rng(0).normal(size=(12, 6))
    graph = feature_graph(features, epsilon=("degree", 4))
    return graph.with_attributes(
        alive=np.arange(12) % 2 == 0, word=np.array(['a "b" <c>', "ü\\n"] * 6), gap=[7, None] * 6
    )


@pytest.mark.parametrize("suffix", ["graphml", "gexf", "cyjs", "dot", "graphml.gz", "dot.gz"])
def test_every_format_comes_back(suffix, tmp_path):
    graph = network()
    back = read_graph(write_graph(graph, tmp_path / f"a.{suffix}"), weight="weight")
    assert back.edges.tolist() == graph.edges.tolist()
    np.testing.assert_array_equal(back.edge_weights, graph.edge_weights)
    assert back.labels == graph.labels
    for name in ("alive", "word", "gap", "neuron", "mean_activation"):
        column, expected = back.node_attributes[name], graph.node_attributes[name]
        assert column.tolist() == expected.tolist()
        assert column.dtype.kind == expected.dtype.kind
    np.testing.assert_allclose(back.node_attributes["position"], 30 * graph.layout, atol=1e-3)
    assert back.node_attributes["color"].shape == (12, 3)
    np.testing.assert_allclose(back.node_attributes["size"].max(), 24.0)


@pytest.mark.parametrize("suffix", ["graphml", "gexf", "cyjs", "dot"])
def test_looks_and_names_of_our_own_come_back(suffix, tmp_path):
    graph = FeatureGraph.from_edges([(0, 1), (1, 2)]).with_attributes(
        alpha=[0.5, np.nan, 1.0], attribute_x=[1, 2, 3], x=[4, 5, 6]
    )
    graph = replace(graph, edge_attributes={"shape": np.array(["dashed", ""])})
    back = read_graph(write_graph(graph, tmp_path / f"a.{suffix}"))
    for name, column in graph.node_attributes.items():
        assert repr(back.node_attributes[name].tolist()) == repr(column.tolist())
    assert back.edge_attributes["shape"].tolist() == ["dashed", ""]


def test_streams_are_written_and_read():
    graph = network()
    for name in ("graphml", "gexf", "cyjs", "dot"):
        for out in (io.StringIO(), io.BytesIO()):
            write_graph(graph, out, format=name)
            out.seek(0)
            assert read_graph(out, format=name, weight="weight").n_edges == graph.n_edges
    with pytest.raises(ValueError, match="format must be one of .*did you mean '.gexf'"):
        write_graph(graph, io.StringIO(), format="gexff")
    with pytest.raises(ValueError, match="suffix of (the path|edges|nodes) must be one of"):
        write_graph(graph, "a.xyz")


def test_packed_files_are_the_same_every_time(tmp_path):
    for name in ("a.gexf.gz", "b.gexf.gz"):
        write_graph(network(), tmp_path / name)
    first, second = ((tmp_path / f"{k}.gexf.gz").read_bytes() for k in "ab")
    assert first == second
    assert gzip.decompress(first).startswith(b"<?xml")


def test_cytoscape_files_are_read_by_networkx(tmp_path):
    graph = FeatureGraph.from_edges([(0, 1)], labels=["a", "b"], weights=[0.5])
    data = json.loads(write_cytoscape(graph, tmp_path / "a.cyjs").read_text())
    data["directed"] = False
    other = nx.cytoscape_graph(data)
    assert other.edges["a", "b"]["weight"] == 0.5
    assert other.nodes["a"]["degree"] == 1


def test_nodes_and_links_come_back(tmp_path):
    graph = FeatureGraph.from_edges([(0, 1), (1, 2)], labels=["a", "b", "c"], weights=[0.5, 2])
    graph = graph.with_attributes(real=[0.5, np.nan, np.inf], whole=[1, None, 3])
    path = write_node_link(graph, tmp_path / "a.json")
    back = read_graph(path)  # which says itself that its weights are lengths
    assert back.node_labels == graph.node_labels
    assert back.edge_weights.tolist() == [0.5, 2]
    assert back.node_attributes["whole"].tolist() == [1, None, 3]
    np.testing.assert_array_equal(back.node_attributes["real"], [0.5, np.nan, np.nan])
    with path.open() as text:
        assert nx.node_link_graph(json.load(text), edges="links").edges["a", "b"]["weight"] == 0.5


def test_columns_called_like_parts_of_json_stay(tmp_path):
    graph = FeatureGraph.from_edges([(0, 1)]).with_attributes(key=["x", "y"], data=[3, 4])
    back = read_graph(write_cytoscape(graph, tmp_path / "a.cyjs"))
    assert back.node_attributes["key"].tolist() == ["x", "y"]
    assert back.node_attributes["data"].tolist() == [3, 4]


def test_cytoscape_files_of_others(tmp_path):
    path = tmp_path / "a.cyjs"
    path.write_text(
        '{"elements": [{"data": {"id": "x", "n": 1}, "position": {"x": 1, "y": 2}},'
        '{"data": {"id": "y", "n": 9007199254740993, "deep": {}}},'
        '{"data": {"id": "e", "source": "x", "target": "y", "kind": "k"}}]}'
    )
    with pytest.warns(UserWarning, match="left out 'deep'"):
        graph = read_graph(path)
    assert graph.node_labels == ("x", "y")
    assert graph.node_attributes["n"].tolist() == [1, 2**53 + 1]
    np.testing.assert_array_equal(graph.node_attributes["position"], [[1, -2], [np.nan] * 2])
    assert graph.edge_attributes["kind"].tolist() == ["k"]
    for text, message in (
        ("[]", "holds no 'elements'"),
        (
            '{"elements": {"nodes": [{"data": {"id": 1}}], "edges": [{"data": {"source": 1}}]}}',
            "an element lacks 'target'",
        ),
        ('{"elements": [1]}', "expected an object for each node and edge, got 1"),
        ("{", "Expecting property name"),
        ("[" * 100_000, "nested too deeply"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=f"a.cyjs: {message}"):
            read_graph(path)


DOT = """/* a graph */ strict graph "G" { rankdir=LR; node [shape=box];
a -- b -- c:n [len=2.5, label="x \\"y\\""]; // a chain
subgraph cluster { d [n=1; m=0.5 pos="1,2!"]; c -- d [len=1] } "e f"; # one alone
}"""


def test_dot_files_of_others(tmp_path):
    path = tmp_path / "a.dot"
    path.write_text(DOT)
    graph = read_graph(path, weight="len")
    assert graph.node_labels == ("a", "b", "c", "d", "e f")
    assert graph.edge_weights.tolist() == [2.5, 2.5, 1.0]
    assert graph.edge_attributes["label"].tolist() == ['x "y"', 'x "y"', ""]
    assert graph.node_attributes["n"].tolist() == [None, None, None, 1, None]
    with pytest.raises(ValueError, match="graph carries edge weights"):
        read_graph(path)
    for text, message in (
        ("graph { a -- ; b }", "an edge lacks an end"),
        ("graph { " + 300 * "{", "has braces inside of more than 200 braces"),
        ("digraph { a -> b }", "graph is directed"),
        ("graph { a", "ends before the last brace closes"),
        ("graph { a }\ngraph { b }", "line 2: cannot be read"),
        ("graph { a [x= }", r"line 1: cannot be read: '\[x= \}'"),
        ("graph { a\n@ }", "line 2: cannot be read"),
        ("graph { a [width=wide] }", "could not convert string to float: 'wide'"),
        ("a", "expected 'graph' or 'digraph'"),
    ):
        path.write_text(text)
        with pytest.raises(ValueError, match=message):
            read_graph(path)


LAID_OUT = r"""digraph G {
	graph [bb="0,0,126,108"]; node [label="\N", width=1]; edge [weight=2];
	subgraph near { edge [weight=3]; a -> b [pos="e,40,31 50,40 60,50 70,60"]; }
	b -> c [label="long \
text", weight=5]; c -> d; a [pos="27,18", width=""];
}
"""


def test_edges_of_dot_keep_their_usual_weight_and_their_course(tmp_path):
    path = tmp_path / "a.dot"
    path.write_text(LAID_OUT)
    graph = read_graph(path, weight="weight", as_undirected=True)
    assert graph.edges.tolist() == [[0, 1], [1, 2], [2, 3]]
    assert graph.edge_weights.tolist() == [3, 5, 2]
    told = {name: column.tolist() for name, column in graph.edge_attributes.items()}
    assert told == {
        "pos": ["e,40,31 50,40 60,50 70,60", "", ""], "label": ["", "long text", ""],
    }  # fmt: skip
    assert graph.node_attributes["position"].tolist()[0] == [27, 18]


@pytest.mark.filterwarnings("ignore:.* deprecated:DeprecationWarning")  # of pyparsing, in pydot
def test_dot_files_are_read_by_graphviz_programs(tmp_path):
    pydot = pytest.importorskip("pydot")
    (found,) = pydot.graph_from_dot_file(write_dot(network(), tmp_path / "a.dot"))
    assert len(found.get_edges()) == network().n_edges


@pytest.mark.parametrize("suffix", ["csv", "csv.gz", "parquet"])
def test_tables_come_back(suffix, tmp_path):
    if suffix == "parquet":
        pytest.importorskip("pyarrow")
    huge = [2**70, *[None] * (network().n_nodes - 1)]
    graph = network().with_attributes(huge=np.array(huge, dtype=object))
    paths = tmp_path / f"nodes.{suffix}", tmp_path / f"edges.{suffix}"
    write_tables(graph, *paths)
    back = read_tables(paths[1], paths[0], weight="weight")
    assert back.edges.tolist() == graph.edges.tolist()
    np.testing.assert_array_equal(back.edge_weights, graph.edge_weights)
    for name in ("gap", "alive", "word", "huge"):
        assert back.node_attributes[name].tolist() == graph.node_attributes[name].tolist()


def test_frames_and_arrow_tables():
    pandas, pyarrow = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
    graph = network()
    nodes, edges = graph_tables(graph)
    for make in (pandas.DataFrame, lambda table: pyarrow.table(dict(table))):
        listed = {k: v.tolist() if isinstance(v, np.ndarray) else v for k, v in nodes.items()}
        back = read_tables(make(edges), make(listed), weight="weight")
        np.testing.assert_array_equal(back.edge_weights, graph.edge_weights)
        assert back.node_attributes["word"].tolist() == graph.node_attributes["word"].tolist()
    frame = pandas.DataFrame({"from": [1, 2], "to": [2, 3], "cost": [0.5, np.nan]})
    assert read_tables(frame, weight="ignore").n_edges == 2


def test_tables_that_are_broken(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("Source,Target\n1\n")
    with pytest.raises(ValueError, match=r"a\.csv: line 2: has 1 columns, lines before it 2"):
        read_tables(path)
    path.write_text("# nothing\n")
    with pytest.raises(ValueError, match=r"a\.csv: holds no line of titles"):
        read_tables(path)
    path.write_text("Source;Target;far\n1;2;0.5\n")
    assert read_tables(path, weight="far").edge_weights.tolist() == [0.5]
    with pytest.raises(ValueError, match="graph is directed"):
        read_tables({"Source": [1], "Target": [2], "Type": ["Directed"]})
    with pytest.raises(ValueError, match="suffix of (the path|edges|nodes) must be one of"):
        write_tables(network(), None, tmp_path / "a.xls")
