"""Graph files: what other programs write comes back; what is broken or hostile is refused."""

from __future__ import annotations

import io
import pickle
import warnings
import zipfile

import networkx as nx
import numpy as np
import pytest
import scipy.io
import scipy.sparse as sp
from hypothesis import given, strategies as st

from featgraph.graph import FeatureGraph, as_feature_graph
from featgraph.io import read_graph

igraph = pytest.importorskip("igraph")


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def named_edges(graph):
    names = graph.node_labels
    weights = graph.edge_weights if graph.weights is not None else np.ones(graph.n_edges)
    return {
        frozenset((names[i], names[j])): w
        for (i, j), w in zip(graph.edges.tolist(), weights.tolist(), strict=True)
    }


def les_miserables():
    return nx.les_miserables_graph()


NETWORKX_WRITERS = {
    "a.graphml": nx.write_graphml,
    "a.gexf": nx.write_gexf,
    "a.gml": nx.write_gml,
    "a.net": nx.write_pajek,
    "a.tsv": lambda graph, path: nx.write_weighted_edgelist(graph, path, delimiter="\t"),
    "a.csv": lambda graph, path: nx.write_weighted_edgelist(graph, path, delimiter=","),
}


@pytest.mark.parametrize("name", NETWORKX_WRITERS)
def test_files_of_networkx(name, tmp_path):
    original = les_miserables()
    NETWORKX_WRITERS[name](original, tmp_path / name)
    graph = read_graph(tmp_path / name, weight="weight")
    expected = {frozenset((a, b)): w for a, b, w in original.edges(data="weight")}
    assert named_edges(graph) == expected
    assert set(graph.node_labels) == set(original)
    assert graph.source == name
    assert read_graph(tmp_path / name, weight="ignore").weights is None
    with pytest.raises(ValueError, match=rf"{name}: graph carries edge weights"):
        read_graph(tmp_path / name)


@pytest.mark.parametrize("name", ["a.graphml", "a.gml", "a.net"])
def test_files_of_igraph(name, tmp_path):
    original = as_feature_graph(les_miserables(), weight="weight").to_igraph()
    original.save(str(tmp_path / name))
    graph = read_graph(tmp_path / name, weight="weight")
    expected = as_feature_graph(original, weight="weight")
    assert named_edges(graph) == named_edges(expected)


@pytest.mark.parametrize("kind", [sp.csr_array, sp.csc_array, sp.coo_array])
def test_files_of_scipy(kind, tmp_path):
    matrix = kind(nx.to_scipy_sparse_array(les_miserables()))
    expected = as_feature_graph(matrix, weight="weight")
    sp.save_npz(tmp_path / "a.npz", matrix)
    scipy.io.mmwrite(tmp_path / "a.mtx", matrix)
    scipy.io.mmwrite(tmp_path / "b.mtx", matrix, symmetry="general")
    for name in ("a.npz", "a.mtx", "b.mtx"):
        graph = read_graph(tmp_path / name, weight="weight")
        np.testing.assert_array_equal(graph.indices, expected.indices)
        np.testing.assert_array_equal(graph.weights, expected.weights)


def test_saved_feature_graphs(tmp_path):
    graph = FeatureGraph.from_edges([(0, 1)], labels=["a", ("b", 1)], weights=[0.5])
    graph.save(tmp_path / "g.npz")
    back = read_graph(tmp_path / "g.npz")
    assert back.labels == graph.labels
    assert back.edge_weights.tolist() == [0.5]
    assert read_graph(tmp_path / "g.npz", weight="ignore").weights is None


def test_real_networks_agree_with_networkx(shared_data):
    for name in ("dol", "cel", "ba_powergrid"):
        path = shared_data / "networks" / f"{name}.edges"
        graph, expected = read_graph(path), nx.read_edgelist(path, nodetype=int)
        assert graph.n_nodes == len(expected)
        assert named_edges(graph).keys() == {frozenset(edge) for edge in expected.edges}


whole = st.integers(-5, 12) | st.integers(10**9, 10**12)
word = st.text("abcxyzé_-.0", min_size=1, max_size=4).filter(lambda w: not w.lstrip("-").isdigit())


@given(
    st.lists(st.tuples(whole, whole), min_size=1, max_size=12)
    | st.lists(st.tuples(word, word), min_size=1, max_size=12),
    st.sampled_from([" ", "\t", ",", ", ", ";"]),
    st.booleans(),
)
def test_edge_lists_read_back(tmp_path_factory, pairs, mark, weighted):
    pairs = [pair for pair in pairs if pair[0] != pair[1]] or [(0, 1)]
    weights = {frozenset(pair): 1 + k / 4 for k, pair in enumerate(pairs)}
    rows = [(*sorted(pair, key=str), w) for pair, w in weights.items()]
    text = "".join(mark.join(map(str, row[: 3 if weighted else 2])) + "\n" for row in rows)
    path = write(tmp_path_factory.mktemp("edges") / "a.txt", "# comment\n\n% more\n" + text)
    graph = read_graph(path, weight="weight" if weighted else None)
    expected = {frozenset(row[:2]): row[2] if weighted else 1.0 for row in rows}
    assert named_edges(graph) == expected


EDGE_LISTS = [
    ("a.edges", "0 1\n1 2\n", [(0, 1), (1, 2)]),
    ("a.edges", "\ufeff0 1\n", [(0, 1)]),
    ("a.edges", "5 7\r\n7 9\r\n", [(5, 7), (7, 9)]),
    ("a.edges", " # first\n0 1\n  % second\n1 2\n", [(0, 1), (1, 2)]),
    ("a.edges", "a#1 b%2\n", [("a#1", "b%2")]),
    ("a.edges", "0 1 {}\n1 2 {}\n", [(0, 1), (1, 2)]),
    ("a.edges", "99999999999999999999 1\n", [(1, 99999999999999999999)]),
    ("a.csv", "source,target\nann,bob\n", [("ann", "bob")]),
    ("a.csv", "Source,Target\n3,4\n", [(3, 4)]),
    ("a.csv", '"Lee, Ann",bob\n', [("Lee, Ann", "bob")]),
    ("a.csv", "a;b\n", [("a", "b")]),
    ("a.tsv", "Ann Lee\tBob\n", [("Ann Lee", "Bob")]),
    ("a.txt", "Ann Lee Junior\tBob\n", [("Ann Lee Junior", "Bob")]),
    ("a.txt", "Lee,A Doe,B\n", [("Lee,A", "Doe,B")]),
    ("a.txt", "1 a\n", [("1", "a")]),
]


@pytest.mark.parametrize(("name", "text", "edges"), EDGE_LISTS)
def test_kinds_of_edge_lists(name, text, edges, tmp_path):
    graph = read_graph(write(tmp_path / name, text))
    assert named_edges(graph).keys() == {frozenset(edge) for edge in edges}


def test_loops_and_repeats_are_told_once(tmp_path):
    path = write(tmp_path / "a.edges", "0 0\n0 1\n1 0\n")
    with pytest.warns(UserWarning, match=r"a\.edges: left out 1 self-loop and 1 repeated edge"):
        assert read_graph(path).n_edges == 1


def test_a_large_edge_list_takes_the_fast_path(tmp_path, monkeypatch):
    rows = np.arange(200_000)
    np.savetxt(tmp_path / "a.edges", np.column_stack([rows, rows + 1]), fmt="%d")
    monkeypatch.setattr("featgraph.io.edge_list.edge_table_graph", None)
    assert read_graph(tmp_path / "a.edges").n_edges == 200_000


BROKEN_TEXT = [
    ("a.edges", "", "a.edges: holds no edges"),
    ("a.edges", "# nothing\n", "a.edges: holds no edges"),
    ("a.csv", "source,target\n", "a.csv: holds no edges"),
    ("a.edges", "0 1\n2\n", r"a\.edges: line 2: expected 'u v' or 'u v weight', got '2'"),
    ("a.edges", "0 1\n\n1 2 3 4\n", r"a\.edges: line 3: expected 'u v' or 'u v weight'"),
    ("a.edges", "a b\nb c 2\n", "a.edges: line 2: has 3 columns, lines before it 2"),
    ("a.edges", "a b far\n", "a.edges: line 1: the third column must be a weight, got 'far'"),
    ("a.edges", "0 1 {'weight': 3\n", "a.edges: line 1: expected a dictionary"),
    ("a.edges", "0 1 # no comment\n", "a.edges: line 1: expected 'u v' or 'u v weight'"),
    ("a.edges", "0\x001\n", "a.edges: holds NUL characters"),
    ("a.mtx", "hello\n", r"a\.mtx: line 1: expected '%%MatrixMarket"),
    ("a.mtx", "%%MatrixMarket matrix array real general\n1 1\n0\n", "a graph is a 'coordinate'"),
    ("a.mtx", "%%MatrixMarket matrix coordinate complex general\n", "a graph is a 'coordinate'"),
    ("a.mtx", "%%MatrixMarket matrix coordinate real general\nx\n", "expected 'rows"),
    ("a.mtx", "%%MatrixMarket matrix coordinate real general\n2 3 0\n", "is square, got 2×3"),
    (
        "a.mtx",
        "%%MatrixMarket matrix coordinate real general\n9000000000 9000000000 1\n1 2 1\n",
        "a.mtx: claims 9000000000 nodes; a file of this length",
    ),
    (
        "a.mtx",
        "%%MatrixMarket matrix coordinate pattern general\n% note\n3 3 99999999999\n1 2\n",
        r"a.mtx: an entry cannot be read \(Truncated file: 1 of 99999999999\)",
    ),
    (
        "a.mtx",
        "%%MatrixMarket matrix coordinate pattern symmetric\n3 3 2\n2 1\n",
        r"a\.mtx: an entry cannot be read \(Truncated file",
    ),
    (
        "a.mtx",
        "%%MatrixMarket matrix coordinate pattern symmetric\n3 3 1\n4 1\n",
        "a.mtx: an entry lies outside 1 … 3",
    ),
    ("a.mtx", "%%MatrixMarket matrix coordinate pattern symmetric\n3 3 1\nx 1\n", "cannot be read"),
    ("a.mtx", "%%MatrixMarket matrix coordinate pattern general\n2 2 1\n1 2\n", "is directed"),
    ("a.gml", "graph [ node [ id 0 ]", r"a\.gml: line 1: expected a key"),
    ("a.gml", "graph [ node [ id 0 ] ] ]", "expected a key"),
    ("a.gml", "graph [ node ]", "expected a key and its value, got 'node"),
    ("a.gml", "graph [\n node [ id 0 ]\n !\n]", r"a\.gml: line 2: expected a key .*'!"),
    ("a.gml", "version 1", "must hold 1 'graph"),
    ("a.gml", "graph [ node [ id 0 ] node [ id 0 ] ]", "node needs an id of its own.*got 0"),
    ("a.gml", "graph [ node [ id 0 ] edge [ source 0 target 1 ] ]", "names no node: 1"),
    ("a.gml", "graph [ " * 5000, "a.gml: line 1: expected a key"),
    ("a.gml", "graph [ directed 1 node [ id 0 ] ]", "graph is directed"),
    ("a.gml", "graph [ ]", "at least 1 node"),
    ("a.net", "*Edges\n1 2\n", "a.net: line 2: names a vertex outside 1 … 0"),
    ("a.net", "*Vertices 2\n*Edges\n1 3\n", "a.net: line 3: names a vertex outside 1 … 2"),
    ("a.net", "*Vertices 2\n*Edges\n1\n", "a.net: line 3: an edge needs two ends"),
    ("a.net", "*Vertices 99999999999\n", "a.net: line 1: claims 99999999999 nodes"),
    ("a.net", "*Vertices\n", "a.net: line 1: cannot read"),
    ("a.net", "*Vertices 2\n*Partition\n", r"a\.net: line 2: section '\*partition' is not read"),
    ("a.net", "*Vertices 2\n*Matrix\n1 0\n", "a matrix of 2 vertices has as many rows"),
    ("a.net", "1 2\n", "a.net: line 1: expected a section"),
    ("a.net", "*Vertices 2\n*Arcs\n1 2\n", "graph is directed"),
    ("a.net", "", r"a\.net: holds no \*Vertices"),
    ("a.graphml", "", r"a\.graphml: no element found"),
    ("a.graphml", "not xml", r"a\.graphml: not well-formed|syntax error"),
    ("a.graphml", "<graphml></graphml>", "a.graphml: holds no <graph>"),
    ("a.graphml", "<graphml><graph/><graph/></graphml>", "holds more than one <graph>"),
    ("a.graphml", "<graphml><graph><node id='a'/><node id='a'/></graph></graphml>", "id of its"),
    ("a.graphml", "<graphml><graph><node/></graph></graphml>", "needs an id of its own"),
    ("a.graphml", "<graphml><graph><node id='a'/><hyperedge/></graph></graphml>", "<hyperedge>"),
    (
        "a.graphml",
        "<graphml><graph><node id='a'><graph><node id='b'/></graph></node></graph></graphml>",
        "holds more than one <graph>, or one inside",
    ),
    (
        "a.graphml",
        "<graphml><key id='d' for='node' attr.name='size' attr.type='int'/>"
        "<graph><node id='a'><data key='d'>big</data></node></graph></graphml>",
        "attribute 'size' must be of type int, got 'big'",
    ),
    (
        "a.graphml",
        "<graphml><graph edgedefault='directed'><node id='a'/><node id='b'/>"
        "<edge source='a' target='b'/></graph></graphml>",
        "graph is directed",
    ),
    ("a.graphml", "<graphml><graph/></graphml>", "at least 1 node"),
    ("a.gexf", "<gexf><graph><nodes><node id='a'><nodes><node id='b'/></nodes></node></nodes>"
     "</graph></gexf>", "or one inside another"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "text", "message"), BROKEN_TEXT)
def test_broken_files_say_where(name, text, message, tmp_path):
    with pytest.raises(ValueError, match=message) as caught:
        read_graph(write(tmp_path / name, text))
    assert "\n" not in str(caught.value)
    assert name in str(caught.value)


BOMB = """<?xml version="1.0"?>
<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">]>
<graphml><graph><node id="&c;"/></graph></graphml>"""
OUTSIDE = """<!DOCTYPE g [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<graphml><graph><node id="&x;"/></graph></graphml>"""
REMOTE = '<!DOCTYPE graphml SYSTEM "http://example.invalid/g.dtd"><graphml><graph/></graphml>'


@pytest.mark.parametrize("suffix", ["graphml", "gexf"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("text", [BOMB, OUTSIDE, REMOTE])
def test_document_types_are_refused(text, encoding, suffix, tmp_path):
    path = tmp_path / f"a.{suffix}"
    if encoding == "utf-16":
        text = text.replace('version="1.0"', 'version="1.0" encoding="UTF-16"')
    path.write_text(text, encoding=encoding)
    with pytest.raises(ValueError, match=rf"a\.{suffix}: declares a document type"):
        read_graph(path)


class Trap:
    def __reduce__(self):
        return (pytest.fail, ("a pickle was run",))


def npz(path, **members):
    with zipfile.ZipFile(path, "w") as archive:
        for name, value in members.items():
            archive.writestr(f"{name}.npy", value)
    return path


def npy(array):
    out = io.BytesIO()
    np.save(out, np.asarray(array))
    return out.getvalue()


def test_pickles_are_not_run(tmp_path):
    header = npy(np.array([1.0])).replace(b"'<f8'", b"'|O' ")[:128]
    path = npz(tmp_path / "a.npz", format=header + pickle.dumps(Trap()))
    with pytest.raises(ValueError, match=r"a\.npz: 'format' holds a pickle"):
        read_graph(path)
    path = write(tmp_path / "b.npz", "")
    path.write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ValueError, match=r"b\.npz"):
        read_graph(path)


def csr_members(**change):
    members = {
        "format": np.array(b"csr"),
        "shape": [2, 2],
        "data": [1.0, 1.0],
        "indices": [1, 0],
        "indptr": [0, 1, 2],
    }
    return {name: npy(value) for name, value in {**members, **change}.items() if value is not None}


BAD_ARCHIVES = [
    ({"indices": [1, 10**6]}, "a.npz: indices must lie in 0 … 1, got 1 … 1000000"),
    ({"indices": [1, -5]}, "a.npz: indices must lie in 0 … 1"),
    ({"indices": [1.0, 0.0]}, "a.npz: indices must be one-dimensional with integers"),
    ({"indptr": [0, 1, 10**6]}, "a.npz: indptr must rise from 0 to the length of indices"),
    ({"indptr": [0, 2, 1]}, "a.npz: indptr must rise"),
    ({"indptr": [0, 0, 0]}, "a.npz: indptr must rise"),
    ({"indptr": [0, 2]}, "a.npz: indptr must have 3 entries, got 2"),
    ({"indptr": [[0, 1, 2]]}, "a.npz: indptr must be one-dimensional"),
    ({"data": [1.0]}, "a.npz: data must be as long as indices"),
    ({"shape": [2]}, "must be square"),
    ({"shape": [10**12, 10**12]}, "a.npz: claims 1000000000000 nodes"),
    ({"format": np.array(b"bsr")}, "sparse format 'bsr' is not read"),
    ({"format": None}, "neither a saved FeatureGraph nor a scipy sparse matrix"),
    ({"data": None}, "neither a saved FeatureGraph nor a scipy sparse matrix"),
    ({"data": [[1.0, 1.0]]}, "a.npz: .*"),
    ({"format": np.array(b"coo"), "row": [0, 9], "col": [1, 0]}, "a.npz: row must lie in"),
    ({"shape": [2, 3]}, "must be square"),
]


@pytest.mark.parametrize(("change", "message"), BAD_ARCHIVES)
def test_matrices_that_lie_are_refused(change, message, tmp_path):
    assert read_graph(npz(tmp_path / "good.npz", **csr_members())).n_edges == 1
    with pytest.raises(ValueError, match=message):
        read_graph(npz(tmp_path / "a.npz", **csr_members(**change)))


def test_a_header_that_lies_about_sizes(tmp_path):
    lie = npy(np.zeros(3)).replace(b"(3,), }", b"(9999999999,), }")
    with pytest.raises(ValueError, match=r"a\.npz"):
        read_graph(npz(tmp_path / "a.npz", **{**csr_members(), "data": lie}))


def test_text_in_another_encoding(tmp_path):
    path = tmp_path / "a.edges"
    path.write_bytes("Müller Ärzte\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"a\.edges: not UTF-8 text \(byte 1\)"):
        read_graph(path)


def test_weights_that_are_no_numbers(tmp_path):
    path = write(tmp_path / "a.edges", "0 1 nan\n")
    with pytest.raises(ValueError, match=r"a\.edges: weights must be finite, got nan"):
        read_graph(path, weight="weight")


def test_formats_and_paths(tmp_path):
    path = write(tmp_path / "graph.dat", "0 1\n")
    with pytest.raises(ValueError, match=r"path must end in one of \.edges.*got 'graph\.dat'"):
        read_graph(path)
    assert read_graph(path, format="edges").n_edges == 1
    with pytest.raises(ValueError, match="format must be one of.*did you mean 'edges'"):
        read_graph(path, format="edge")
    with pytest.raises(FileNotFoundError, match=r"no file .*absent\.gml"):
        read_graph(tmp_path / "absent.gml")
    assert read_graph(write(tmp_path / "UPPER.EDGES", "0 1\n")).n_edges == 1


def test_directed_files_on_request(tmp_path):
    path = write(tmp_path / "a.net", "*Vertices 2\n1 a\n2 b\n*Arcs\n1 2 3\n2 1 2\n")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        graph = read_graph(path, weight="weight", as_undirected=True)
    assert named_edges(graph) == {frozenset("ab"): 2.0}


def test_pajek_lists(tmp_path):
    graph = read_graph(write(tmp_path / "a.net", "*Vertices 4\n*Edgeslist\n1 2 3 4\n"))
    assert named_edges(graph).keys() == {frozenset(pair) for pair in [(1, 2), (1, 3), (1, 4)]}


GML = """# made by hand
graph [
  node [ id 3 label "A &amp; B" mass 1.5 kind "x" ]
  node [ id 5 label "C" mass NAN kind "y" ]
  edge [ source 3 target 5 length 2e-1 ]
]
"""


def test_gml_attributes_and_named_weights(tmp_path):
    graph = read_graph(write(tmp_path / "a.gml", GML), weight="length")
    assert graph.labels == ("A & B", "C")
    assert graph.edge_weights.tolist() == [0.2]
    np.testing.assert_array_equal(graph.node_attributes["mass"], [1.5, np.nan])
    assert graph.node_attributes["kind"].tolist() == ["x", "y"]
    with pytest.raises(ValueError, match=r"weight='weight' names no attribute.*'length'"):
        read_graph(tmp_path / "a.gml", weight="weight")


def test_graphml_defaults_and_missing_values(tmp_path):
    text = (
        '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
        '<key id="k" for="node" attr.name="kind" attr.type="string"><default>red</default></key>'
        '<key id="m" for="node" attr.name="mass" attr.type="double"/>'
        '<graph edgedefault="undirected"><node id="a"><data key="k">blue</data></node>'
        '<node id="b"><data key="m">2.5</data></node><edge source="a" target="b"/></graph>'
        "</graphml>"
    )
    graph = read_graph(write(tmp_path / "a.graphml", text))
    assert graph.node_attributes["kind"].tolist() == ["blue", "red"]
    np.testing.assert_array_equal(graph.node_attributes["mass"], [np.nan, 2.5])
