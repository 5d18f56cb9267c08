"""One rule of the readers per row: a tiny file as people have them, and what must come of it."""

from __future__ import annotations

import gzip
import io
import warnings

import networkx as nx
import numpy as np
import pytest

from featgraph.io import (
    read_dynamic_gexf,
    read_gexf,
    read_graph,
    write_gexf,
    write_graph,
    write_graphml,
)
from tests.io.samples import gexf, graphml

NAN = float("nan")


def read(tmp_path, name, text, **options):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return read_graph(path, **options)


def columns(graph, edges=False):
    table = graph.edge_attributes if edges else graph.node_attributes
    return {name: column.tolist() for name, column in table.items()}


def named_edges(graph):
    names = graph.node_labels
    return {frozenset((names[i], names[j])) for i, j in graph.edges.tolist()}


TITLES = [
    ("a.csv", "id_1,id_2\n1,2\n2,3\n", "'id_1', 'id_2'"),
    ("a.tsv", "id_1\tid_2\n1\t2\n2\t3\n", "'id_1', 'id_2'"),
    ("a.txt", "id_1;id_2\n1;2\n2;3\n", "'id_1', 'id_2'"),
    ("a.edges", "person_a person_b\n1 2\n2 3\n", "'person_a', 'person_b'"),
    ("a.csv", "person_a,person_b,weight\n1,2,1\n2,3,1\n", "'person_a', 'person_b', 'weight'"),
    ("a.csv", "person_a,person_b,far\n1,2,1\n2,3,1\n", "'person_a', 'person_b', 'far'"),
    ("a.csv", "# about\nid_1,id_2\n\n1,2\n2,3\n", "'id_1', 'id_2'"),
    ("a.txt", "id_1|id_2\n1|2\n2|3\n", "'id_1', 'id_2'"),
    ("a.txt", "id_1 , id_2\n1,2\n2,3\n", "'id_1', 'id_2'"),
    ("a.tsv", "id_1,id_2\n1,2\n2,3\n", "'id_1', 'id_2'"),
    ("a.csv", "id_1,id_2\r1,2\r2,3\r", "'id_1', 'id_2'"),
    ("a.csv", '"id, 1", "id, 2"\n1, 2\n2, 3\n', "'id, 1', 'id, 2'"),
    ("a.txt", '"id 1" "id 2"\n1 2\n2 3\n', "'id 1', 'id 2'"),
    ("a.csv", ",id_1,id_2\n0,1,2\n1,2,3\n", "'', 'id_1', 'id_2'"),
    ("a.csv", "id,id\n1,2\n2,3\n", "'id', 'id'"),
]


@pytest.mark.parametrize(("name", "text", "told"), TITLES)
def test_words_over_numbers_are_titles(name, text, told, tmp_path):
    with pytest.warns(UserWarning, match=f"took line 1 for titles, {told}: below it"):
        graph = read(tmp_path, name, text)
    assert named_edges(graph) == {frozenset((1, 2)), frozenset((2, 3))}


def test_words_over_words_need_a_known_title(tmp_path):
    with pytest.warns(UserWarning, match="took line 1 for titles, 'one', 'two', 'far'"):
        graph = read(tmp_path, "a.csv", "one,two,far\nann,bob,2\nbob,eve,3\n", weight="far")
    assert graph.edge_weights.tolist() == [2.0, 3.0]
    assert read(tmp_path, "b.csv", "one,two\nann,bob\n").n_nodes == 4
    assert read(tmp_path, "c.csv", "source,target\nann,bob\n").n_nodes == 2
    assert read(tmp_path, "d.edges", "a 1\nb 2\n").n_nodes == 4
    saved_by_pandas = ",source,target,cost\n0,ann,bob,0.5\n1,bob,eve,0.25\n"
    assert read(tmp_path, "e.csv", saved_by_pandas, weight="cost").node_labels == (
        "ann", "bob", "eve",
    )  # fmt: skip


GEPHI = (
    "Source,Target,Type,Id,Label,timeset,Weight\n"
    '1,2,Undirected,0,"likes, much",,1.0\n2,3,Undirected,1,,,2.5\n'
)


def test_tables_of_gephi(tmp_path):
    graph = read(tmp_path, "edges.csv", GEPHI, weight="weight")
    assert graph.node_labels == (1, 2, 3)
    assert graph.edge_weights.tolist() == [1.0, 2.5]
    assert columns(graph, edges=True) == {"Label": ["likes, much", ""]}
    with pytest.raises(ValueError, match="graph carries edge weights"):
        read(tmp_path, "edges.csv", GEPHI)
    with pytest.raises(ValueError, match="graph is directed"):
        read(tmp_path, "edges.csv", GEPHI.replace("Undirected", "Directed"), weight="weight")
    with pytest.raises(ValueError, match=r"edges\.csv: line 2: has 2 columns, lines before it 7"):
        read(tmp_path, "edges.csv", GEPHI.splitlines()[0] + "\n1,2\n")


@pytest.mark.parametrize("text", ["0 1\n1 2\n", "0  1 \n1  2\n", "0\t1\n1\t2\n", "a b\nb c\n"])
def test_tables_named_tsv_but_split_by_blanks(text, tmp_path):
    assert read(tmp_path, "a.tsv", text).n_edges == 2


KEYS = "<key id='k' for='node' attr.name='n' attr.type='{}'/>"

GRAPHML = [  # body, what the node attributes are
    ("long", ["9007199254740993", None], {"n": [2**53 + 1, None]}),
    ("long", ["", "7"], {"n": [None, 7]}),
    ("long", [str(2**64), "7"], {"n": [2**64, 7]}),
    ("long", [str(2**64), None], {"n": [2**64, None]}),
    ("int", [str(2**63), "0"], {"n": [2**63, 0]}),
    ("boolean", ["true", None], {"n": [True, None]}),
    ("boolean", ["1", "0"], {"n": [True, False]}),
    ("double", ["", "0.5"], {"n": [NAN, 0.5]}),
    ("double", ["INF", "-Infinity"], {"n": [np.inf, -np.inf]}),
    ("double", ["NaN", "1"], {"n": [NAN, 1.0]}),
    ("string", ["", "a &amp; &lt;b&gt;"], {"n": ["", "a & <b>"]}),
    ("double", ["", ""], {}),
]


@pytest.mark.parametrize(("kind", "texts", "expected"), GRAPHML)
def test_values_of_graphml(kind, texts, expected, tmp_path):
    data = [None if t is None else f"<data key='k'>{t}</data>" for t in texts]
    text = graphml([("a", data[0]), ("b", data[1])], [("a", "b")], KEYS.format(kind))
    found = columns(read(tmp_path, "a.graphml", text))
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert list(map(repr, found[name])) == list(map(repr, values))


@pytest.mark.parametrize(("kind", "texts", "expected"), GRAPHML[:-1])
def test_values_of_gexf(kind, texts, expected, tmp_path):
    kind = {"int": "biginteger"}.get(kind, kind)
    data = [
        "" if t is None else f"<attvalues><attvalue for='k' value='{t}'/></attvalues>"
        for t in texts
    ]
    head = f"<attributes class='node'><attribute id='k' title='n' type='{kind}'/></attributes>"
    text = gexf([("a", data[0]), ("b", data[1])], [("a", "b", "")], head)
    found = columns(read(tmp_path, "a.gexf", text))
    assert list(map(repr, found["n"])) == list(map(repr, expected["n"]))


def test_a_column_of_whole_and_real_numbers_under_two_keys(tmp_path):
    source = nx.Graph([(0, 1), (1, 2)])
    source.nodes[0]["n"], source.nodes[1]["n"] = 2, 0.5
    nx.write_graphml(source, tmp_path / "a.graphml")
    assert (tmp_path / "a.graphml").read_text().count('attr.name="n"') == 2
    np.testing.assert_array_equal(
        read_graph(tmp_path / "a.graphml").node_attributes["n"], [2.0, 0.5, NAN]
    )


def test_nodes_that_only_edges_name(tmp_path):
    text = graphml([("a", None)], [("a", "b"), ("b", "c")])
    with pytest.warns(UserWarning, match="added 2 nodes that only edges name \\('b', 'c'\\)"):
        graph = read(tmp_path, "a.graphml", text)
    assert graph.node_labels == ("a", "b", "c")
    numbers = graphml([("5", None)], [("7", "5"), ("6", "7")])
    with pytest.warns(UserWarning, match="added 2 nodes that only edges name \\(7, 6\\)"):
        assert read(tmp_path, "b.graphml", numbers).node_labels == (5, 7, 6)
    with pytest.warns(UserWarning, match="added 1 node"):
        assert read(tmp_path, "a.gexf", gexf([("a", "")], [("a", "b", "")])).n_edges == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.graphml", graphml([("a", "<graph><node id='b'/></graph>")], [])),
        ("a.gexf", gexf([("a", "<nodes><node id='b'/></nodes>")], [])),
    ],
)
def test_nested_graphs_are_refused_by_that_word(name, text, tmp_path):
    with pytest.raises(ValueError, match="nested"):
        read(tmp_path, name, text)


def test_ports_of_graphml_are_left_out(tmp_path):
    text = graphml([("a", "<port name='N'/>"), ("b", None)], [("a", "b")])
    with pytest.warns(UserWarning, match="left out <port> elements"):
        assert read(tmp_path, "a.graphml", text).n_edges == 1


YED = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns"
 xmlns:y="http://www.yworks.com/xml/graphml">
<key for="port" id="d0" yfiles.type="portgraphics"/>
<key attr.name="description" attr.type="string" for="node" id="d5"/>
<key for="node" id="d6" yfiles.type="nodegraphics"/>
<key for="graphml" id="d7" yfiles.type="resources"/>
<key for="edge" id="d10" yfiles.type="edgegraphics"/>
<graph edgedefault="undirected" id="G">
<node id="n0"><data key="d5"/><data key="d6"><y:ShapeNode>
 <y:Geometry height="30.0" width="40.0" x="321.0" y="-222.5"/>
 <y:Fill color="#FFCC00" transparent="false"/>
 <y:NodeLabel fontSize="12">Ann<y:LabelModel/></y:NodeLabel>
 <y:Shape type="rectangle"/></y:ShapeNode></data></node>
<node id="n1"><data key="d6"><y:ShapeNode>
 <y:Geometry height="30.0" width="30.0" x="0.0" y="1.0"/>
 <y:Fill color="#00F"/><y:NodeLabel>Bob &amp; Co</y:NodeLabel>
 <y:Shape type="ellipse"/></y:ShapeNode></data></node>
<edge id="e0" source="n0" target="n1"><data key="d10"><y:PolyLineEdge>
 <y:LineStyle color="#000000" type="line" width="2.0"/><y:EdgeLabel>knows</y:EdgeLabel>
 </y:PolyLineEdge></data></edge></graph>
<data key="d7"><y:Resources/></data></graphml>"""


def test_drawings_of_yed(tmp_path):
    graph = read(tmp_path, "a.graphml", YED)
    assert columns(graph) == {
        "label": ["Ann", "Bob & Co"],
        "position": [[341.0, -207.5], [15.0, 16.0]],  # yEd gives corners
        "color": [[255, 204, 0], [0, 0, 255]],
        "shape": ["rectangle", "ellipse"],
    }
    assert columns(graph, edges=True) == {
        "label": ["knows"],
        "color": [[0, 0, 0]],
        "thickness": [2.0],
    }


LOOKS = gexf(
    [
        ("a", '<viz:color hex="#ff0000"/><viz:size value="2.5"/><viz:shape value="square"/>'),
        ("b", '<viz:color r="1" g="2" b="3" a="0.5"/><viz:position x="1.5" y="2" z="0"/>'),
        ("c", ""),
    ],
    [
        ("a", "b", '<viz:thickness value="2"/><viz:color hex="#0f0"/><viz:shape value="dashed"/>'),
        ("b", "c", ""),
    ],
)


@pytest.mark.parametrize("write", [write_gexf, write_graphml])
def test_looks_that_were_read_are_written(write, tmp_path):
    (tmp_path / "a.gexf").write_text(LOOKS)
    graph = read_graph(tmp_path / "a.gexf")
    path = tmp_path / ("b.gexf" if write is write_gexf else "b.graphml")
    for found in (graph, read_graph(write(graph, path))):
        nodes, edges = found.node_attributes, found.edge_attributes
        gap = [NAN, NAN, NAN]
        np.testing.assert_array_equal(nodes["color"], [[255, 0, 0], [1, 2, 3], gap])
        np.testing.assert_array_equal(nodes["alpha"], [NAN, 0.5, NAN])
        np.testing.assert_array_equal(nodes["position"], [gap, [1.5, 2, 0], gap])
        np.testing.assert_array_equal(nodes["size"], [2.5, NAN, NAN])
        assert nodes["shape"].tolist() == ["square", "", ""]
        np.testing.assert_array_equal(edges["color"], [[0, 255, 0], gap])
        np.testing.assert_array_equal(edges["thickness"], [2, NAN])
        assert edges["shape"].tolist() == ["dashed", ""]


def test_weights_that_gephi_leaves_out_are_one(tmp_path):
    text = gexf([("a", ""), ("b", ""), ("c", "")], [("a", "b", ""), ("b", "c", "")])
    some = text.replace("target='c'", "target='c' weight='3.5'")
    graph = read(tmp_path, "a.gexf", some, weight="weight")
    assert graph.edge_weights.tolist() == [1.0, 3.5]
    with pytest.raises(ValueError, match="graph carries edge weights"):
        read(tmp_path, "a.gexf", some)
    assert read_gexf(tmp_path / "a.gexf").edge_weights.tolist() == [1.0, 3.5]
    assert read(tmp_path, "b.gexf", text).weights is None
    assert read_gexf(tmp_path / "b.gexf").weights is None


def test_weights_on_some_edges_of_graphml_get_a_clear_word(tmp_path):
    text = graphml(
        [("a", None), ("b", None), ("c", None)],
        [("a", "b"), ("b", "c")],
        "<key id='w' for='edge' attr.name='weight' attr.type='double'/>",
    ).replace(
        "<edge source='a' target='b'/>", "<edge source='a' target='b'><data key='w'>2</data></edge>"
    )
    with pytest.raises(ValueError, match="weight='weight' stands on 1 of 2 edges only"):
        read(tmp_path, "a.graphml", text, weight="weight")
    with pytest.raises(ValueError, match="graph carries edge weights"):
        read(tmp_path, "a.graphml", text)


GML = [  # body of node 0, attributes
    ("x 1 x 2", {"x": [[1.0, 2.0], [NAN, NAN]]}),
    ('x "_networkx_list_start" x 1', {"x": [[1.0], [NAN]]}),
    ("x inf y -inf z nan", {"x": [np.inf, NAN], "y": [-np.inf, NAN]}),
    ("x INF y -Inf z NaN", {"x": [np.inf, NAN], "y": [-np.inf, NAN]}),
    ("x +inf y infinity", {"x": [np.inf, NAN], "y": [np.inf, NAN]}),
    (f"x {2**53 + 1}", {"x": [2**53 + 1, None]}),
    (f"x {2**64}", {"x": [2**64, None]}),
    (f'x "{2**53 + 1}"', {"x": [2**53 + 1, None]}),  # networkx: more than 32 bits are words
    ('x "007"', {"x": ["007", ""]}),
    (
        'graphics [ x 1.5 y -2 w 20 h 20 fill "#ff0000" type "ellipse" ]',
        {"position": [[1.5, -2.0], [NAN, NAN]], "size": [20.0, NAN], "shape": ["ellipse", ""],
         "color": [[255.0, 0.0, 0.0], [NAN, NAN, NAN]]},
    ),
]  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), GML)
def test_values_of_gml(body, expected, tmp_path):
    text = f"graph [ node [ id 0 {body} ] node [ id 1 ] edge [ source 0 target 1 ] ]"
    found = columns(read(tmp_path, "a.gml", text))
    assert {k: repr(v) for k, v in found.items() if k != "z"} == {
        k: repr(v) for k, v in expected.items()
    }


def test_lists_of_networkx_in_gml(tmp_path):
    source = nx.Graph([(0, 1)])
    nx.set_node_attributes(source, {0: [1, 2], 1: [3, 4]}, "pair")
    nx.set_node_attributes(source, {0: [1], 1: [2]}, "one")
    nx.write_gml(source, tmp_path / "a.gml")
    assert columns(read_graph(tmp_path / "a.gml")) == {
        "pair": [[1, 2], [3, 4]],
        "one": [[1], [2]],
    }


def test_ids_of_gml_that_are_no_whole_numbers(tmp_path):
    text = 'graph [ node [ id "a" ] node [ id 1.5 ] edge [ source "a" target 1.5 ] ]'
    assert read(tmp_path, "a.gml", text).node_labels == ("a", "1.5")


def test_nested_lists_of_gml_are_told(tmp_path):
    text = "graph [ node [ id 0 LabelGraphics [ text 1 ] x 1 x 2 ] node [ id 1 x 3 x 4 x 5 ] ]"
    with pytest.warns(UserWarning, match="left out 'LabelGraphics', 'x': neither a value nor"):
        assert columns(read(tmp_path, "a.gml", text)) == {}


def test_places_of_gml_with_and_without_height(tmp_path):
    places = "[ x 1 y 2 ] ] node [ id 1 graphics [ x 3 y 4 z 5 ] ]"
    graph = read(tmp_path, "a.gml", f"graph [ node [ id 0 graphics {places} ]")
    assert graph.node_attributes["position"].tolist() == [[1, 2, 0], [3, 4, 5]]


def test_a_matrix_of_pajek(tmp_path):
    text = '*Vertices 3\n1 "a"\n2 "b"\n3 "c"\n*Matrix\n0 2 0\n2 0 1\n0 1 0\n'
    graph = read(tmp_path, "a.net", text, weight="weight")
    assert graph.node_labels == ("a", "b", "c")
    assert graph.edge_weights.tolist() == [2.0, 1.0]
    with pytest.raises(ValueError, match="graph is directed"):
        read(tmp_path, "a.net", text.replace("0 1 0", "0 0 0"), weight="weight")


def test_colours_in_words_are_colours(tmp_path):
    nodes = [("a", "<data key='k'>#ff0000</data>"), ("b", "<data key='k'>#0F0</data>")]
    key = "<key id='k' for='node' attr.name='color' attr.type='string'/>"
    graph = read(tmp_path, "a.graphml", graphml(nodes, [("a", "b")], key))
    assert graph.node_attributes["color"].tolist() == [[255, 0, 0], [0, 255, 0]]
    read(tmp_path, "a.graphml", graphml([("a", "<data key='k'>dark</data>")], [], key))
    assert read_graph(tmp_path / "a.graphml").node_attributes["color"].tolist() == ["dark"]


PAJEK = """*Vertices 3
1 "Ann Lee" 0.1 0.2 0.5 ellipse ic Red
2 Bob 0.3 0.4
3 "%odd"
*Arcs
*Edges
1 2 1 l "likes" w 3
2 3
"""


def test_places_and_shapes_of_pajek(tmp_path):
    graph = read(tmp_path, "a.net", PAJEK)
    assert graph.node_labels == ("Ann Lee", "Bob", "%odd")
    np.testing.assert_array_equal(
        graph.node_attributes["position"], [[0.1, 0.2, 0.5], [0.3, 0.4, 0.0], [NAN] * 3]
    )
    assert graph.node_attributes["shape"].tolist() == ["ellipse", "", ""]
    assert graph.edge_attributes["label"].tolist() == ["likes", ""]
    np.testing.assert_array_equal(graph.edge_attributes["thickness"], [3.0, NAN])


def test_times_of_pajek_are_told(tmp_path):
    with pytest.warns(UserWarning, match="left out times in brackets"):
        read(tmp_path, "a.net", "*Vertices 2\n1 a [1-3]\n2 b\n*Edges\n1 2 1 [2]\n")


MATRIX = "%%MatrixMarket matrix coordinate real general\n2 2 4\n1 2 1.5\n2 1 1.5\n1 2 1\n2 1 1\n"


def test_repeated_entries_of_matrix_market_are_summed(tmp_path):
    with pytest.warns(UserWarning, match="summed 2 repeated entries of the matrix, as SciPy does"):
        assert read(tmp_path, "a.mtx", MATRIX, weight="weight").edge_weights.tolist() == [2.5]


def test_packed_files_and_streams(tmp_path):
    text = graphml([("a", None), ("b", None)], [("a", "b")])
    with gzip.open(tmp_path / "a.graphml.gz", "wt") as packed:
        packed.write(text)
    assert read_graph(tmp_path / "a.graphml.gz").n_edges == 1
    for stream in (io.StringIO(text), io.BytesIO(text.encode())):
        assert read_graph(stream, format="graphml").n_edges == 1
    with pytest.raises(ValueError, match="path must end in one of .*got 'stream'"):
        read_graph(io.StringIO(text))
    with (tmp_path / "a.edges.gz").open("wb") as raw:
        raw.write(b"no gzip")
    with pytest.raises(ValueError, match=r"a\.edges\.gz: not a sound gzip file"):
        read_graph(tmp_path / "a.edges.gz")


def test_packed_files_that_unpack_to_too_much(tmp_path, monkeypatch):
    monkeypatch.setattr("featgraph.io._streams._LEAST_LIMIT", 1000)
    path = tmp_path / "a.edges.gz"
    with gzip.open(path, "wb") as packed:
        packed.write(b"0 1\n" * 100_000)
    with pytest.raises(ValueError, match=r"a\.edges\.gz: unpacks to more than \d+ bytes"):
        read_graph(path)


def test_few_values_spread_over_a_huge_table_are_refused(tmp_path):
    keys = "".join(f"<key id='k{k}' for='node' attr.type='int'/>" for k in range(4000))
    nodes = [(str(i), f"<data key='k{i}'>1</data>") for i in range(4000)]
    nodes += [(str(i), None) for i in range(4000, 40_000)]
    with pytest.raises(ValueError, match="spreads few values over a table of 160000000 cells"):
        read(tmp_path, "a.graphml", graphml(nodes, [], keys))


def test_one_long_text_among_many_short_ones_is_refused(tmp_path):
    nodes = [(str(i), "<data key='k'>x</data>") for i in range(5000)]
    nodes[0] = ("0", f"<data key='k'>{'y' * 300_000}</data>")
    with pytest.raises(ValueError, match="attribute 'n' has a text of 300000 characters"):
        read(tmp_path, "a.graphml", graphml(nodes, [], KEYS.format("string")))


def test_files_of_ours_say_what_their_weights_are(tmp_path):
    from featgraph.graph import feature_graph

    features = np.random.default_rng(0).normal(size=(12, 6))
    graph = feature_graph(features, epsilon=("degree", 4))
    for name, write in (("a.graphml", write_graphml), ("a.gexf", write_gexf)):
        for weight in ("given", "similarity"):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                back = read_graph(write(graph, tmp_path / name, weight=weight))
            np.testing.assert_array_equal(back.weights, graph.weights)
            assert (back.epsilon, back.epsilon_rule) == (graph.epsilon, graph.epsilon_rule)
        assert read_graph(write(graph, tmp_path / name, weight="none")).weights is None
        assert read_graph(write(graph, tmp_path / name), weight="ignore").weights is None
    for weight in ("given", "similarity"):
        back = read_graph(write_graph(graph, tmp_path / "a.dot", weight=weight))
        np.testing.assert_array_equal(back.weights, graph.weights)
        assert (back.epsilon, back.epsilon_rule) == (graph.epsilon, graph.epsilon_rule)


DYNAMIC = {  # edges, head of the graph; time -> names of edges that are there
    "open end of 1.2": ([("a", "b", "start='0' endopen='2'")], "", {0: "ab", 2: ""}),
    "closed end": ([("a", "b", "start='0' end='2'")], "", {0: "ab", 2: ""}),
    "open start": ([("a", "b", "startopen='1' end='2'")], "", {1: "ab", 2: ""}),
    "an instant": ([("a", "b", "start='2' end='2'"), ("a", "c", "end='9'")], "end='9'",
                   {-np.inf: "ac", 2: "ab ac", np.nextafter(2, 3): "ac"}),
    "timestamp": ([("a", "b", "timestamp='1'"), ("b", "c", "timestamp='2'")], "",
                  {1: "ab", 2: "bc"}),
    "timestamps": ([("a", "b", "timestamps='&lt;[1, 3]&gt;'"), ("b", "c", "timestamp='2'")],
                   "timerepresentation='timestamp'", {1: "ab", 2: "bc", 3: "ab"}),
    "intervals": ([("a", "b", "intervals='&lt;[1, 2]; [4, 5]&gt;'")], "start='1' end='5'",
                  {1: "ab", 2: "", 4: "ab"}),
    "before the first change": ([("a", "b", ""), ("b", "c", "start='2'")], "",
                                {-np.inf: "ab", 2: "ab bc"}),
    "whole numbers": ([("a", "b", "start='0' end='3'"), ("b", "c", "start='1' end='3'")],
                      "timeformat='long' end='3'", {0: "ab", 1: "ab bc"}),
    "dates": ([("a", "b", "start='1970-01-02' end='1970-01-03'")], "timeformat='date'",
              {86400: "ab", 172800: ""}),
    "moments": ([("a", "b", "start='1970-01-01T00:01:00Z'")], "timeformat='dateTime'", {60: "ab"}),
    "nothing changes": ([("a", "b", "")], "", {0: "ab"}),
}  # fmt: skip


@pytest.mark.parametrize("name", DYNAMIC)
def test_times_of_gexf(name, tmp_path):
    edges, head, expected = DYNAMIC[name]
    nodes = [("a", ""), ("b", ""), ("c", "")]
    text = gexf(nodes, [(u, v, "") for u, v, _ in edges])
    for u, v, about in edges:
        text = text.replace(f"source='{u}' target='{v}'", f"source='{u}' target='{v}' {about}")
    text = text.replace("<graph", f"<graph mode='dynamic' {head}")
    (tmp_path / "a.gexf").write_text(text)
    graphs = read_dynamic_gexf(tmp_path / "a.gexf")
    told = {
        time: " ".join("".join(sorted(edge)) for edge in sorted(named_edges(g), key=sorted))
        for time, g in graphs.items()
    }
    assert told == expected
    if name != "nothing changes":
        with pytest.warns(UserWarning, match="read_dynamic_gexf gives the graph at each time"):
            read_graph(tmp_path / "a.gexf", weight="ignore")


def test_values_and_nodes_that_change(tmp_path):
    length = "<attvalues><attvalue for='0' value='0.5' start='0'/></attvalues>"
    text = gexf(
        [
            ("a", "<attvalues><attvalue for='k' value='1' endopen='2'/>"
                  "<attvalue for='k' value='2' start='2'/></attvalues>"),
            ("b", "<attvalues><attvalue for='k' value='9'/></attvalues>"
                  "<spells><spell start='0' end='2'/><spell start='5'/></spells>"),
            ("c", ""),
        ],
        [("a", "b", ""), ("a", "c", length)],
        "<attributes class='node' mode='dynamic'><attribute id='k' title='n' type='integer'/>"
        "</attributes><attributes class='edge'><attribute id='0' title='weight' type='double'/>"
        "</attributes>",
    ).replace("<graph", "<graph mode='dynamic' start='0'")  # fmt: skip
    (tmp_path / "a.gexf").write_text(text)
    graphs = read_dynamic_gexf(tmp_path / "a.gexf")
    assert {time: g.node_labels for time, g in graphs.items()} == {
        0: ("a", "b", "c"), 2: ("a", "c"), 5: ("a", "b", "c")}  # fmt: skip
    assert {time: columns(g)["n"] for time, g in graphs.items()} == {
        0: [1, 9, None], 2: [2, None], 5: [2, 9, None]}  # fmt: skip
    assert graphs[2].edge_weights.tolist() == [0.5]
    assert graphs[0].weights is None  # only one of two edges has a length


def test_a_directed_file_with_time_is_asked_about(tmp_path):
    text = gexf([("a", ""), ("b", "")], [("a", "b", "")]).replace(
        "<graph", "<graph mode='dynamic' defaultedgetype='directed'"
    )
    (tmp_path / "a.gexf").write_text(text)
    with pytest.raises(ValueError, match="graph is directed"):
        read_dynamic_gexf(tmp_path / "a.gexf")
    assert read_dynamic_gexf(tmp_path / "a.gexf", as_undirected=True)[0.0].n_edges == 1


def test_dynamic_files_of_networkx(tmp_path):
    source = nx.Graph(mode="dynamic")
    source.add_node(0, n=[(1, 0, 2), (5, 2, 4)], start=0, end=4)
    source.add_node(1, start=0, end=4)
    source.add_edge(0, 1, start=0, end=2)
    nx.write_gexf(source, tmp_path / "a.gexf")
    assert 'timeformat="long"' in (tmp_path / "a.gexf").read_text()
    graphs = read_dynamic_gexf(tmp_path / "a.gexf")
    assert {time: (g.n_edges, columns(g)["n"]) for time, g in graphs.items()} == {
        0: (1, [1, None]),
        2: (0, [5, None]),
    }
