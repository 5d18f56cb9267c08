"""FeatureGraph against its definition, its round trip through files, and what it refuses."""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import pickle
import subprocess
import sys
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.graph import FeatureGraph
from tests.naive import graphs as naive


@st.composite
def edge_rows(draw):
    n_nodes = draw(st.integers(1, 12))
    node = st.integers(0, n_nodes - 1)
    return n_nodes, draw(st.lists(st.tuples(node, node), max_size=30))


def build(n_nodes, rows, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return FeatureGraph.from_edges(rows, n_nodes=n_nodes, **options)


@given(edge_rows())
def test_from_edges_is_the_simple_graph(given_rows):
    n_nodes, rows = given_rows
    graph = build(n_nodes, rows)
    edges = naive.simple_edges(rows)
    assert graph.n_nodes == n_nodes
    assert graph.n_edges == len(edges)
    assert [tuple(edge) for edge in graph.edges.tolist()] == edges
    for node in range(n_nodes):
        expected = sorted({a + b - node for a, b in edges if node in (a, b)})
        assert graph.neighbors(node).tolist() == expected
    assert graph.degrees.tolist() == [len(graph.neighbors(node)) for node in range(n_nodes)]
    assert graph.components.tolist() == naive.components(n_nodes, edges)
    assert graph.n_components == max(naive.components(n_nodes, edges)) + 1


@given(edge_rows())
def test_only_loops_and_repeats_warn(given_rows):
    n_nodes, rows = given_rows
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        FeatureGraph.from_edges(rows, n_nodes=n_nodes)
    n_left_out = len(rows) - len(naive.simple_edges(rows))
    assert len(caught) == (n_left_out > 0)


def test_the_warning_counts_what_was_left_out_and_points_here():
    with pytest.warns(UserWarning, match="left out 1 self-loop and 2 repeated edges") as caught:
        FeatureGraph.from_edges([(0, 0), (0, 1), (1, 0), (0, 1)])
    assert caught[0].filename == __file__


@given(edge_rows(), st.randoms(use_true_random=False))
def test_the_smallest_of_several_weights_stays(given_rows, random):
    n_nodes, rows = given_rows
    weights = [random.choice([0.0, 0.5, 1.0, 2.5]) for _ in rows]
    graph = build(n_nodes, rows, weights=weights)
    pairs = map(tuple, graph.edges.tolist())
    assert dict(zip(pairs, graph.edge_weights, strict=True)) == naive.smallest_weights(
        rows, weights
    )
    assert graph.to_scipy().nnz == 2 * graph.n_edges  # also where the weight is 0


@given(edge_rows(), st.data())
def test_subgraph_is_induced(given_rows, data):
    n_nodes, rows = given_rows
    keep = data.draw(st.lists(st.integers(0, n_nodes - 1), min_size=1, unique=True))
    weights = np.arange(len(rows), dtype=float)
    graph = build(n_nodes, rows, weights=weights).with_attributes(number=np.arange(n_nodes))
    part = graph.subgraph(keep)
    assert part.node_labels == tuple(keep)
    assert part.node_attributes["number"].tolist() == keep
    expected = naive.smallest_weights(rows, weights)
    inside = {pair: w for pair, w in expected.items() if set(pair) <= set(keep)}
    named = {
        tuple(sorted((keep[i], keep[j]))): w
        for (i, j), w in zip(part.edges.tolist(), part.edge_weights, strict=True)
    }
    assert named == inside


def test_a_mask_selects_nodes_as_well():
    graph = FeatureGraph.from_edges([(0, 1), (1, 2)], labels=["a", "b", "c"])
    assert graph.subgraph(np.array([True, False, True])).node_labels == ("a", "c")


def test_giant_component_is_the_first_of_the_largest():
    graph = FeatureGraph.from_edges([(4, 5), (0, 1), (2, 3)], n_nodes=7)
    assert graph.giant_component().node_labels == (0, 1)


def test_default_labels_are_not_stored():
    assert FeatureGraph.from_edges([(0, 1)], labels=[0, 1]).labels is None
    assert FeatureGraph.from_edges([(0, 1)], labels=[False, True]).labels == (False, True)


label = st.recursive(
    st.text(max_size=4)
    | st.integers()
    | st.booleans()
    | st.none()
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.tuples(inner, inner),
    max_leaves=4,
)


@given(edge_rows(), st.data())
def test_save_and_load_keep_everything(tmp_path_factory, given_rows, data):
    n_nodes, rows = given_rows
    labels = data.draw(st.lists(label, min_size=n_nodes, max_size=n_nodes, unique=True))
    attributes = {
        "number": np.arange(n_nodes),
        "real": np.linspace(0, 1, n_nodes),
        "pair": np.ones((n_nodes, 2), dtype=bool),
        "word/é": np.array(["ß"] * n_nodes),
    }
    graph = build(
        n_nodes, rows, weights=np.arange(len(rows)) / 3, labels=labels, node_attributes=attributes
    )
    graph = dataclasses.replace(
        graph, epsilon=0.1, epsilon_rule="giant=0.5", layer="layer3.0", source="resnet"
    )
    back = FeatureGraph.load(graph.save(tmp_path_factory.mktemp("graph") / "g.npz"))
    assert repr(back) == repr(graph)
    assert back.labels == graph.labels
    assert [type(name) for name in back.node_labels] == [type(name) for name in graph.node_labels]
    for name in ("indptr", "indices", "weights"):
        np.testing.assert_array_equal(getattr(back, name), getattr(graph, name))
    for name in ("epsilon", "epsilon_rule", "layer", "source"):
        assert getattr(back, name) == getattr(graph, name)
    assert back.node_attributes.keys() == attributes.keys()
    for name, array in attributes.items():
        np.testing.assert_array_equal(back.node_attributes[name], array)


def test_labels_without_a_plain_form_are_not_saved(tmp_path):
    graph = FeatureGraph.from_edges([(0, 1)], labels=[frozenset("a"), "b"])
    with pytest.raises(TypeError, match="labels can be saved if they are strings.*frozenset"):
        graph.save(tmp_path / "g.npz")
    assert not list(tmp_path.iterdir())


def test_save_wants_its_suffix(tmp_path):
    with pytest.raises(ValueError, match=r"path must end in .npz or .json, got .*graph\.txt"):
        FeatureGraph.from_edges([(0, 1)]).save(tmp_path / "graph.txt")


def test_pickle_and_copy():
    graph = FeatureGraph.from_edges([(0, 1)], weights=[2.0]).with_attributes(a=["x", "y"])
    for twin in (pickle.loads(pickle.dumps(graph)), copy.deepcopy(graph)):
        assert twin.node_attributes["a"].tolist() == ["x", "y"]
        assert twin.edge_weights.tolist() == [2.0]


def test_it_is_frozen():
    graph = FeatureGraph.from_edges([(0, 1)])
    with pytest.raises(dataclasses.FrozenInstanceError, match="layer"):
        graph.layer = "other"
    with pytest.raises(TypeError, match="does not support item assignment"):
        graph.node_attributes["a"] = np.zeros(2)


def test_repr_is_one_line():
    graph = FeatureGraph.from_edges(
        [(0, 1)], weights=[1], layer="fc", epsilon=1 / 3, epsilon_rule="given"
    )
    assert repr(graph) == (
        "FeatureGraph(n_nodes=2, n_edges=1, weighted=True, layer='fc', epsilon=0.333333, "
        "epsilon_rule='given')"
    )


def test_without_weights():
    graph = FeatureGraph.from_edges([(0, 1)], weights=[3.0])
    assert graph.without_weights().weights is None
    assert graph.to_scipy(weighted=False).data.tolist() == [1, 1]
    with pytest.raises(ValueError, match="weighted=True, but this graph has no weights"):
        graph.without_weights().to_scipy(weighted=True)


def test_a_file_of_the_class_imports_numpy_only():
    heavy = ("torch", "torch_geometric", "networkx", "igraph", "matplotlib", "numba", "scipy")
    code = (
        "import sys, featgraph.graph.csr_graph, featgraph.graph.convert\n"
        f"print(sorted(set({heavy}) & set(sys.modules)))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


BAD_EDGES = [
    ({"edges": [(0, 1, 2)]}, r"edges must have shape \(n_rows, 2\), got \(1, 3\)"),
    ({"edges": [(0.5, 1.0)]}, "edges must be integer node indices, got an array of float64"),
    ({"edges": [(0, -1)]}, "edges must be node indices of at least 0, got -1"),
    ({"edges": [(0, 5)], "n_nodes": 3}, "edges must be indices below n_nodes=3, got 5"),
    ({"edges": []}, "a graph has at least 1 node, got 0"),
    ({"edges": [(0, 1)], "n_nodes": 2.5}, "n_nodes must be a whole number or None, got 2.5"),
    ({"edges": [(0, 1)], "weights": [1, 2]}, r"weights must have one value per edge row.*\(2,\)"),
    ({"edges": [(0, 1)], "weights": [np.nan]}, "weights must be finite, got nan"),
    ({"edges": [(0, 1)], "weights": [np.inf]}, "weights must be finite, got inf"),
    ({"edges": [(0, 1)], "labels": ["a", "a"]}, "labels must be distinct, 'a' stands for two"),
    ({"edges": [(0, 1)], "labels": ["a"]}, "edges must be indices below n_nodes=1, got 1"),
    (
        {"edges": [(0, 1)], "node_attributes": {"x": [1.0]}},
        r"attribute 'x' must have one value or row per node \(2\), got shape \(1,\)",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), BAD_EDGES)
def test_bad_edges_are_refused(arguments, message):
    options = {name: value for name, value in arguments.items() if name != "edges"}
    with pytest.raises(ValueError, match=message):
        FeatureGraph.from_edges(arguments["edges"], **options)


BAD_ARRAYS = [
    ({"indptr": [0, 3, 1]}, "indptr must rise from 0 to the length of indices"),
    ({"indptr": [1, 1, 2]}, "indptr must rise from 0 to the length of indices"),
    ({"indptr": [0, 1.5, 2]}, "indptr must be an array of whole numbers"),
    ({"indptr": [0]}, "at least 1 node, got 0"),
    ({"indices": [1, 7]}, r"indices must lie in 0 … 1, got 1 … 7"),
    ({"indices": [0, 0]}, "indices must hold no self-loops, got one at node 0"),
    ({"indptr": [0, 1, 1], "indices": [1]}, "indices must be symmetric"),
    ({"indptr": [0, 2, 4], "indices": [1, 1, 0, 0]}, "indices must rise within each row"),
    ({"weights": [1.0]}, r"weights must have the shape of indices \(2,\), got \(1,\)"),
    ({"weights": [1.0, 2.0]}, "weights must be equal in both directions"),
    ({"labels": ("a",)}, r"labels must be one per node \(2\), got 1"),
    ({"node_attributes": {"x": np.zeros((2, 2, 2))}}, "attribute 'x' must have one value or row"),
]


@pytest.mark.parametrize(("change", "message"), BAD_ARRAYS)
def test_bad_arrays_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        FeatureGraph(**{"indptr": [0, 1, 2], "indices": [1, 0], **change})


BAD_KINDS = [
    ({"labels": (["a"], "b")}, "labels must be hashable"),
    ({"node_attributes": {"x": np.array([None, {}])}}, "attribute 'x' must be numbers, booleans"),
    ({"node_attributes": {3: np.zeros(2)}}, "node_attributes must have names that are strings"),
    ({"layer": 3}, "layer must be a text or None, got 3"),
]


@pytest.mark.parametrize(("change", "message"), BAD_KINDS)
def test_wrong_types_are_refused(change, message):
    with pytest.raises(TypeError, match=message):
        FeatureGraph(**{"indptr": [0, 1, 2], "indices": [1, 0], **change})


BAD_NODES = [
    ([], "nodes must name at least 1 node, got none"),
    ([0, 3], r"nodes must be indices from 0 to 2, got 0 … 3"),
    ([1, 1], "nodes must be distinct"),
    ([0.5], r"nodes must be one-dimensional integer indices.*float64"),
    ([True, False], r"a mask of nodes must have shape \(3,\), got \(2,\)"),
]


@pytest.mark.parametrize(("nodes", "message"), BAD_NODES)
def test_bad_selections_are_refused(nodes, message):
    with pytest.raises(ValueError, match=message):
        FeatureGraph.from_edges([(0, 1), (1, 2)]).subgraph(nodes)


def test_neighbours_of_a_node_that_is_not_there():
    with pytest.raises(ValueError, match="node must be an index from 0 to 1, got 2"):
        FeatureGraph.from_edges([(0, 1)]).neighbors(2)


def rewrite(path, **members):
    """Copy a saved graph with some members replaced (None: left out)."""
    with zipfile.ZipFile(path) as old:
        content = {name: old.read(name) for name in old.namelist()}
    content |= {f"{name}.npy": value for name, value in members.items()}
    with zipfile.ZipFile(path, "w") as new:
        for name, value in content.items():
            if value is not None:
                new.writestr(name, value)
    return path


def npy(array, **options):
    out = io.BytesIO()
    np.lib.format.write_array(out, np.asarray(array), **options)
    return out.getvalue()


def about(**fields):
    known = dict.fromkeys(("epsilon", "epsilon_rule", "layer", "source"))
    words = json.dumps({"format": "featgraph.FeatureGraph", **known, **fields})
    return npy(np.frombuffer(words.encode(), dtype=np.uint8))


LIES = [
    ({"about": None}, "g.npz must hold a saved FeatureGraph"),
    ({"about": npy(np.zeros(3))}, "g.npz is not JSON"),
    ({"about": about(format="other")}, "must hold a saved FeatureGraph, got other"),
    ({"about": about(labels=[["a"], "b"])}, "no label looks like"),
    ({"about": about(layer=[1])}, "layer must be of type str, got list"),
    ({"about": npy(np.frombuffer(b"[" * 100_000, dtype=np.uint8))}, "nested too deeply"),
    ({"indices": npy([5, 0])}, "indices must lie in"),
    ({"indptr": None}, "g.npz: indptr is missing"),
    ({"indices": npy(np.array([{}, 0], dtype=object), allow_pickle=True)}, "pickle"),
    (
        {"indices": npy([1, 0]).replace(b"(2,), }      ", b"(9999999999,)}")},
        "g.npz",
    ),
    ({"extra": b"not an array"}, "g.npz"),
]


@pytest.mark.parametrize(("members", "message"), LIES)
def test_files_that_lie_are_refused(tmp_path, members, message):
    path = FeatureGraph.from_edges([(0, 1)]).save(tmp_path / "g.npz")
    with pytest.raises(ValueError, match=message):
        FeatureGraph.load(rewrite(path, **members))


def test_a_file_that_is_no_archive(tmp_path):
    path = tmp_path / "g.npz"
    path.write_bytes(b"PK nonsense")
    with pytest.raises(ValueError, match=r"g\.npz is not a sound \.npz file"):
        FeatureGraph.load(path)


def test_graph_without_edges_loads_nothing_compiled():
    code = """
import sys, numpy as np
from featgraph.graph import FeatureGraph
assert FeatureGraph(np.zeros(4, int), np.zeros(0, int)).n_edges == 0
assert "numba" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("scale", [2.0**-60, 2.0**60])
def test_places_of_nodes_do_not_depend_on_the_unit_of_lengths(scale):
    edges = [(i, j) for i in range(5) for j in range(i)]
    lengths = 1 + np.random.default_rng(0).random(len(edges))
    one, other = (
        FeatureGraph.from_edges(edges, weights=factor * lengths).layout for factor in (1, scale)
    )
    np.testing.assert_array_equal(other, one)
