"""What is written obeys the schema of its format and comes back whole, whatever it holds."""

from __future__ import annotations

import re
import sys
import tracemalloc
import xml.etree.ElementTree as ElementTree

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from featgraph.graph import FeatureGraph, feature_graph
from featgraph.io import (
    read_gexf,
    read_graph,
    read_graphml,
    write_dynamic_gexf,
    write_gexf,
    write_graphml,
)

G, V = "{http://gexf.net/1.3}", "{http://gexf.net/1.3/viz}"
TIME = {"start", "end"}
FLOAT = r"-?(\d+(\.\d*)?([eE][-+]?\d+)?|INF)|NaN"
KINDS = (
    "integer|long|double|float|boolean|bigdecimal|biginteger|byte|char|short|liststring|string|"
    "anyURI"
)
#: gexf.rnc, dynamics.rnc and viz.rnc of version 1.3: element -> attributes that must and may be
#: there, and the children in order (a list) or in any order (a set), each at most once unless
#: followed by *.
SCHEMA = {
    f"{G}gexf": ({"version"}, {"variant"}, ["meta", "graph"]),
    f"{G}meta": (set(), {"lastmodifieddate"}, {"creator", "keywords", "description"}),
    f"{G}graph": (
        set(),
        {"defaultedgetype", "idtype", "mode", "timeformat", "timerepresentation", "timezone"}
        | TIME,
        ["attributes*", "nodes", "edges"],
    ),
    f"{G}attributes": ({"class"}, {"mode"}, ["attribute*"]),
    f"{G}attribute": ({"id", "title", "type"}, set(), {"default", "options"}),
    f"{G}nodes": (set(), {"count"}, ["node*"]),
    f"{G}edges": (set(), {"count"}, ["edge*"]),
    f"{G}node": (
        {"id"},
        {"label", "pid"} | TIME,
        {"attvalues", "spells", f"{V}color", f"{V}position", f"{V}size", f"{V}shape"},
    ),
    f"{G}edge": (
        {"source", "target"},
        {"id", "type", "label", "weight", "kind"} | TIME,
        {"attvalues", "spells", f"{V}color", f"{V}thickness", f"{V}shape"},
    ),
    f"{G}attvalues": (set(), set(), ["attvalue*"]),
    f"{G}attvalue": ({"for", "value"}, TIME, []),
    f"{G}spells": (set(), set(), ["spell*"]),
    f"{G}spell": (set(), TIME, []),
    f"{V}color": ({"r", "g", "b"}, {"a"}, []),
    f"{V}position": ({"x", "y"}, {"z"}, []),
    f"{V}size": ({"value"}, set(), []),
    f"{V}thickness": ({"value"}, set(), []),
    f"{V}shape": ({"value"}, {"uri"}, []),
    **{f"{G}{name}": (set(), set(), []) for name in ("creator", "keywords", "description")},
}
VALUES = {  # what an attribute of an element must look like
    "version": r"1\.3",
    "class": "node|edge",
    "mode": "static|dynamic",
    "timeformat": "integer|double|date|dateTime",
    "timerepresentation": "interval|timestamp",
    "defaultedgetype": "directed|undirected|mutual",
    "count": r"\d+",
    **dict.fromkeys(("r", "g", "b"), r"\d|[1-9]\d|1\d\d|2[0-4]\d|25[0-5]"),
    **dict.fromkeys(("x", "y", "z", "weight", "start", "end"), FLOAT),
}


def check_gexf(path):
    """Compare a file with the rules of the schema; ids of edges and columns must differ."""
    root = ElementTree.parse(path).getroot()
    assert root.tag == f"{G}gexf"
    check_element(root)
    for owner in ("node", "edge"):
        ids = [item.get("id") for item in root.iter(f"{G}{owner}")]
        assert len(set(ids)) == len(ids)
        columns = root.findall(f"{G}graph/{G}attributes[@class='{owner}']/{G}attribute")
        known = {column.get("id") for column in columns}
        told = {
            value.get("for")
            for item in root.iter(f"{G}{owner}")
            for value in item.iter(f"{G}attvalue")
        }
        assert told <= known
        assert all(re.fullmatch(KINDS, column.get("type")) for column in columns)


def check_element(element):
    must, may, children = SCHEMA[element.tag]
    plain = {name for name, _ in element.items()}
    assert must <= plain <= must | may, element.tag
    for name in plain & VALUES.keys():
        assert re.fullmatch(VALUES[name], element.get(name)), (element.tag, name, element.get(name))
    full = [c if c.startswith("{") else G + c for c in children]
    names = [c.removesuffix("*") for c in full]
    tags = [child.tag for child in element]
    assert set(tags) <= set(names), (element.tag, tags)
    for name in names:
        assert name + "*" in full or tags.count(name) <= 1
    if isinstance(children, list):
        assert tags == sorted(tags, key=names.index), f"{element.tag}: children out of order"
    for child in element:
        check_element(child)


def network():
    features = np.random.default_rng(0).normal(size=(12, 6))
    return feature_graph(features, epsilon=("degree", 4))


def dressed():
    graph = FeatureGraph.from_edges(
        [(0, 1), (1, 2)],
        labels=["a", "b<c", "d"],
        edge_attributes={
            "kind": np.array(["x", ""]),
            "color": np.array([[1, 2, 3], [np.nan] * 3]),
            "thickness": np.array([np.inf, 2.0]),
            "shape": np.array(["dashed", ""]),
            "label": np.array(["", "l"]),
        },
    )
    return graph.with_attributes(
        color=[[1, 2, 3], [300, -1, 4], [np.nan] * 3],
        alpha=[0.5, 2.0, np.nan],
        shape=["disc", "", "square"],
        size=[1.0, np.nan, -1.0],
        big=[2**64, None, 1],
        label=["A", "", "C"],
    )


STATIC = {
    "plain": (FeatureGraph.from_edges([(0, 1)]), {}),
    "no edges": (FeatureGraph.from_edges([], n_nodes=2), {"positions": None}),
    "weighted": (network(), {}),
    "with edge columns": (network(), {"weight": "similarity"}),
    "with looks": (dressed(), {}),
    "other shapes": (dressed().with_attributes(shape=["cloud", "", "disc"]), {}),
    "in space": (FeatureGraph.from_edges([(0, 1)]), {"positions": np.eye(3)[:2]}),
}


@pytest.mark.parametrize("name", STATIC)
def test_gexf_obeys_the_schema(name, tmp_path):
    graph, options = STATIC[name]
    check_gexf(write_gexf(graph, tmp_path / "a.gexf", **options))


def test_gexf_with_time_obeys_the_schema(tmp_path):
    first = network()
    second = first.subgraph(np.arange(12)).with_attributes(rate=np.linspace(0, 1, 12))
    for k, graphs in enumerate(({0: first, 1: second}, {0: first.without_weights()})):
        check_gexf(write_dynamic_gexf(graphs, tmp_path / f"{k}.gexf"))


def test_other_libraries_read_every_column(tmp_path):
    igraph = pytest.importorskip("igraph")
    graph = dressed().with_attributes(tiny=[5e-324, 1.0, np.inf], alive=[True, False, True])
    written = [nx.read_graphml(write_graphml(graph, tmp_path / "a.graphml"))]
    if nx.__version__ >= "3.5":  # older ones read GEXF up to 1.2
        written.append(nx.read_gexf(write_gexf(graph, tmp_path / "a.gexf")))
    for other in written:
        node = other.nodes["a"]
        assert (node["big"], node["tiny"], node["alive"], node["label"]) == (2**64, 0.0, True, "A")
        assert other.nodes["d"]["tiny"] == np.inf
        assert other.edges["a", "b<c"]["kind"] == "x"
    other = igraph.Graph.Read_GraphML(str(tmp_path / "a.graphml"))
    assert other.vs["big"][0] == 2.0**64
    assert other.vs["alive"] == [True, False, True]


def test_the_check_of_the_schema_finds_faults(tmp_path):
    path = write_gexf(network(), tmp_path / "a.gexf", weight="similarity")
    text = path.read_text()
    block = text[text.index('<attributes class="edge">') : text.rindex("</attributes>") + 14]
    faults = [
        text.replace(block, "").replace("<edges ", block + "<edges "),
        text.replace('<viz:color r="', '<viz:color r="-'),
        text.replace("<meta>", '<meta x="1">'),
    ]
    for fault in faults:
        assert fault != text
        path.write_text(fault)
        with pytest.raises(AssertionError):
            check_gexf(path)


text = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=6)
whole = st.integers(-(2**63), 2**63 - 1)
COLUMNS = {
    "truth": st.booleans(),
    "gaps of truth": st.none() | st.booleans(),
    "whole": whole,
    "gaps of whole": st.none() | whole,
    "big": st.none() | st.integers(-(2**70), 2**70),
    "real": st.floats(allow_subnormal=False) | st.none(),
    "words": text | st.sampled_from(["<&>\"'", " a ", "]]>", "a\nb\tc"]),
    "color": st.lists(st.integers(0, 255), min_size=3, max_size=3),
}


@settings(max_examples=25, deadline=None)
@pytest.mark.parametrize("suffix", ["graphml", "gexf"])
@pytest.mark.parametrize("kind", COLUMNS)
@given(data=st.data())
def test_values_of_every_kind_come_back(kind, suffix, data, tmp_path_factory):
    n = data.draw(st.integers(2, 5))
    values = data.draw(st.lists(COLUMNS[kind], min_size=n, max_size=n))
    if all(value in (None, "") or value != value for value in values):
        values[0] = {"words": "x", "gaps of truth": True}.get(kind, 1)
    name = kind if kind == "color" else "column"
    if kind == "real":
        values = [np.nan if value is None else value for value in values]
    graph = FeatureGraph.from_edges([(0, 1)], n_nodes=n).with_attributes(**{name: values})
    edges = (
        FeatureGraph.from_edges(
            [(0, k) for k in range(1, n + 1)],
            edge_attributes={name: np.asarray(values, dtype=object)},
        )
        if kind != "color"
        else graph
    )
    path = tmp_path_factory.mktemp("written") / f"a.{suffix}"
    write, read = (write_gexf, read_gexf) if suffix == "gexf" else (write_graphml, read_graphml)
    for source, table in ((graph, "node_attributes"), (edges, "edge_attributes")):
        if name not in getattr(source, table):
            continue
        back = getattr(read(write(source, path, positions=None)), table)[name]
        expected = getattr(source, table)[name]
        assert back.dtype.kind == expected.dtype.kind
        np.testing.assert_array_equal(back, expected)


@pytest.mark.parametrize("write", [nx.write_graphml, nx.write_gexf, nx.write_gml])
def test_reading_takes_memory_in_proportion(write, tmp_path):
    kinds = {nx.write_gexf: "gexf", nx.write_gml: "gml"}
    path = tmp_path / f"a.{kinds.get(write, 'graphml')}"
    write(nx.path_graph(30_000), path)
    read_graph(path)  # so that imports are not counted
    tracemalloc.start()
    try:
        read_graph(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 3 * path.stat().st_size


def count_calls(function):
    """Return how many calls of Python functions something takes, on any machine."""
    calls = 0

    def profile(frame, event, _):
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls


def many_keys(n):
    keys = "".join(
        f"<key id='k{k}' for='node' attr.name='k{k}' attr.type='int'><default>1</default></key>"
        for k in range(n)
    )
    nodes = "".join(f"<node id='{i}'/>" for i in range(n))
    return f"<graphml>{keys}<graph edgedefault='undirected'>{nodes}</graph></graphml>"


def long_path(n):
    nodes = "".join(f"<node id='{i}'/>" for i in range(n))
    edges = "".join(f"<edge source='{i}' target='{i + 1}'/>" for i in range(n - 1))
    return f"<graphml><graph edgedefault='undirected'>{nodes}{edges}</graph></graphml>"


@pytest.mark.parametrize("make", [long_path, many_keys])
def test_reading_takes_steps_in_proportion(make, tmp_path):
    steps = []
    for n in (500, 1000, 2000):
        path = tmp_path / f"{n}.graphml"
        path.write_text(make(n))
        steps.append(count_calls(lambda path=path: read_graph(path)))
    assert steps[2] - steps[1] <= 2.2 * (steps[1] - steps[0])


def test_communities_are_sought_only_for_their_colours(tmp_path, monkeypatch):
    from featgraph.boxes import box_cover

    graph = network()
    cover = box_cover(graph, 2, rng=0)
    monkeypatch.setattr("featgraph.io._table.find_communities", None)
    for k, options in enumerate(({"cover": cover}, {"color_by": "degree"})):
        found = read_graphml(write_graphml(graph, tmp_path / f"{k}.graphml", **options))
        assert "community" not in found.node_attributes
    colored = graph.with_attributes(color=np.zeros((12, 3)))
    write_gexf(colored, tmp_path / "a.gexf")
    with pytest.raises(TypeError, match="'NoneType' object is not callable"):
        write_gexf(graph, tmp_path / "b.gexf")
