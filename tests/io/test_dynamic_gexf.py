"""GEXF with time: what Gephi's importer asks of it, round trips, hostile and broken files."""

from __future__ import annotations

import itertools
import math
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from hypothesis import given, strategies as st
from numpy.testing import assert_allclose

from featgraph.graph import FeatureGraph
from featgraph.io import read_dynamic_gexf, write_dynamic_gexf

NS = "{http://gexf.net/1.3}"
VIZ = "{http://gexf.net/1.3/viz}"


def make_graphs():
    rates = {0: [0.5, 1.5, 2.5, 3.5], 2: [0.5, 1.0, 2.5, 3.5], 5: [0.25, 1.0, 2.5, math.nan]}
    edges = {0: [(0, 1), (1, 2)], 2: [(0, 1), (2, 3)], 5: [(0, 1), (1, 2), (2, 3)]}
    return {
        time: FeatureGraph.from_edges(
            edges[time], n_nodes=4, weights=[1.0 + time] * len(edges[time])
        ).with_attributes(rate=rates[time])
        for time in edges
    }


def spans_of(rows):
    return [(float(row.get("start")), float(row.get("end"))) for row in rows]


@pytest.mark.parametrize("words", [["disc", "square"], ["ellipse", "disc"]])
def test_shapes_that_the_format_does_not_know_stay_a_column(words, tmp_path):
    graph = FeatureGraph.from_edges([(0, 1)]).with_attributes(shape=words)
    path = write_dynamic_gexf({0: graph, 1: graph}, tmp_path / "x.gexf")
    drawn = [shape.get("value") for shape in ElementTree.parse(path).getroot().iter(f"{VIZ}shape")]
    assert drawn == ([] if "ellipse" in words else words)
    assert read_dynamic_gexf(path)[0.0].node_attributes["shape"].tolist() == words


def test_structure_is_what_gephi_reads(tmp_path):
    path = write_dynamic_gexf(make_graphs(), tmp_path / "x.gexf", end=6)
    root = ElementTree.parse(path).getroot()
    assert root.tag == f"{NS}gexf"
    assert root.get("version") == "1.3"
    graph = root.find(f"{NS}graph")
    assert {k: graph.get(k) for k in ("mode", "timeformat", "timerepresentation")} == {
        "mode": "dynamic",
        "timeformat": "double",
        "timerepresentation": "interval",
    }
    assert (graph.get("start"), graph.get("end")) == ("0.0", "6.0")
    blocks = graph.findall(f"{NS}attributes")
    assert {(b.get("class"), b.get("mode")) for b in blocks} == {
        ("node", "dynamic"),
        ("edge", "dynamic"),
    }
    types = {a.get("title"): a.get("type") for a in blocks[0].findall(f"{NS}attribute")}
    assert types["degree"] == types["community"] == "long"
    assert types["rate"] == "double"
    for node in graph.iter(f"{NS}node"):
        assert node.find(f"{VIZ}color") is not None
        by_column = itertools.groupby(node.iter(f"{NS}attvalue"), key=lambda row: row.get("for"))
        for _, rows in by_column:
            check_stretches(spans_of(rows))
    for edge in graph.iter(f"{NS}edge"):
        check_stretches(spans_of(edge.iter(f"{NS}spell")))


def check_stretches(spans):
    """Gephi refuses overlapping stretches, and stretches of no length play nothing."""
    assert all(start < stop for start, stop in spans)
    assert all(a[1] <= b[0] for a, b in itertools.pairwise(spans))


def test_equal_values_are_one_stretch_and_edges_come_and_go(tmp_path):
    path = write_dynamic_gexf(make_graphs(), tmp_path / "x.gexf", end=6)
    graph = ElementTree.parse(path).getroot().find(f"{NS}graph")
    spells = {
        (e.get("source"), e.get("target")): spans_of(e.iter(f"{NS}spell"))
        for e in graph.iter(f"{NS}edge")
    }
    assert spells == {
        ("0", "1"): [(0.0, 6.0)],
        ("1", "2"): [(0.0, 2.0), (5.0, 6.0)],
        ("2", "3"): [(2.0, 6.0)],
    }


def test_round_trip(tmp_path):
    graphs = make_graphs()
    back = read_dynamic_gexf(write_dynamic_gexf(graphs, tmp_path / "x.gexf"))
    assert list(back) == [0.0, 2.0, 5.0]
    for time, graph in graphs.items():
        found = back[time]
        assert found.edges.tolist() == graph.edges.tolist()
        assert_allclose(found.edge_weights, graph.edge_weights)
        assert_allclose(found.node_attributes["rate"], graph.node_attributes["rate"])
        assert found.node_attributes["degree"].tolist() == graph.degrees.tolist()


@given(
    rounds=st.lists(
        st.sets(st.tuples(st.integers(0, 4), st.integers(0, 4)).filter(lambda e: e[0] < e[1])),
        min_size=1,
        max_size=4,
    )
)
def test_edges_of_any_graphs_come_back(rounds, tmp_path_factory):
    path = tmp_path_factory.mktemp("gexf") / "x.gexf"
    graphs = {
        t: FeatureGraph.from_edges(np.array(sorted(edges)).reshape(-1, 2), n_nodes=5)
        for t, edges in enumerate(rounds)
    }
    back = read_dynamic_gexf(write_dynamic_gexf(graphs, path))
    for time, graph in graphs.items():
        current = back[max(known for known in back if known <= time)]
        assert current.edges.tolist() == graph.edges.tolist()


def test_labels_with_markup_and_booleans_come_back(tmp_path):
    labels = ("a<b", 'x"y&')
    graph = FeatureGraph.from_edges([(0, 1)], labels=labels).with_attributes(alive=[True, False])
    back = read_dynamic_gexf(write_dynamic_gexf({0.5: graph}, tmp_path / "x.gexf"))[0.5]
    assert back.node_labels == labels
    assert back.node_attributes["alive"].tolist() == [True, False]


def test_communities_keep_their_number(tmp_path):
    # two triangles; the second graph lists them the other way round
    triangles = [(0, 1), (1, 2), (0, 2), (3, 4), (4, 5), (3, 5)]
    first = FeatureGraph.from_edges(triangles).with_attributes(community=[0, 0, 0, 1, 1, 1])
    second = first.with_attributes(community=[1, 1, 1, 0, 0, 2])
    path = write_dynamic_gexf({0: first, 1: second}, tmp_path / "x.gexf")
    back = read_dynamic_gexf(path)
    assert back[1.0].node_attributes["community"].tolist() == [0, 0, 0, 1, 1, 3]


def test_bad_input(tmp_path):
    path = tmp_path / "x.gexf"
    graph = FeatureGraph.from_edges([(0, 1)])
    with pytest.raises(ValueError, match="graphs must hold at least one time"):
        write_dynamic_gexf({}, path)
    with pytest.raises(ValueError, match="times must be finite numbers, got nan"):
        write_dynamic_gexf({math.nan: graph}, path)
    with pytest.raises(ValueError, match="end must be after the last time 3, got 3"):
        write_dynamic_gexf({3: graph}, path, end=3)
    other = FeatureGraph.from_edges([(0, 1)], n_nodes=3)
    with pytest.raises(ValueError, match="graphs must all have the same nodes, the one at 2"):
        write_dynamic_gexf({1: graph, 2: other}, path)
    assert not path.exists()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<gexf><graph mode='static'/></gexf>", "holds no <graph mode="),
        ("<gexf>", "x.gexf: no element found"),
        ("<!DOCTYPE gexf><gexf/>", "declares a document type"),
        (
            "<gexf><graph mode='dynamic'><nodes><node id='a' start='soon'/></nodes></graph></gexf>",
            "a time must be a number or a date, got 'soon'",
        ),
        (
            "<gexf><graph mode='dynamic'><nodes><node id='a' start='3' end='2'/></nodes></graph>"
            "</gexf>",
            "a stretch of time ends at 2 before it starts at 3",
        ),
        ("<gexf><graph mode='dynamic'><nodes/></graph></gexf>", "holds no node at any time"),
        (
            "<gexf><graph mode='dynamic'><nodes><node id='a'/><node id='a'/></nodes></graph>"
            "</gexf>",
            "every node needs an id of its own, got a twice",
        ),
        (
            "<gexf><graph mode='dynamic'><nodes><node id='a' start='9007199254740993'/></nodes>"
            "</graph></gexf>",
            "the time 9007199254740993 is too large to be told from 9007199254740992",
        ),
    ],
)
def test_broken_files_are_named(tmp_path, text, message):
    path = tmp_path / "x.gexf"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_dynamic_gexf(path)
    with pytest.raises(FileNotFoundError):
        read_dynamic_gexf(tmp_path / "none.gexf")
