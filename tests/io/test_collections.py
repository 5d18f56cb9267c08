"""Files that other programs write, formats of the field's collections among them, a row each."""

from __future__ import annotations

import json
import re

import networkx as nx
import pytest

from featgraph.io import read_graph, read_tables
from tests.io.samples import graphml
from tests.io.test_reading_rules import columns, named_edges, read

ABC = {frozenset("ab"), frozenset("bc")}
PATH = {frozenset((1, 2)), frozenset((2, 3))}
MORE = {frozenset((1, 2)), frozenset((1, 3)), frozenset((2, 3))}

EDGES = [  # name, text, options, edges
    # KONECT
    ("out.zachary", "% sym unweighted\n% 2 3 3\n1 2 \n2 3 \n", {}, PATH),
    ("out.calls", "% asym weighted\n1 2 1 1082008561\n2 3 1 1082008562\n",
     {"as_undirected": True}, PATH),
    # SNAP
    ("com-dblp.txt", "# Undirected graph: com-dblp.txt\n# Nodes: 3 Edges: 2\n"
     "# FromNodeId\tToNodeId\n1\t2\n2\t3\n", {}, PATH),
    ("web.txt", "# Directed graph (each unordered pair of nodes is saved once)\n1\t2\n2\t3\n",
     {"as_undirected": True}, PATH),
    # Network Repository
    ("soc.edges", "1,2\n2,3\n", {}, PATH),
    ("road.mtx", "%%MatrixMarket matrix coordinate pattern symmetric\n%---\n%\n3 3 2\n2 1\n3 2\n",
     {}, {frozenset((0, 1)), frozenset((1, 2))}),
    # igraph
    ("a.ncol", "a b\nb c\n", {}, ABC),
    # METIS, with sizes and weights of vertices before the neighbours
    ("a.graph", "% made by hand\n3 3\n2 3\n1 3\n1 2\n", {},
     {frozenset((0, 1)), frozenset((0, 2)), frozenset((1, 2))}),
    ("b.metis", "4 1 111 2\n9 7 7 2 1\n9 7 7 1 1\n9 7 7\n9 7 7\n", {}, {frozenset((0, 1))}),
    ("c.graph", "4 1\n2\n1\n\n\n", {}, {frozenset((0, 1))}),
    # DIMACS: colouring and shortest paths
    ("myciel.col", "c FILE\np edge 3 3\ne 1 2\ne 1 3\ne 2 3\n", {}, MORE),
    ("ny.dimacs", "p sp 3 2\na 1 2 1\na 2 3 1\n", {"as_undirected": True}, PATH),
    # networkx
    ("a.json", json.dumps(nx.node_link_data(nx.Graph([("a", "b"), ("b", "c")]))), {}, ABC),
    ("b.edges", "a,b,{'n': 1, 's': 'x, y'}\nb,c,{}\n", {}, ABC),
    ("c.edges", "a\tb\t{'s': 'x y'}\nb\tc\t{}\n", {}, ABC),
    # d3, where links name the places of nodes; sigma; graphology; the JSON Graph Format
    ("d3.json", '{"nodes": [{"name": "a"}, {"name": "b"}, {"name": "c"}],'
     '"links": [{"source": 0, "target": 1}, {"source": 1, "target": 2}]}', {}, ABC),
    ("sigma.json", '{"nodes": [{"id": "a"}, {"id": "b"}, {"id": "c"}],'
     '"edges": [{"id": "e", "source": "a", "target": "b"}, {"source": "b", "target": "c"}]}',
     {}, ABC),
    ("graphology.json", '{"options": {"type": "undirected"}, "nodes": [{"key": "a"}, {"key": "b"},'
     '{"key": "c"}], "edges": [{"source": "a", "target": "b"}, {"source": "b", "target": "c"}]}',
     {}, ABC),
    ("jgf.json", '{"graph": {"directed": false, "nodes": {"a": {}, "b": {}, "c": {}},'
     '"edges": [{"source": "a", "target": "b"}, {"source": "b", "target": "c"}]}}', {}, ABC),
    ("app.json", '{"elements": {"nodes": [{"data": {"id": "a"}}, {"data": {"id": "b"}},'
     '{"data": {"id": "c"}}], "edges": [{"data": {"source": "a", "target": "b"}},'
     '{"data": {"source": "b", "target": "c"}}]}}', {}, ABC),
    # Pajek: several relations, names of both modes
    ("a.net", "*Vertices 3 1\n1 a\n2 b\n3 c\n*Edges :1 \"knows\"\n1 2\n*Edges:2\n2 3\n", {}, ABC),
    # Graphviz: edges to groups
    ("a.dot", "graph { b -- {a c} }", {}, ABC),
    ("b.dot", "graph { {a c} -- {b} }", {}, ABC),
    ("c.dot", "graph { subgraph x { a; c } -- subgraph { b } }", {}, ABC),
    ("d.dot", "digraph { a -> {b} -> { subgraph y {c} } }", {"as_undirected": True}, ABC),
    ("e.dot", "graph { {a -- b} {c} -- b }", {}, ABC),
    # names in quotes that go on in the next line, lines like comments among them
    ("a.csv", '"a\n# x",b\n\n# y\nb,"c\n"\n', {}, {frozenset(("a\n# x", "b")), frozenset("bc")}),
    ("b.csv", 'source;target\n"a\n\nx";b\nb;c\n', {},
     {frozenset(("a\n\nx", "b")), frozenset("bc")}),
    ("a.txt", 'a "b b"\n"b b" c\n', {}, {frozenset(("a", "b b")), frozenset(("b b", "c"))}),
    ("b.txt", "a\tb\nb\tc d\n", {}, {frozenset("ab"), frozenset(("b", "c d"))}),
    ("c.csv", "a_1,1_0\n1_0,c\n", {}, {frozenset(("a_1", "1_0")), frozenset(("1_0", "c"))}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "options", "edges"), EDGES, ids=[e[0] for e in EDGES])
def test_edges(name, text, options, edges, tmp_path):
    assert named_edges(read(tmp_path, name, text, **options)) == edges


WEIGHTS = [  # name, text, weights
    ("b.graph", "3 2 1\n2 5\n1 5 3 7.5\n2 7.5\n", [5.0, 7.5]),
    ("c.graph", "3 2 011 2\n9 9 2 5\n9 9 1 5 3 7\n9 9 2 7\n", [5.0, 7.0]),
    ("b.dimacs", "p sp 3 4\na 1 2 8\na 2 1 8\na 2 3 9\na 3 2 9\n", [8.0, 9.0]),
    ("out.trust", "% asym signed\n1 2 -1 1082008561\n2 3 2 1082008562\n", [-1.0, 2.0]),
    ("f.dot", "graph { edge [weight=2]; {a b} -- c [weight=3]; c -- {d} }", [3.0, 3.0, 2.0]),
    ("g.json", '{"graph": {"directed": false, "nodes": {"a": {}, "b": {}}, "edges":'
     '[{"source": "a", "target": "b", "metadata": {"weight": 0.5}}]}}', [0.5]),
    # graph-tool writes hexadecimal digits
    ("h.graphml", graphml([("a", None), ("b", None)], [("a", "b")],
     "<key id='w' for='edge' attr.name='weight' attr.type='double'/>").replace(
        "target='b'/>", "target='b'><data key='w'>0x1.8p-1</data></edge>"), [0.75]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "weights"), WEIGHTS, ids=[row[0] for row in WEIGHTS])
def test_weights(name, text, weights, tmp_path):
    graph = read(tmp_path, name, text, weight="weight", as_undirected=True)
    assert graph.edge_weights.tolist() == weights


def test_what_else_stands_beside_edges(tmp_path):
    calls = read(tmp_path, "out.calls", "% sym weighted\n1 2 1 7\n2 3 1 8\n")
    assert columns(calls, edges=True) == {"time": [7, 8]}
    zips = read(tmp_path, "a.csv", "source,target,zip,n\na,b,01234,1_0\nb,c,98765,2\n")
    assert columns(zips, edges=True) == {"zip": ["01234", "98765"], "n": ["1_0", "2"]}
    text = '{"nodes": [{"key": "a", "attributes": {"x": 1, "y": 2, "n": 3}}], "edges": []}'
    assert columns(read(tmp_path, "a.json", text)) == {"position": [[1, 2]], "n": [3]}
    yed = '<y:Geometry x="10" y="20" width="30" height="40"/>'
    key = "<key id='d' for='node' yfiles.type='nodegraphics'/>"
    for corner, centre in ((yed, [25.0, 40.0]), (yed.replace(' width="30"', ""), [10.0, 40.0])):
        nodes = [("a", f"<data key='d'>{corner}</data>")]
        head = graphml(nodes, [], key).replace("<graphml", "<graphml xmlns:y='y'", 1)
        graph = read(tmp_path, "a.graphml", head)
        assert graph.node_attributes["position"].tolist() == [centre]


REFUSED = [  # name, text, what is said
    ("out.actors", "% bip unweighted\n1 1\n2 1\n", "is bipartite, and its two sides share"),
    ("out.calls", "% asym unweighted\n1 2\n2 3\n", "graph is directed"),
    ("web.txt", "# Directed graph: web\n1 2\n2 3\n", "graph is directed"),
    ("a.graph", "3 2\n2\n1\n", "announces 3 vertices and 2 edges, two entries each, and holds"),
    ("a.graph", "2 1\n2\n9\n", "names a vertex outside 1 … 2"),
    ("a.graph", "3 1\n2\n\n", "announces 3 vertices and 1 edges"),
    ("a.graph", "", "expected 'vertices edges [weights]' first, got []"),
    ("a.graph", "3 1 11111\n", "expected 'vertices edges [weights]' first"),
    ("a.graph", "99999999999 1\n", "claims 99999999999 nodes"),
    ("a.col", "p edge 2 1\ne 1 9\n", "line 2: names a node outside 1 … 2: e 1 9"),
    ("a.col", "p edge 99999999999 1\n", "claims 99999999999 nodes"),
    ("a.col", "q edge\n", "line 1: expected c, p, e or a, got 'q edge'"),
    ("a.col", "p edge 2 1\np edge 2 1\n", "line 2: expected c, p, e or a"),
    ("a.json", "3", "holds no 'elements'"),
    ("a.json", '{"graphs": []}', "holds no 'elements'"),
    ("a.json", json.dumps(nx.adjacency_data(nx.path_graph(2))), "holds no 'elements'"),
    (
        "a.json",
        '{"graph": {"nodes": {"a": {}, "b": {}}, "edges": [{"source": "a", "target": "b"}]}}',
        "graph is directed",
    ),
    ("a.csv", "Id,Label,timeset,class\n1,A,,0\n2,B,,1\n", "is a table of nodes, with Id and Label"),
    ("a.edges", "0 1\n1 {}\n1 1\n2 {}\n", "line 2: expected 'u v' or 'u v weight', got '1 {}'"),
    ("a.dot", "graph { a -- }", "an edge lacks an end"),
    ("a.dot", "graph {" + 250 * "{" + 250 * "}" + "}", "has braces inside of more than 200"),
    ("a.lgl", "# a\nb 1\n", "read it by igraph and pass the graph"),
    ("a.dl", "dl n=3\n", "read it by igraph and pass the graph"),
    ("a.sif", "a pp b\n", "save it as .graphml or .cyjs in Cytoscape"),
    ("a.gdf", "nodedef>name\n", "save it as .gexf or .graphml in Gephi"),
    ("network.dat", "1\t2\n", "say format= one of edges, graphml"),
]


@pytest.mark.parametrize(("name", "text", "told"), REFUSED)
def test_what_is_refused(name, text, told, tmp_path):
    with pytest.raises(ValueError, match=re.escape(told)) as caught:
        read(tmp_path, name, text)
    assert name in str(caught.value)


def test_groups_that_would_make_too_many_edges(tmp_path):
    group = " ".join(f"n{k}" for k in range(4000))
    with pytest.raises(ValueError, match="joins groups by more than 10000000 edges"):
        read(tmp_path, "a.dot", f"graph {{ {{{group}}} -- {{{group}}} }}")


TEXTS = ["Müller,Ärzte\nÄrzte,eve\n", "source;target\nMüller;Ärzte\nÄrzte;eve\n"]


@pytest.mark.parametrize("text", TEXTS)
def test_text_in_other_encodings(text, tmp_path):
    path = tmp_path / "a.csv"
    expected = {frozenset(("Müller", "Ärzte")), frozenset(("Ärzte", "eve"))}
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-32"):
        path.write_text(text, encoding=encoding)
        assert named_edges(read_graph(path)) == expected
        assert named_edges(read_tables(path) if "source" in text else read_graph(path)) == expected
    for encoding in ("cp1252", "latin-1"):
        path.write_text(text, encoding=encoding)
        for read_it in (read_graph, read_tables):
            with pytest.raises(ValueError, match=r"a\.csv: not UTF-8 text .*iconv"):
                read_it(path)
        with path.open(encoding=encoding) as stream:
            assert named_edges(read_graph(stream)) == expected
    path.write_bytes(text.encode("utf-16-le"))
    with pytest.raises(ValueError, match=r"a\.csv: holds NUL characters.*UTF-16 without its mark"):
        read_graph(path)


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "utf-16"])
def test_xml_says_its_encoding(encoding, tmp_path):
    head = f'<?xml version="1.0" encoding="{encoding}"?>'
    path = tmp_path / "a.graphml"
    path.write_text(head + graphml([("Müller", None), ("Ärzte", None)], []), encoding=encoding)
    assert read_graph(path).node_labels == ("Müller", "Ärzte")
    with path.open(encoding=encoding) as stream:  # which is text whatever its head says
        assert read_graph(stream).node_labels == ("Müller", "Ärzte")
