"""GraphML and GEXF: read back whole, readable by others, free of the traps of Gephi's importer."""

from __future__ import annotations

import dataclasses
import xml.etree.ElementTree as ElementTree

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from featgraph.boxes import BoxCover
from featgraph.graph import FeatureGraph, as_feature_graph
from featgraph.io import box_colors, read_gexf, read_graphml, write_gexf, write_graphml

igraph = pytest.importorskip("igraph")

FORMATS = {"graphml": (write_graphml, read_graphml), "gexf": (write_gexf, read_gexf)}
GRAPHML = "{http://graphml.graphdrawing.org/xmlns}"
GEXF = "{http://gexf.net/1.3}"
VIZ = "{http://gexf.net/1.3/viz}"


def karate(**attributes):
    graph = as_feature_graph(nx.karate_club_graph(), weight="weight")
    return dataclasses.replace(
        graph.with_attributes(neuron=np.arange(34), mean_activation=np.linspace(-1, 1, 34)),
        layer="layer3.0",
        epsilon=0.75,
        epsilon_rule="degree=4",
        source="resnet",
    ).with_attributes(**attributes)


def cover_of(graph, size=2, kind="diameter"):
    labels = np.arange(graph.n_nodes) % 5
    return BoxCover(labels, size=size, kind=kind, method="greedy")


@pytest.mark.parametrize("name", FORMATS)
def test_everything_comes_back(name, tmp_path):
    write, read = FORMATS[name]
    graph = karate(dead=np.arange(34) % 2 == 0, gap=np.where(np.arange(34) < 5, np.nan, 0.1))
    positions = np.random.default_rng(0).normal(size=(34, 2))
    covers = {2: cover_of(graph), "r": cover_of(graph, 1, "radius")}
    path = tmp_path / f"g.{name}"
    assert write(graph, path, cover=covers[2], covers=covers, positions=positions) == path
    back = read(path)
    for array in ("indptr", "indices", "weights"):
        np.testing.assert_array_equal(getattr(back, array), getattr(graph, array))
    assert back.labels == graph.labels
    for key, column in graph.node_attributes.items():
        np.testing.assert_array_equal(back.node_attributes[key], column)
        assert back.node_attributes[key].dtype.kind == column.dtype.kind
    attributes = back.node_attributes
    assert attributes["degree"].tolist() == graph.degrees.tolist()
    assert attributes["core_number"].max() == 4
    assert attributes["layer"].tolist() == ["layer3.0"] * 34
    assert attributes["box_l2"].tolist() == attributes["box_r1"].tolist()
    np.testing.assert_array_equal(attributes["position"], positions)
    np.testing.assert_array_equal(attributes["color"], box_colors(5)[covers[2].labels])
    if name == "graphml":
        for field in ("layer", "epsilon", "epsilon_rule", "source"):
            assert getattr(back, field) == getattr(graph, field)


@pytest.mark.parametrize("name", FORMATS)
def test_writing_what_was_read_changes_nothing(name, tmp_path):
    write, read = FORMATS[name]
    positions = np.random.default_rng(0).normal(size=(34, 3))
    first = read(write(karate(), tmp_path / f"a.{name}", positions=positions))
    second = read(write(first, tmp_path / f"b.{name}"))
    assert second.node_attributes.keys() == first.node_attributes.keys()
    for key, column in first.node_attributes.items():
        np.testing.assert_array_equal(second.node_attributes[key], column)


text = st.text(max_size=5)


@settings(max_examples=30)
@pytest.mark.parametrize("name", FORMATS)
@given(labels=st.lists(text, min_size=2, max_size=5, unique=True), words=st.data())
def test_any_text_is_written_as_sound_xml(name, labels, words, tmp_path_factory):
    write, read = FORMATS[name]
    column = words.draw(st.lists(text, min_size=len(labels), max_size=len(labels)))
    title = words.draw(text)
    graph = FeatureGraph.from_edges(
        [(0, 1)], labels=labels, node_attributes={title: np.array(column)}
    )
    path = write(graph, tmp_path_factory.mktemp("xml") / f"g.{name}")
    ElementTree.parse(path)
    back = read(path)
    assert (back.n_nodes, back.n_edges) == (len(labels), 1)
    plain = "".join([*labels, *column, title]).isprintable()
    if plain and title and not title.lower().startswith(("position", "box", "label", "name")):
        assert back.node_attributes[title].tolist() == np.array(column).tolist()
        assert [str(name) for name in back.node_labels] == labels


@pytest.mark.parametrize("name", FORMATS)
def test_reserved_names_are_moved_out_of_the_way_and_back(name, tmp_path):
    write, read = FORMATS[name]
    names = ["r", "Label", "weight", "d3", "id", "x", "source", "name", "type"]
    values = {key: np.arange(34) + k for k, key in enumerate(names)}
    graph = karate(**values)
    path = write(graph, tmp_path / f"g.{name}")
    back = read(path)
    for key, column in values.items():
        np.testing.assert_array_equal(back.node_attributes[key], column)
    assert 'attribute_d3"' in path.read_text(encoding="utf-8")


def test_graphml_has_none_of_the_traps(tmp_path):
    graph = karate(size=np.array(["a"] * 34), d7=np.arange(34), z=np.arange(34))
    path = write_graphml(graph, tmp_path / "g.graphml", positions=np.ones((34, 2)))
    root = ElementTree.parse(path).getroot()
    keys = root.findall(f"{GRAPHML}key")
    ids = [key.get("id") for key in keys]
    assert len(set(ids)) == len(ids)
    assert not {"d0", "d1", "d2", "d3", "d7"} & set(ids)
    shown = {
        key.get("id"): key.get("attr.type")
        for key in keys
        if key.get("for") == "node"
        and {key.get("id").lower(), key.get("attr.name").lower()}
        & {"label", "x", "y", "z", "size", "r", "g", "b", "color", "id"}
    }
    assert shown == {
        "label": "string",
        "x": "double",
        "y": "double",
        "size": "double",
        "r": "int",
        "g": "int",
        "b": "int",
    }
    assert [k.get("id") for k in keys if k.get("for") == "edge"] == ["weight"]
    for node in root.iter(f"{GRAPHML}node"):
        data = {d.get("key"): d.text for d in node.findall(f"{GRAPHML}data")}
        for channel in "rgb":
            assert data[channel].isdigit()
            assert 0 <= int(data[channel]) <= 255
        assert data["label"] == node.get("id")
        assert 4 <= float(data["size"]) <= 24
    assert root.find(f"{GRAPHML}graph").get("edgedefault") == "undirected"


def test_gexf_is_version_1_3_with_looks(tmp_path):
    graph = karate()
    positions = np.random.default_rng(1).normal(size=(34, 3))
    root = ElementTree.parse(write_gexf(graph, tmp_path / "g.gexf", positions=positions)).getroot()
    assert root.tag == f"{GEXF}gexf"
    assert root.get("version") == "1.3"
    assert "layer layer3.0, epsilon 0.75" in root.find(f"{GEXF}meta/{GEXF}description").text
    nodes = list(root.iter(f"{GEXF}node"))
    assert len(nodes) == 34
    for node in nodes:
        color = node.find(f"{VIZ}color")
        assert all(color.get(channel).isdigit() for channel in "rgb")
        assert float(node.find(f"{VIZ}size").get("value")) >= 4
        assert set(node.find(f"{VIZ}position").keys()) == {"x", "y", "z"}
    titles = {a.get("id"): a.get("title") for a in root.iter(f"{GEXF}attribute")}
    assert {v.get("for") for v in root.iter(f"{GEXF}attvalue")} == set(titles)
    assert len(set(titles.values())) == len(titles)


def test_networkx_reads_both(tmp_path):
    graph = karate()
    for name, (write, _) in FORMATS.items():
        path = write(graph, tmp_path / f"g.{name}")
        read = nx.read_graphml(path, node_type=int) if name == "graphml" else nx.read_gexf(path)
        assert (len(read), read.number_of_edges()) == (34, 78)
        assert not read.is_directed()
        node = read.nodes[5 if name == "graphml" else "5"]
        assert node["mean_activation"] == graph.node_attributes["mean_activation"][5]
        assert node["core_number"] == 3
        assert sorted(w for *_, w in read.edges(data="weight")) == sorted(graph.edge_weights)


def test_igraph_reads_graphml(tmp_path):
    read = igraph.Graph.Read_GraphML(str(write_graphml(karate(), tmp_path / "g.graphml")))
    assert (read.vcount(), read.ecount(), read.is_directed()) == (34, 78, False)
    assert read.vs["label"] == [str(i) for i in range(34)]
    assert read["layer"] == "layer3.0"


@pytest.mark.parametrize("name", FORMATS)
def test_colors_and_sizes_on_request(name, tmp_path):
    write, read = FORMATS[name]
    graph = karate()
    by_club = read(write(graph, tmp_path / f"a.{name}", color_by="club")).node_attributes
    assert len(np.unique(by_club["color"], axis=0)) == 2
    by_value = read(
        write(graph, tmp_path / f"b.{name}", color_by="mean_activation", size_by="neuron")
    ).node_attributes
    assert by_value["color"][[0, -1]].tolist() == [[0, 34, 78], [254, 232, 56]]
    assert by_value["size"][[0, -1]].tolist() == [4.0, 24.0]
    by_community = read(write(graph, tmp_path / f"c.{name}")).node_attributes
    np.testing.assert_array_equal(
        by_community["color"],
        box_colors(by_community["community"].max() + 1)[by_community["community"]],
    )


@pytest.mark.parametrize("name", FORMATS)
def test_places_are_written_as_given_or_made(name, tmp_path):
    write, read = FORMATS[name]
    graph = FeatureGraph.from_edges([(0, 1), (1, 2)])
    for positions in ([[0.0, 1e-3], [1e-3, 0.0], [0.0, 0.0]], [[1, 2, 3], [4, 5, 6], [7, 8, 0]]):
        path = write(graph, tmp_path / f"a.{name}", positions=positions)
        np.testing.assert_array_equal(read(path).node_attributes["position"], positions)
    made = read(write(graph, tmp_path / f"b.{name}")).node_attributes["position"]
    np.testing.assert_allclose(made, 30 * graph.layout, atol=1e-3)
    stored = graph.with_attributes(position=[[0, 1], [2, 3], [4, 5]])
    kept = read(write(stored, tmp_path / f"c.{name}")).node_attributes["position"]
    assert kept.tolist() == [[0, 1], [2, 3], [4, 5]]
    none = read(write(stored, tmp_path / f"d.{name}", positions=None))
    assert "position" not in none.node_attributes


def test_labels_that_read_alike_stay_apart(tmp_path):
    graph = FeatureGraph.from_edges([(0, 1)], labels=[1, "1"])
    assert read_graphml(write_graphml(graph, tmp_path / "g.graphml")).labels == ("0: 1", "1: 1")


def test_infinite_values_are_written_as_every_reader_knows_them(tmp_path):
    graph = FeatureGraph.from_edges([(0, 1)]).with_attributes(reach=[np.inf, -np.inf])
    path = write_graphml(graph, tmp_path / "g.graphml")
    assert ">Infinity<" in path.read_text(encoding="utf-8")
    assert read_graphml(path).node_attributes["reach"].tolist() == [np.inf, -np.inf]
    assert nx.read_graphml(path).nodes["1"]["reach"] == -np.inf


def test_wide_attributes_are_left_out(tmp_path):
    graph = FeatureGraph.from_edges([(0, 1)]).with_attributes(
        activations=np.ones((2, 64)), pair=np.arange(4.0).reshape(2, 2)
    )
    attributes = read_graphml(write_graphml(graph, tmp_path / "g.graphml")).node_attributes
    assert attributes["pair_1"].tolist() == [1.0, 3.0]
    assert not any(name.startswith("activations") for name in attributes)


def test_a_single_node_and_an_edgeless_graph(tmp_path):
    for n_nodes in (1, 3):
        graph = FeatureGraph.from_edges([], n_nodes=n_nodes)
        for name, (write, read) in FORMATS.items():
            back = read(write(graph, tmp_path / f"g.{name}"))
            assert (back.n_nodes, back.n_edges) == (n_nodes, 0)


BAD = [
    ({"color_by": "clb"}, "color_by must be one of .*got 'clb'; did you mean 'club'"),
    ({"size_by": "degre"}, "size_by must be one of .*did you mean 'degree'"),
    ({"size_by": "club"}, "size_by must name numbers, 'club' holds"),
    ({"positions": np.ones((3, 2))}, r"positions must have shape \(34, 2\) or \(34, 3\), got"),
    ({"positions": np.full((34, 2), np.nan)}, "positions must be finite"),
]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(("options", "message"), BAD)
def test_bad_options(name, options, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        FORMATS[name][0](karate(), tmp_path / f"g.{name}", **options)
    assert not list(tmp_path.iterdir())


def test_boxes_of_another_graph_are_refused(tmp_path):
    cover = BoxCover(np.array([0, 1]), size=1, kind="diameter", method="greedy")
    with pytest.raises(ValueError, match="cover must label the 34 nodes of graph, got 2"):
        write_graphml(karate(), tmp_path / "g.graphml", cover=cover)


@pytest.mark.parametrize("name", FORMATS)
def test_readers_refuse_entities_and_directions(name, tmp_path):
    read = FORMATS[name][1]
    path = tmp_path / f"g.{name}"
    path.write_text('<!DOCTYPE g [<!ENTITY a "b">]><g/>', encoding="utf-8")
    with pytest.raises(ValueError, match=rf"g\.{name}: declares a document type"):
        read(path)
    writer = nx.write_graphml if name == "graphml" else nx.write_gexf
    writer(nx.DiGraph([(0, 1)]), path)
    with pytest.raises(ValueError, match="graph is directed"):
        read(path)
    assert read(path, as_undirected=True).n_edges == 1


@pytest.mark.parametrize("name", FORMATS)
def test_columns_that_gephi_would_join_or_take_for_looks(name, tmp_path):
    write, read = FORMATS[name]
    columns = {"Layer": ["a", "b"], "LAYER": [1, 2], "Degree": [9.5, 8.5], "xpos": [5.0, 6.0]}
    graph = FeatureGraph.from_edges([(0, 1)]).with_attributes(nodelabel=["p", "q"], **columns)
    path = write(graph, tmp_path / f"g.{name}")
    tree = ElementTree.parse(path)
    tags, title = ((GRAPHML + "key", "attr.name"), (GEXF + "attribute", "title"))[name == "gexf"]
    keys = {key.get(title): key.get("id") for key in tree.iter(tags)}
    assert len({key.lower() for key in keys.values()}) == len(keys)
    assert keys["Layer"] == "Layer"  # the id says the name: a file added to another finds it
    assert keys.keys().isdisjoint({"xpos", "nodelabel"})
    back = read(path).node_attributes
    for key, column in columns.items():
        assert back[key].tolist() == column
    assert back["nodelabel"].tolist() == ["p", "q"]
    assert back["degree"].tolist() == [1, 1]


@pytest.mark.parametrize("epsilon", [None, 0.5])
def test_no_edge_has_similarity_zero_which_gephi_takes_for_no_edge(epsilon, tmp_path):
    graph = FeatureGraph.from_edges([(0, 1), (1, 2)], weights=[0.0, 0.5], epsilon=epsilon)
    path = write_gexf(graph, tmp_path / "g.gexf", weight="similarity")
    told = [float(edge.get("weight")) for edge in ElementTree.parse(path).iter(GEXF + "edge")]
    assert told[0] == 1.0
    assert 0.0 < np.float32(told[1]) < 1e-12  # of 32 bits in Gephi


def test_edges_that_gephi_drops_are_told_of(tmp_path):
    graph = FeatureGraph.from_edges([(0, 1), (1, 2)], weights=[0.0, 0.5])
    with pytest.warns(UserWarning, match="1 of 2 edges have weight 0, and Gephi drops those"):
        path = write_gexf(graph, tmp_path / "g.gexf")
    assert read_gexf(path).edge_weights.tolist() == [0.0, 0.5]
