"""Files as other programs write them, one small one a row, and the graph that they hold."""

from __future__ import annotations

import io
import json
import re
from contextlib import nullcontext

import networkx as nx
import numpy as np
import pytest

from featgraph.io import read_graph, read_tables
from tests.io.samples import gexf, graphml
from tests.io.test_reading_rules import columns, named_edges, read

ANN = {frozenset(("ann", "bob")), frozenset(("bob", "eve"))}
ABC = {frozenset("ab"), frozenset("bc")}

TABLES = [  # name, text, edges
    ("a.csv", "Source Node,Target Node\nann,bob\nbob,eve\n", ANN),
    ("a.csv", "source_id,target_id\nann,bob\nbob,eve\n", ANN),
    ("a.csv", "start,end\nann,bob\nbob,eve\n", ANN),
    ("a.tsv", "Node 1\tNode 2\nann\tbob\nbob\teve\n", ANN),
    ("a.txt", "origin destination\nann bob\nbob eve\n", ANN),
    # titles that are names of nodes, too, are none
    ("a.edges", "node1 node2\nnode2 node3\n", {frozenset(("node1", "node2")),
                                               frozenset(("node2", "node3"))}),
    ("a.edges", "u v\nv w\n", {frozenset("uv"), frozenset("vw")}),
    # digits that are names: 007 is not 7
    ("a.edges", "007 7\n7 8\n", {frozenset(("007", "7")), frozenset("78")}),
    ("a.csv", "source,target\n7,007\n7,08\n", {frozenset(("007", "7")), frozenset(("7", "08"))}),
    ("a.edges", "+1 1\n1 2\n", {frozenset(("+1", "1")), frozenset("12")}),
    ("a.edges", "-0 0\n0 1\n", {frozenset(("-0", "0")), frozenset("01")}),
    # 2.0 is one node in both columns, also where one column alone has real numbers or words
    ("a.edges", "1.5 2.0\n2.0 3.0\n", {frozenset(("1.5", "2.0")), frozenset(("2.0", "3.0"))}),
    ("a.csv", "source,target\nx,2.0\n2.0,3.0\n",
     {frozenset(("x", "2.0")), frozenset(("2.0", "3.0"))}),
    ("a.csv", "source,target\n1.0,2\n2.0,3\n", {frozenset((1, 2)), frozenset((2, 3))}),
    ("a.edges", "a b 1\n1 2 1\n", {frozenset("ab"), frozenset("12")}),  # no titles: 1 is a weight
    ("a.csv", ",source,target\nx,a,b\ny,b,c\n", ABC),  # rows with names
    # separators: a comma inside of names, at the end of lines, rows of nothing else
    ("a.csv", "a;b,c\nb,c;d\n", {frozenset(("a", "b,c")), frozenset(("b,c", "d"))}),
    ("a.csv", "a,b,\nb,c,\n", ABC),
    ("a.csv", "a,b\nb,c\n,\n,\n", ABC),
    ("a.edges", "a b {}\nb c {}\n", ABC),
    ("a.net", "/* saved by hand */\n*Vertices 3\n1 a\n2 b\n3 c\n*Edges\n1 2\n2 3\n", ABC),
    ("a.dot", "graph{a--b--c}", ABC),
    ("a.dot", "graph { a--b; b -- c }", ABC),
    ("a.dot", 'graph { "a":p--b:"x--y":s; b--c }', ABC),
    ("a.dot", "graph { 1--2; 2 ---3 }", {frozenset((1, 2)), frozenset((2, -3))}),
    ("a.cyjs", json.dumps([{"data": {"id": "a"}}, {"data": {"id": "b"}}, {"data": {"id": "c"}},
                           {"data": {"source": "a", "target": "b"}},
                           {"data": {"source": "b", "target": "c"}}]), ABC),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), TABLES)
def test_edges(name, text, expected, tmp_path):
    titled = any(mark in text.split("\n")[0] for mark in ("Source N", "_id", "Node 1"))
    with pytest.warns(UserWarning, match="took line 1 for titles") if titled else nullcontext():
        graph = read(tmp_path, name, text)
    assert named_edges(graph) == expected


WEIGHTS = [  # name, text, weights
    ("a.csv", "1;2;0,5\n2;3;0,75\n", [0.5, 0.75]),
    ("a.csv", "Source;Target;Weight\n1;2;0,5\n2;3;-1,5\n", [0.5, -1.5]),
    ("a.edges", "a b {'weight': 0.5, 'kind': 'x y'}\nb c {'weight': 0.75}\n", [0.5, 0.75]),
]


@pytest.mark.parametrize(("name", "text", "expected"), WEIGHTS)
def test_weights(name, text, expected, tmp_path):
    assert read(tmp_path, name, text, weight="weight").edge_weights.tolist() == expected


def test_what_networkx_writes_by_default_comes_back(tmp_path):
    source = nx.Graph([(0, 1, {"weight": 0.5, "kind": "x, y"}), (1, 2, {"weight": 2, "kind": ""})])
    nx.write_edgelist(source, tmp_path / "a.edgelist")
    graph = read_graph(tmp_path / "a.edgelist", weight="weight")
    assert graph.edge_weights.tolist() == [0.5, 2.0]
    assert columns(graph, edges=True) == {"kind": ["x, y", ""]}
    source = json.dumps(nx.cytoscape_data(nx.DiGraph([("a", "b")])))
    with pytest.raises(ValueError, match="graph is directed"):
        read(tmp_path, "a.cyjs", source)
    assert read(tmp_path, "a.cyjs", source, as_undirected=True).n_edges == 1


def whole_numbers(texts):
    key = "<key id='k' for='node' attr.name='n' attr.type='int'/>"
    nodes = [(name, f"<data key='k'>{text}</data>") for name, text in zip("ab", texts, strict=True)]
    return graphml(nodes, [("a", "b")], key)


VALUES = [  # name, text, columns of the nodes
    ("a.graphml", whole_numbers(["\n  ", "\n 3\n"]), {"n": [None, 3]}),
    ("a.graphml", whole_numbers(["1.0", "2"]), {"n": [1, 2]}),  # as R writes them
    ("a.graphml", whole_numbers(["1", "2"]).replace("int", "Int"), {"n": [1, 2]}),
    ("a.gml", 'graph [ node [ id 0 tags "a" tags "b" ] node [ id 1 ] ]', {"tags": [["a", "b"],
                                                                             ["", ""]]}),
    ("a.gml", "graph [ node [ id 0 graphics [ center [ x 1 y 2 ] ] ] node [ id 1 ] ]",
     {"position": [[1.0, 2.0], [np.nan, np.nan]]}),
    ("a.dot", 'graph { a [label=<b>, note=<i <b>x</b>>]; b [label="c"] }',
     {"label": ["b", "c"], "note": ["i <b>x</b>", ""]}),
    ("a.cyjs", '{"elements": {"nodes": [{"data": {"id": "a", "t": ["x", "y"]}}, '
     '{"data": {"id": "b"}}]}}', {"t": [["x", "y"], ["", ""]]}),
    ("a.gexf", gexf([("a", "<viz:color r='1.0' g='0' b='0'/>"), ("b", "<viz:color hex='00ff00'/>")],
                    []), {"color": [[1, 0, 0], [0, 255, 0]]}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), VALUES)
def test_values(name, text, expected, tmp_path):
    found = columns(read(tmp_path, name, text))
    assert repr(found) == repr(expected)


REFUSED = [  # name, text, what is said
    (
        "a.edges",
        "1 2 1\n1 2 1 9\n",
        "line 2: expected 'u v' or 'u v weight', got '1 2 1 9'; name more columns in a line above",
    ),
    ("a.csv", ",a,b,c\na,0,1,0\nb,1,0,1\nc,0,1,0\n", "the table has names in an untitled first"),
    ("a.edges", "a b {'weight': 0.5\n", "line 1: expected a dictionary, got \"{'weight'"),
    ("a.edges", "a b {'w': 1}\nb c {[]: 2}\n", "line 2: expected a dictionary"),
    ("a.graphml", whole_numbers(["1.5", "2"]), "attribute 'n' must be of type int, got '1.5'"),
]


@pytest.mark.parametrize(("name", "text", "told"), REFUSED)
def test_what_cannot_be_read_is_named(name, text, told, tmp_path):
    with pytest.raises(ValueError, match=re.escape(f"{name}: {told}")):
        read(tmp_path, name, text)


def test_what_never_closes_costs_no_time():
    for head in ("graph { a [x=" + 20_000 * "<a>", "graph { a [x=" + 20_000 * "<",
                 "graph { " + 20_000 * "a--"):  # fmt: skip
        with pytest.raises(ValueError, match="stream: "):
            read_graph(io.StringIO(head), format="dot")


NODES = {"Id": [1, 2, 3], "group": ["x", "y", "x"]}
FRAMES = [  # a table of edges as other programs hold it
    {"source": [1.0, 2.0], "target": [2.0, 3.0]},  # whole numbers beside a gap that is gone
    {"source": ["1.0", "2.0"], "target": ["2", "3"]},
    {"source": np.array([1, 2]), "target": np.array([2.0, 3.0], dtype=np.float32)},
]


@pytest.mark.parametrize("edges", FRAMES)
def test_whole_numbers_are_one_name_however_they_are_held(edges):
    for nodes in (None, NODES):
        graph = read_tables(edges, nodes)
        assert named_edges(graph) == {frozenset((1, 2)), frozenset((2, 3))}
        assert graph.node_labels == (1, 2, 3)


def test_data_frames_that_are_no_tables_of_edges_are_refused():
    pandas = pytest.importorskip("pandas")
    ring = 1.0 - np.eye(4)
    for names in (list("abcd"), range(4)):
        matrix = pandas.DataFrame(ring, index=names, columns=names)
        with pytest.raises(ValueError, match="edges must have a row for each edge, .* matrix of"):
            read_tables(matrix)
    with pytest.raises(ValueError, match="the table has names in an untitled first column"):
        read_tables(pandas.DataFrame(ring, index=list("abcd"), columns=list("pqrs")))
    with pytest.raises(ValueError, match="edges must have columns of different names"):
        read_tables(pandas.DataFrame(ring, columns=list("abba")))
    edges = pandas.DataFrame([[0, 1, 0.5], [1, 2, 0.25], [2, 0, 1.0]])
    assert read_tables(edges, weight="weight").n_edges == 3


@pytest.mark.parametrize(
    ("edges", "told"),
    [
        ({"u": [1], "v": [2, 3]}, r"edges must have columns of one length, got \{'u': 1, 'v': 2\}"),
        (np.eye(2), "edges must be a path, an open file, a data frame, .* got an array of"),
        ([(0, 1)], "edges must be a path"),
    ],
)
def test_tables_of_other_kinds_are_refused_by_name(edges, told):
    with pytest.raises(ValueError, match=told):
        read_tables(edges)


def test_missing_cells_of_data_frames():
    pandas = pytest.importorskip("pandas")
    whole = pandas.array([5, None], dtype="Int64")
    ends = {"source": pandas.array([1, 2], dtype="Int64"), "target": [2, 3]}
    graph = read_tables(pandas.DataFrame({**ends, "n": whole, "kind": ["a", None]}))
    assert columns(graph, edges=True) == {"n": [5, None], "kind": ["a", ""]}
    for gap in (None, np.nan, pandas.NA):
        edges = pandas.DataFrame(
            {"source": [1, 2], "target": pandas.Series([2, gap], dtype=object)}
        )
        with pytest.raises(ValueError, match="row 2 of the edges lacks an end"):
            read_tables(edges)
    nodes = pandas.DataFrame({"id": [1, None]})
    with pytest.raises(ValueError, match="row 2 of the nodes lacks an id"):
        read_tables({"source": [1], "target": [2]}, nodes)
