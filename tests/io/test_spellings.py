"""Looks, times, ends and packings in the spellings of many programs, a row each."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma

import networkx as nx
import numpy as np
import pytest

from featgraph.graph import FeatureGraph
from featgraph.io import read_dynamic_gexf, read_graph, read_tables, write_graph
from tests.io.samples import gexf, graphml
from tests.io.test_reading_rules import columns, named_edges, read

NAN = float("nan")
GAP = [NAN, NAN, NAN]
AB = [("a", ""), ("b", "")]
EDGE = [("a", "b", "")]


def attribute(kind, title, owner="node"):
    inner = f"<attribute id='0' title='{title}' type='{kind}'/>"
    return f"<attributes class='{owner}'>{inner}</attributes>"


def valued(value, more=""):
    return f"<attvalues><attvalue for='0' value='{value}'/></attvalues>{more}"


VALUES = [  # name, text, columns of the nodes
    # an attribute called like a look, beside the look and without it
    ("size.gexf", gexf([("a", valued(3, "<viz:size value='9'/>")), ("b", valued(4))], EDGE,
     attribute("integer", "size")), {"size": [9.0, NAN], "attribute_size": [3, 4]}),
    ("alone.gexf", gexf([("a", valued(3)), ("b", valued(4))], EDGE, attribute("integer", "size")),
     {"size": [3, 4]}),
    ("color.gexf", gexf([("a", valued("warm", "<viz:color r='1' g='2' b='3'/>")), ("b", "")], EDGE,
     attribute("string", "color")), {"color": [[1.0, 2.0, 3.0], GAP],
     "attribute_color": ["warm", ""]}),
    ("x.gexf", gexf([("a", valued(7, "<viz:position x='1' y='2'/>")), ("b", "")], EDGE,
     attribute("double", "x")), {"position": [[1.0, 2.0], [NAN, NAN]], "x": [7.0, NAN]}),
    ("x.cyjs", '[{"data": {"id": "a", "x": 7}, "position": {"x": 1, "y": 2}}]',
     {"position": [[1.0, -2.0]], "x": [7]}),
    ("size.gml", "graph [ node [ id 0 size 7 graphics [ w 2 h 2 ] ] ]", {"size": [2.0],
     "attribute_size": [7]}),
    # colours by name, in rgb() and with opacity
    ("names.dot", 'graph { a [fillcolor=red]; b [color="#00ff0080"]; }',
     {"color": [[255, 0, 0], [0, 255, 0]], "alpha": [NAN, 128 / 255]}),
    ("both.dot", 'graph { a [fillcolor="#ff0000", color=black]; b [color=blue, fillcolor=lime]; }',
     {"color": [[255, 0, 0], [0, 255, 0]]}),
    ("bare.net", '*Vertices 2\n1 "a" 1 4 ic "red"\n2 "b" 2 5 ic "#0f0"\n*Edges\n1 2 c "red"\n',
     {"position": [[1.0, 4.0], [2.0, 5.0]], "color": [[255, 0, 0], [0, 255, 0]]}),  # igraph
    ("hex.gexf", gexf([("a", "<viz:color hex='#00ff00' r='None' g='None' b='None'/>"), ("b", "")],
     EDGE), {"color": [[0.0, 255.0, 0.0], GAP]}),  # networkx
    ("size.dot", "graph { a [size=1, width=0.5]; a -- b [width=2] }", {"size": [36.0, NAN]}),
    ("ink.net", '*Vertices 2\n1 a 0.1 0.2 box ic Red bc Black\n2 b 0.3 0.4 box\n',
     {"color": [[255.0, 0.0, 0.0], GAP], "shape": ["box", "box"],
      "position": [[0.1, 0.2], [0.3, 0.4]]}),
    ("sigma.json", '{"nodes": [{"id": "a", "color": "rgb(1, 2, 3)"}, {"id": "b", "color":'
     '"#f00"}], "edges": []}', {"color": [[1, 2, 3], [255, 0, 0]]}),
    ("words.json", '{"nodes": [{"id": "a", "color": "red"}, {"id": "b", "color": "blue"}],'
     '"edges": []}', {"color": ["red", "blue"]}),
    # vectors of graph-tool
    ("vector.graphml", graphml([("a", "<data key='k'>1.5, 0x1p+1</data>"),
     ("b", "<data key='k'>3, 4</data>")], [], "<key id='k' for='node' attr.name='pos' "
     "attr.type='vector_double'/>"), {"pos": [[1.5, 2.0], [3.0, 4.0]]}),
    ("texts.graphml", graphml([("a", "<data key='k'>x, y</data>"), ("b", None)], [],
     "<key id='k' for='node' attr.name='n' attr.type='vector_string'/>"), {"n": ["x, y", ""]}),
    # keys behind the graph
    ("late.graphml", graphml([("a", "<data key='k'>7</data>"), ("b", None)], []).replace(
     "</graphml>", "<key id='k' for='node' attr.name='n' attr.type='int'/></graphml>"),
     {"n": [7, None]}),
    # labels of yEd: their text ends before they say where they stand
    ("label.graphml", graphml([("a", "<data key='k'><NodeLabel>A<LabelModel> <x/> </LabelModel>"
     "</NodeLabel><NodeLabel>second</NodeLabel></data>"), ("b", None)], [],
     "<key id='k' for='node' yfiles.type='nodegraphics'/>"), {"label": ["A", ""]}),
    # joined texts of Graphviz, and a plus in a text
    ("plus.dot", r'graph { a [n="x" + "y" +"z"]; b [n="\"+\""]; }', {"n": ["xyz", '"+"']}),
    # places that networkx and igraph write for none
    ("zero.net", '*Vertices 2\n1 a 0 0 box\n2 b 0 0 box\n', {"shape": ["box", "box"]}),
    ("none.net", '*Vertices 2\n1 a 0.0 0.0 ellipse\n2 b 0.0 0.0 ellipse\n',
     {"shape": ["ellipse", "ellipse"]}),
    # rustworkx
    ("rx.json", '{"nodes": [{"id": 0, "data": {"n": "A"}}, {"id": 1, "data": null}],'
     '"links": [{"source": 0, "target": 1, "data": null}]}', {"n": ["A", ""]}),
    ("words.gml", "graph [ node [ id A n 1 ] node [ id B n 2 ] edge [ source A target B ] ]",
     {"n": [1, 2]}),
    # what Gephi writes for no value, and what Graphviz does for no colour
    ("null.gexf", gexf([("a", valued("null")), ("b", valued(4))], EDGE, attribute("double", "n")),
     {"n": [NAN, 4.0]}),
    ("null.json", '{"options": {"type": "undirected"}, "nodes": [{"key": "a", "attributes": {"n": '
     '"null", "w": "null"}}, {"key": "b", "attributes": {"n": 4, "w": "x"}}], "edges": []}',
     {"n": [None, 4], "w": ["", "x"]}),
    # a value at one time under the type of values at all times
    ("timed.graphml", graphml([("a", "<data key='k'>2.5</data>"), ("b", None)], [],
     "<key id='k' for='node' attr.name='n' attr.type='intervaldoublemap'/>"), {"n": [2.5, NAN]}),
    ("empty.dot", 'graph { a [color="", n=1]; b [n=2] }', {"n": [1, 2]}),
    ("caps.gml", "Graph [ Node [ id 0 n 1 ] NODE [ id 1 n 2 ] ]", {"n": [1, 2]}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "expected"), VALUES, ids=[row[0] for row in VALUES])
def test_columns_of_nodes(name, text, expected, tmp_path):
    found = columns(read(tmp_path, name, text))
    assert {key: repr(found[key]) for key in found} == {k: repr(v) for k, v in expected.items()}


def test_what_gephi_says_of_edges(tmp_path):
    text = (
        '{"options": {"type": "undirected"}, "nodes": [{"key": "a"}, {"key": "b"}], "edges": '
        '[{"key": "0", "source": "a", "target": "b", "attributes": {"label": "near"}}]}'
    )
    assert columns(read(tmp_path, "a.json", text), edges=True) == {"label": ["near"]}
    text = (
        'graph [ Creator "Gephi" node [ id 0 label "7" n "1" t "true" graphics [ fill "#f00" ] ] '
        'node [ id 1 label "x" n "2" graphics [ fill "#0f0" ] ] '
        'edge [ id 0 source 0 target 1 value 0.5 d "1.5" ] ]'
    )
    with pytest.raises(ValueError, match="weight"):
        read(tmp_path, "a.gml", text)
    graph = read(tmp_path, "a.gml", text, weight="weight")
    assert graph.edge_weights.tolist() == [0.5]
    assert graph.edge_attributes["d"].tolist() == [1.5]
    assert columns(graph) == {
        "n": [1, 2],
        "t": [True, None],
        "color": [[255, 0, 0], [0, 255, 0]],
    }
    assert graph.node_labels == ("7", "x")
    key = "<key id='edgelabel' for='edge' attr.name='Edge Label' attr.type='string'/>"
    text = graphml([("a", None), ("b", None)], [("a", "b")], key)
    text = text.replace("'b'/></graph>", "'b'><data key='edgelabel'>near</data></edge></graph>")
    assert columns(read(tmp_path, "a.graphml", text), edges=True) == {"label": ["near"]}


def test_colours_of_edges_by_name(tmp_path):
    pajek = read(tmp_path, "a.net", "*Vertices 2\n*Edges\n1 2 1 c Blue w 3\n")
    assert columns(pajek, edges=True) == {"thickness": [3.0], "color": [[0, 0, 255]]}
    gephi = 'graph [ node [ id 0 ] node [ id 1 ] edge [ source 0 target 1 fill "#00ff00" ] ]'
    assert columns(read(tmp_path, "a.gml", gephi), edges=True) == {"color": [[0, 255, 0]]}


@pytest.mark.parametrize("suffix", ["gexf", "graphml", "cyjs", "dot"])
def test_looks_of_graphs_of_networkx_are_written(suffix, tmp_path):
    drawn = nx.Graph([("a", "b")])
    viz = {"color": {"r": 1, "g": 2, "b": 3, "a": 0.5}, "position": {"x": 4, "y": 5, "z": 0}}
    drawn.nodes["a"]["viz"], drawn.edges["a", "b"]["viz"] = viz | {"size": 6}, {"thickness": 7.0}
    back = read_graph(write_graph(drawn, tmp_path / f"a.{suffix}"))
    assert repr(back.node_attributes["color"].tolist()) in (
        repr([[1.0, 2.0, 3.0], GAP]), repr([[1, 2, 3], GAP]))  # fmt: skip
    assert back.node_attributes["position"][0, :2].tolist() == [4.0, 5.0]
    np.testing.assert_array_equal(back.node_attributes["size"], [6.0, NAN])
    np.testing.assert_array_equal(back.node_attributes["alpha"], [0.5, NAN])
    assert back.edge_attributes["thickness"].tolist() == [7.0]
    named = nx.Graph([("a", "b")])
    for name, color, place in (("a", "red", (1, 2)), ("b", "#00f", (3, 4))):
        named.nodes[name].update(color=color, pos=place)
    back = read_graph(write_graph(named, tmp_path / f"b.{suffix}"))
    assert back.node_attributes["color"].tolist() == [[255, 0, 0], [0, 0, 255]]
    assert back.node_attributes["position"].tolist() == [[1.0, 2.0], [3.0, 4.0]]
    placed = nx.Graph([("a", "b")])
    nx.set_node_attributes(placed, {"a": {"x": 1, "y": 2}, "b": {"x": 3, "y": 4}})
    back = read_graph(write_graph(placed, tmp_path / f"c.{suffix}"))
    assert back.node_attributes["position"].tolist() == [[1.0, 2.0], [3.0, 4.0]]


@pytest.mark.parametrize("suffix", ["gexf", "graphml", "cyjs", "dot"])
def test_an_attribute_beside_a_look_stays_through_every_format(suffix, tmp_path):
    graph = FeatureGraph.from_edges([(0, 1)]).with_attributes(
        size=[2.0, 3.0], attribute_size=[7, 8], color=[[1, 2, 3], [4, 5, 6]]
    )
    back = read_graph(write_graph(graph, tmp_path / f"a.{suffix}"))
    assert back.node_attributes["size"].tolist() == [2.0, 3.0]
    assert back.node_attributes["attribute_size"].tolist() == [7, 8]
    assert back.node_attributes["color"].tolist() == [[1, 2, 3], [4, 5, 6]]


WEIGHTS = [  # name, text, name of the weight, weights
    ("w.csv", "src,dst,w\n1,2,0.5\n2,3,2\n", "w", [0.5, 2.0]),
    ("far.txt", "a_1 a_2 far\n1 2 1e-3\n2 3 2E5\n", "far", [1e-3, 2e5]),
    ("all-1.gexf", gexf(AB, EDGE), "weight", [1.0]),
    ("empty.gexf", gexf(AB, EDGE).replace("target=", "weight='' target="), "weight", [1.0]),
    ("both.gexf", gexf(AB, [("a", "b", valued(3))], attribute("double", "weight", "edge")).replace(
     "target=", "weight='2' target="), "weight", [2.0]),
    ("gephi.gexf", gexf(AB, [("a", "b", valued(3))], attribute("double", "Weight", "edge")),
     "weight", [3.0]),
    ("unsigned.mtx", "%%MatrixMarket matrix coordinate unsigned-integer general\n"
     "2 2 2\n1 2 3\n2 1 3\n", "weight", [3.0]),
    ("hermitian.mtx", "%%MatrixMarket matrix coordinate double hermitian\n2 2 1\n2 1 1.5\n",
     "weight", [1.5]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "text", "weight", "weights"), WEIGHTS, ids=[w[0] for w in WEIGHTS]
)
@pytest.mark.filterwarnings("ignore:.*took line 1 for titles")
def test_names_of_weights(name, text, weight, weights, tmp_path):
    assert read(tmp_path, name, text, weight=weight).edge_weights.tolist() == weights


def test_a_matrix_of_two_modes_of_pajek(tmp_path):
    text = "*Vertices 5 2\n*Matrix\n1 0 2\n0 1 1\n"
    graph = read(tmp_path, "a.net", text, weight="weight")
    assert graph.edges.tolist() == [[0, 2], [0, 4], [1, 3], [1, 4]]
    assert graph.edge_weights.tolist() == [1.0, 2.0, 1.0, 1.0]
    with pytest.raises(ValueError, match="of two modes 2 rows of 3"):
        read(tmp_path, "a.net", text.replace("1 0 2", "1 0"))


def test_styles_of_cytoscape_are_no_graph(tmp_path):
    with pytest.raises(ValueError, match="holds no 'elements'"):
        read(tmp_path, "a.json", '[{"selector": "node", "style": {"width": 3}}]')


ENDS = [  # name, text
    ("vis.json", '{"nodes": [{"id": "a"}, {"id": "b"}], "edges": [{"from": "a", "to": "b"}]}'),
    ("d3.json", '{"nodes": [{"id": "a"}, {"id": "b"}], "links":'
     '[{"source": {"id": "a"}, "target": {"id": "b"}}]}'),
    ("jgf.json", '{"graphs": [{"directed": false, "nodes": {"a": {}, "b": {}},'
     '"edges": [{"source": "a", "target": "b"}]}]}'),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text"), ENDS, ids=[row[0] for row in ENDS])
def test_ends_of_edges(name, text, tmp_path):
    assert named_edges(read(tmp_path, name, text)) == {frozenset("ab")}
    with pytest.raises(ValueError, match="an element lacks 'target'"):
        read(tmp_path, name, text.replace("target", "aim").replace("to", "aim").replace(
            '"from"', '"source"'))  # fmt: skip


def weights_in_time(static, *spans):
    values = "".join(
        f"<attvalue for='0' value='{value}' start='{start}' end='{end}'/>"
        for value, start, end in spans
    )
    text = gexf(
        AB,
        [("a", "b", f"<attvalues>{values}</attvalues>")],
        attribute("double", "Weight", "edge"),
    )
    return text.replace("target=", f"{static} target=").replace("<graph", "<graph mode='dynamic'")


TIMES = [  # file, what of the graph, time -> that
    ("weights of Gephi", weights_in_time("", (2, 0, 1), (5, 1, 2)), "weights",
     {-np.inf: None, 0: [2.0], 1: [5.0], 2: None}),
    ("weights over a static one", weights_in_time("weight='3'", (2, 0, 1), (5, 1, 2)), "weights",
     {-np.inf: [3.0], 0: [2.0], 1: [5.0], 2: [3.0]}),
    ("timestamps of the graph", gexf(AB, EDGE).replace("source=", "timestamps='[1, 2]' source=")
     .replace("<graph", "<graph mode='dynamic' timestamps='[1, 2]'"), "edges", {1: 1, 2: 1}),
    ("looks", gexf([("a", "<viz:size value='1' end='1'/><viz:size value='2' start='1'/>"),
     ("b", "")], EDGE).replace("<graph", "<graph mode='dynamic' start='0'"), "size",
     {0: [1.0, NAN], 1: [2.0, NAN]}),
    ("a slice", gexf(AB, EDGE).replace("<graph", "<graph mode='slice' timestamp='2007'"), "edges",
     {2007: 1}),
    ("a zone", gexf(AB, EDGE).replace("source=", "start='1970-01-01T00:00:00' source=").replace(
     "<graph", "<graph mode='dynamic' start='1970-01-01T00:00:00+00:00' timezone='Etc/GMT+8'"),
     "edges", {0: 0, 8 * 3600: 1}),
    ("no stretch", gexf(AB, EDGE).replace("source=", "start='1' endopen='1' source=").replace(
     "<graph", "<graph mode='dynamic' start='0' end='2'"), "edges", {0: 0}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "what", "expected"), TIMES, ids=[t[0] for t in TIMES])
def test_what_holds_at_a_time(name, text, what, expected):
    told = {}
    for time, graph in read_dynamic_gexf(io.StringIO(text)).items():
        weights = None if graph.weights is None else graph.edge_weights.tolist()
        size = graph.node_attributes.get("size", np.empty(0)).tolist()
        told[time] = {"weights": weights, "edges": graph.n_edges, "size": size}[what]
    assert repr(told) == repr({float(time): value for time, value in expected.items()})


@pytest.mark.parametrize("packer", [gzip, bz2, lzma])
def test_packings_by_name_and_by_first_bytes(packer, tmp_path):
    packed = packer.compress(b"a b\nb c\n")
    suffix = {gzip: "gz", bz2: "bz2", lzma: "xz"}[packer]
    for name in (f"a.edges.{suffix}", "a.edges"):
        (tmp_path / name).write_bytes(packed)
        assert read_graph(tmp_path / name).n_edges == 2
    assert read_graph(io.BytesIO(packed), format="edges").n_edges == 2
    (tmp_path / f"b.edges.{suffix}").write_bytes(packed[:-8])
    with pytest.raises(ValueError, match=f"not a sound {packer.__name__} file"):
        read_graph(tmp_path / f"b.edges.{suffix}")
    path = write_graph(FeatureGraph.from_edges([(0, 1)]), tmp_path / f"a.graphml.{suffix}")
    assert packer.decompress(path.read_bytes()).startswith(b"<?xml")
    assert read_graph(path).n_edges == 1


def test_labels_of_tables_of_gephi_are_labels_in_files():
    edges = "Source,Target,Type,Id,Label,Weight\n1,2,Undirected,0,knows,1\n"
    graph = read_tables(io.StringIO(edges), io.StringIO("Id,Label\n1,Ann\n2,Bob\n"))
    write_graph(graph, out := io.StringIO(), format="gexf")
    assert '<node id="1" label="Ann">' in out.getvalue()
    assert 'label="knows"' in out.getvalue()


def test_names_of_rows_in_data_frames_are_ids():
    pandas = pytest.importorskip("pandas")
    nodes = pandas.DataFrame({"n": [1, 2]}, index=["b", "a"])
    edges = pandas.DataFrame({"source": ["a"], "target": ["b"], "pair": [np.array([1, 2])]})
    graph = read_tables(edges, nodes)
    assert graph.node_labels == ("b", "a")
    assert columns(graph) == {"n": [1, 2]}
    assert columns(graph, edges=True) == {"pair": [[1, 2]]}
    assert read_tables(edges.set_index(["source", "target"])).node_labels == ("a", "b")
    chosen = pandas.DataFrame({"one": [5, 1], "two": [6, 2]})[1:]
    assert named_edges(read_tables(chosen)) == {frozenset((1, 2))}


TITLED = [  # name, text, weight, lengths, other columns
    ("savetxt.txt", "# u v far\n1 2 0.5\n2 3 2\n", "far", [0.5, 2.0], {}),
    ("words.txt", "# source target far\na b 0.5\nb c 2\n", "far", [0.5, 2.0], {}),
    # netzschleuder
    ("edges.csv", "# source, target, cost, kind\n0, 1, 0.5, x\n1, 2, 2, y\n", "cost", [0.5, 2.0],
     {"kind": ["x", "y"]}),
    ("about.txt", "# who knows\na b 0.5\nb c 2\n", "weight", [0.5, 2.0], {}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "weight", "lengths", "more"), TITLED)
def test_titles_in_the_comment_above(name, text, weight, lengths, more, tmp_path):
    graph = read(tmp_path, name, text, weight=weight)
    assert graph.edge_weights.tolist() == lengths
    assert columns(graph, edges=True) == more


def test_titles_that_say_nothing_of_ends_in_the_comment_above(tmp_path):
    with pytest.warns(UserWarning, match="took the comment above for titles, 'a', 'b', 'c', 'far'"):
        graph = read(tmp_path, "a.csv", "# see\n\n# a,b,c,far\n0,1,5,0.5\n1,2,6,2\n", weight="far")
    assert columns(graph, edges=True) == {"c": [5, 6]}


def test_titles_of_a_table_of_nodes_in_the_comment_above():
    nodes = io.StringIO("# index, name\n0, A\n1, B\n2, C\n")
    graph = read_tables(io.StringIO("# source, target\n0, 1\n"), nodes)
    assert graph.node_labels == (0, 1, 2)
    assert columns(graph) == {"name": ["A", "B", "C"]}


def test_weights_in_words_are_refused(tmp_path):
    text = 'Source,Target,Type,Weight\n1,2,Undirected,"1,33"\n'
    with pytest.raises(ValueError, match="graph carries edge weights"):
        read(tmp_path, "a.csv", text)
    with pytest.raises(ValueError, match="weight='weight' must be numbers on every edge"):
        read(tmp_path, "a.csv", text, weight="weight")


@pytest.mark.filterwarnings("ignore:.*left out 1 repeated edge")
def test_the_only_value_of_a_column_on_a_repeated_edge(tmp_path):
    text = "Source,Target,kind,n\n1,2,,4\n1,2,1,5\n"
    assert columns(read(tmp_path, "a.csv", text), edges=True) == {"n": [4]}


def test_dictionaries_behind_ends_without_one(tmp_path):
    text = "a b {'n': 1}\nb c\n# about\nc d {'n': 3, 'm': 'x'}\n"
    graph = read(tmp_path, "a.edges", text)
    assert columns(graph, edges=True) == {"n": [1, None, 3], "m": ["", "", "x"]}
    told = json.dumps({"n": 1})
    with_titles = read(tmp_path, "b.csv", f"source,target,told\na,b,'{told}'\nb,c,''\n")
    assert columns(with_titles, edges=True) == {"told": [f"'{told}'", "''"]}
