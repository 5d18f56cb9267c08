"""To and from networkx, igraph, PyTorch Geometric and SciPy: round trips, and what is refused."""

from __future__ import annotations

import dataclasses
import pickle
import warnings

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings, strategies as st

from featgraph.features import as_feature_matrix
from featgraph.graph import FeatureGraph, as_feature_graph

torch = pytest.importorskip("torch")
igraph = pytest.importorskip("igraph")
pyg = pytest.importorskip("torch_geometric.data")

LIBRARIES = ("networkx", "igraph", "pyg", "scipy")
KEEPS_LABELS = ("networkx", "igraph", "pyg")


def send(graph, library):
    return getattr(graph, f"to_{library}")()


@st.composite
def graphs(draw, weighted=False):
    n_nodes = draw(st.integers(1, 9))
    node = st.integers(0, n_nodes - 1)
    rows = draw(st.lists(st.tuples(node, node), max_size=16))
    rows = sorted({(min(r), max(r)) for r in rows if r[0] != r[1]})
    number = st.floats(0, 9, width=32)  # 0 as well: duplicated neurons
    size = len(rows)
    weights = draw(st.lists(number, min_size=size, max_size=size)) if weighted else None
    return FeatureGraph.from_edges(rows, n_nodes=n_nodes, weights=weights)


def same_structure(left, right):
    np.testing.assert_array_equal(left.indptr, right.indptr)
    np.testing.assert_array_equal(left.indices, right.indices)


@settings(max_examples=25)
@pytest.mark.parametrize("library", LIBRARIES)
@given(graph=graphs())
def test_round_trip_without_weights(library, graph):
    back = as_feature_graph(send(graph, library))
    same_structure(back, graph)
    assert back.weights is None


@settings(max_examples=25)
@pytest.mark.parametrize("library", LIBRARIES)
@given(graph=graphs(weighted=True))
def test_round_trip_with_weights(library, graph):
    back = as_feature_graph(send(graph, library), weight="weight")
    same_structure(back, graph)
    np.testing.assert_array_equal(back.weights, graph.weights)


@pytest.mark.parametrize("library", KEEPS_LABELS)
@pytest.mark.parametrize(
    "labels",
    [["a", "b", "c"], [("conv", 1), ("conv", 2), frozenset("ab")], [3, 1, 2], [1, "1", 2.5]],
)
def test_labels_survive(library, labels):
    graph = FeatureGraph.from_edges([(0, 2)], labels=labels)
    assert as_feature_graph(send(graph, library)).labels == tuple(labels)


@pytest.mark.parametrize("library", KEEPS_LABELS)
def test_attributes_and_origin_survive(library):
    attributes = {
        "neuron": np.arange(3),
        "mean_activation": np.array([0.5, np.nan, -1.0]),
        "dead": np.array([True, False, False]),
        "word": np.array(["a", "", "ü"]),
        "activations": np.arange(6.0).reshape(3, 2),
    }
    graph = FeatureGraph.from_edges([(0, 1)], n_nodes=3, node_attributes=attributes)
    graph = dataclasses.replace(
        graph, layer="layer1.0", epsilon=0.25, epsilon_rule="density=0.1", source="digits"
    )
    back = as_feature_graph(send(graph, library))
    assert back.node_attributes.keys() == attributes.keys()
    for name, array in attributes.items():
        np.testing.assert_array_equal(back.node_attributes[name], array)
        assert back.node_attributes[name].dtype.kind == array.dtype.kind
    assert repr(back) == repr(graph)
    assert back.source == "digits"


def test_pyg_data_is_what_pyg_expects():
    graph = FeatureGraph.from_edges([(0, 1), (1, 2)], n_nodes=4, weights=[0.5, 2.0])
    data = graph.to_pyg(np.eye(4, dtype=np.float32))
    data.validate(raise_on_error=True)
    assert data.num_nodes == 4
    assert data.is_undirected()
    assert data.has_isolated_nodes()
    assert not data.has_self_loops()
    assert data.edge_index.dtype == torch.int64
    assert data.edge_index.tolist() == [[0, 1, 1, 2], [1, 0, 2, 1]]
    assert data.edge_weight.tolist() == [0.5, 0.5, 2.0, 2.0]
    assert torch.equal(data.x, torch.eye(4))


def test_pyg_features_may_be_a_feature_matrix():
    from featgraph.features import FeatureMatrix

    matrix = FeatureMatrix.from_array([[0.0, 1.0], [2.0, 3.0]])
    assert FeatureGraph.from_edges([(0, 1)]).to_pyg(matrix).x.tolist() == [[0.0, 1.0], [2.0, 3.0]]
    with pytest.raises(ValueError, match=r"features must have one row per node \(3\), got \(2, 2"):
        FeatureGraph.from_edges([(0, 2)]).to_pyg(matrix)


def test_isolated_nodes_of_pyg_count():
    data = pyg.Data(edge_index=torch.tensor([[0, 1], [1, 0]]), num_nodes=5)
    assert as_feature_graph(data).n_components == 4


def test_x_of_pyg_becomes_activations():
    data = pyg.Data(x=torch.ones(2, 3, dtype=torch.bfloat16), edge_index=torch.zeros(2, 0).long())
    assert as_feature_graph(data).node_attributes["activations"].tolist() == [[1, 1, 1]] * 2


def directed_graphs():
    return {
        "networkx": nx.DiGraph([(0, 1), (1, 0), (1, 2)]),
        "igraph": igraph.Graph([(0, 1), (1, 0), (1, 2)], directed=True),
        "pyg": pyg.Data(edge_index=torch.tensor([[0, 1, 1], [1, 0, 2]]), num_nodes=3),
        "scipy": sp.csr_array([[0, 1, 0], [1, 0, 1], [0, 0, 0]]),
    }


@pytest.mark.parametrize("library", LIBRARIES)
def test_directed_is_refused_unless_told(library):
    graph = directed_graphs()[library]
    with pytest.raises(ValueError, match="graph is directed; .* pass as_undirected=True"):
        as_feature_graph(graph)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # there and back again is no repeated edge
        same_structure(
            as_feature_graph(graph, as_undirected=True), FeatureGraph.from_edges([(0, 1), (1, 2)])
        )


def test_opposite_weights_make_a_matrix_directed():
    matrix = sp.csr_array([[0, 2.0], [3.0, 0]])
    with pytest.raises(ValueError, match="graph is directed"):
        as_feature_graph(matrix, weight="weight")
    graph = as_feature_graph(matrix, weight="weight", as_undirected=True)
    assert graph.edge_weights.tolist() == [2.0]


def weighted_graphs():
    rows = FeatureGraph.from_edges([(0, 1), (1, 2)], weights=[0.5, 2.0])
    return {library: send(rows, library) for library in LIBRARIES}


@pytest.mark.parametrize("library", LIBRARIES)
def test_weights_need_a_word(library):
    graph = weighted_graphs()[library]
    with pytest.raises(
        ValueError, match=r'graph carries edge weights; say weight="(edge_)?weight"'
    ):
        as_feature_graph(graph)
    assert as_feature_graph(graph, weight="ignore").weights is None
    assert as_feature_graph(graph, weight="weight").edge_weights.tolist() == [0.5, 2.0]
    with pytest.raises(ValueError, match=r"weight='length' names no attribute.*there is:.*weight"):
        as_feature_graph(graph, weight="length")


@pytest.mark.parametrize("library", LIBRARIES)
def test_weights_that_are_all_one_need_no_word(library):
    graph = send(FeatureGraph.from_edges([(0, 1), (1, 2)], weights=[1, 1]), library)
    assert as_feature_graph(graph).weights is None


def test_an_edge_without_the_attribute():
    graph = nx.Graph([(0, 1, {"weight": 1}), (1, 2)])
    assert as_feature_graph(graph).weights is None
    with pytest.raises(ValueError, match="weight='weight' stands on 1 of 2 edges only"):
        as_feature_graph(graph, weight="weight")


def test_weights_must_be_numbers():
    with pytest.raises(ValueError, match="weight='weight' must be numbers on every edge"):
        as_feature_graph(nx.Graph([(0, 1, {"weight": "long"})]), weight="weight")


def test_a_feature_graph_comes_back_as_it_is():
    graph = FeatureGraph.from_edges([(0, 1)], weights=[2.0])
    assert as_feature_graph(graph) is graph
    assert as_feature_graph(graph, weight="distance") is graph
    assert as_feature_graph(graph, weight="ignore").weights is None
    with pytest.raises(ValueError, match="but this FeatureGraph is unweighted"):
        as_feature_graph(graph.without_weights(), weight="distance")
    with pytest.raises(
        ValueError, match='weight must be "weight", "distance", "length" or "ignore"'
    ):
        as_feature_graph(graph, weight="banana")


def messy_graphs():
    return {
        "networkx": nx.MultiGraph([(0, 0), (0, 1), (0, 1), (1, 2)]),
        "igraph": igraph.Graph([(0, 0), (0, 1), (1, 0), (1, 2)]),
        "pyg": pyg.Data(
            edge_index=torch.tensor([[0, 0, 0, 1, 1, 1, 2], [0, 1, 1, 0, 0, 2, 1]]), num_nodes=3
        ),
    }


@pytest.mark.parametrize("library", ["networkx", "igraph", "pyg"])
def test_loops_and_repeats_are_dropped_with_one_warning(library):
    with pytest.warns(UserWarning, match="left out 1 self-loop and 1 repeated edge:") as caught:
        graph = as_feature_graph(messy_graphs()[library])
    assert len(caught) == 1
    assert caught[0].filename == __file__
    same_structure(graph, FeatureGraph.from_edges([(0, 1), (1, 2)]))


def test_repeated_entries_of_a_matrix_are_summed_as_scipy_does():
    ends = ([0, 0, 0, 1, 1, 1, 2], [0, 1, 1, 0, 0, 2, 1])
    matrix = sp.coo_array((np.ones(7), ends), shape=(3, 3))
    message = "summed 2 repeated entries of the matrix, as SciPy does; left out 1 self-loop"
    with pytest.warns(UserWarning, match=message):
        graph = as_feature_graph(matrix, weight="weight")
    with pytest.warns(UserWarning, match="left out 1 self-loop"):
        again = as_feature_graph(matrix.tocsr(), weight="weight")
    assert graph.edge_weights.tolist() == again.edge_weights.tolist() == [2.0, 1.0]
    with pytest.raises(ValueError, match="graph carries edge weights"):
        as_feature_graph(matrix)  # two ones are a two
    truth = sp.coo_array((np.ones(4, dtype=bool), ([0, 0, 1, 1], [1, 1, 0, 0])), shape=(2, 2))
    with pytest.warns(UserWarning, match="summed 2 repeated entries"):
        assert as_feature_graph(truth).n_edges == 1


def damaged_matrices():
    good = sp.csr_array([[0, 1.0, 0], [1.0, 0, 2.0], [0, 2.0, 0]])
    for name, array in (
        ("indptr", [0, 1, 3, 9]),
        ("indptr", [0, 3, 1, 4]),
        ("indptr", [0, 0, 0, 0]),
        ("indptr", [0, 1, 4]),
        ("indices", [1, 0, 7, 1]),
        ("indices", [1, 0, -2, 1]),
        ("data", [1.0]),
    ):
        matrix = good.copy()
        setattr(matrix, name, np.array(array, dtype=getattr(good, name).dtype))
        yield matrix


@pytest.mark.parametrize("matrix", list(damaged_matrices()))
def test_damaged_matrices_never_reach_scipy(matrix):
    with pytest.raises(ValueError, match="indptr must|indices must|data must"):
        as_feature_graph(matrix, weight="weight")


def test_lengths_of_zero_stay_edges():
    for lengths in ([0.0, 0.0], [0.0, 1.0]):
        graph = FeatureGraph.from_edges([(0, 1), (1, 2)], weights=lengths)
        back = as_feature_graph(graph.to_scipy(), weight="weight")
        assert back.edge_weights.tolist() == lengths
        assert as_feature_graph(graph.to_scipy(), weight="ignore").n_edges == 2


class TestWeightsOfPyG:
    ends = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])
    lengths = torch.tensor([0.5, 0.5, 2.0, 2.0])

    def data(self, **fields):
        return pyg.Data(edge_index=self.ends, num_nodes=3, **fields)

    @pytest.mark.parametrize("name", ["edge_weight", "weight", "edge_attr"])
    def test_every_usual_name(self, name):
        data = self.data(**{name: self.lengths if name != "edge_attr" else self.lengths[:, None]})
        with pytest.raises(ValueError, match=f'carries edge weights; say weight="{name}"'):
            as_feature_graph(data)
        for word in (name, "weight"):
            assert as_feature_graph(data, weight=word).edge_weights.tolist() == [0.5, 2.0]
        assert as_feature_graph(data, weight="ignore").weights is None

    def test_what_networkx_leaves(self):
        from torch_geometric.utils import from_networkx

        graph = nx.Graph()
        graph.add_weighted_edges_from([(0, 1, 0.5), (1, 2, 2.0)])
        data = from_networkx(graph)
        assert as_feature_graph(data, weight="weight").edge_weights.tolist() == [0.5, 2.0]
        square = nx.Graph()  # as many nodes as directed edges: weight is still that of edges
        square.add_weighted_edges_from([(0, 1, 0.5), (2, 3, 2.0)])
        with pytest.raises(ValueError, match="graph carries edge weights"):
            as_feature_graph(from_networkx(square))

    def test_columns_are_no_weight(self):
        data = self.data(edge_attr=torch.ones(4, 3))
        assert as_feature_graph(data).weights is None
        with pytest.raises(ValueError, match=r"weight='edge_attr' must be one number per edge"):
            as_feature_graph(data, weight="edge_attr")
        real = self.data(edge_attr=torch.stack([self.lengths, 3 * self.lengths], dim=1))
        with pytest.raises(ValueError, match='2 columns of edge_attr; say .* weight="edge_attr_0"'):
            as_feature_graph(real)
        taken = as_feature_graph(real, weight="edge_attr_1")
        assert taken.edge_weights.tolist() == [1.5, 6.0]
        assert taken.edge_attributes["edge_attr_0"].tolist() == [0.5, 2.0]
        assert as_feature_graph(real, weight="ignore").weights is None
        kinds = self.data(edge_attr=torch.tensor([0, 0, 3, 3]))
        assert as_feature_graph(kinds).weights is None  # kinds of edges, not lengths

    def test_the_matrix_that_a_transform_leaves(self):
        from torch_geometric.transforms import ToSparseTensor

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of torch, on sparse tensors
            data = ToSparseTensor(attr="edge_weight", layout=torch.sparse_csr)(
                self.data(edge_weight=self.lengths)
            )
        assert data.edge_index is None
        assert as_feature_graph(data, weight="weight").edge_weights.tolist() == [0.5, 2.0]
        assert data.edge_index is None  # what is passed stays as it is

    def test_data_of_several_kinds_or_times_is_refused_with_the_cure(self):
        with pytest.raises(TypeError, match=r"got HeteroData; HeteroData\.to_homogeneous\(\)"):
            as_feature_graph(pyg.HeteroData())
        moments = pyg.TemporalData(src=torch.tensor([0]), dst=torch.tensor([1]))
        with pytest.raises(TypeError, match="got TemporalData; .* has all its times at once"):
            as_feature_graph(moments)


def temporal(module):
    return type("Times", (nx.Graph,), {"__module__": module})([(0, 1)])


@pytest.mark.parametrize("module", ["dynetx.classes.dyngraph", "networkx_temporal.classes.graph"])
def test_graphs_of_many_times_are_asked_for_one(module):
    with pytest.raises(TypeError, match="a Times with a graph for each time: pass one snapshot"):
        as_feature_graph(temporal(module))


def test_parallel_edges_keep_the_smallest_weight():
    graph = nx.MultiGraph()
    graph.add_weighted_edges_from([(0, 1, 3.0), (0, 1, 2.0)])
    with pytest.warns(UserWarning, match="left out 1 repeated edge"):
        assert as_feature_graph(graph, weight="weight").edge_weights.tolist() == [2.0]


@pytest.mark.parametrize(
    "empty",
    [nx.Graph(), igraph.Graph(), pyg.Data(edge_index=torch.zeros(2, 0).long(), num_nodes=0)],
)
def test_a_graph_without_nodes_is_refused(empty):
    with pytest.raises(ValueError, match="a graph has at least 1 node, got 0"):
        as_feature_graph(empty)


@pytest.mark.parametrize("library", LIBRARIES)
def test_edgeless_graphs_are_fine(library):
    graph = as_feature_graph(send(FeatureGraph.from_edges([], n_nodes=3), library))
    assert (graph.n_nodes, graph.n_edges) == (3, 0)


def test_other_things_are_refused():
    with pytest.raises(TypeError, match=r"got ndarray; an adjacency matrix goes in as scipy"):
        as_feature_graph(np.eye(3))
    with pytest.raises(
        TypeError, match="graph must be a FeatureGraph.* got list; .* networkx.Graph"
    ):
        as_feature_graph([(0, 1)])
    with pytest.raises(TypeError, match="got FeatureMatrix; feature_graph makes a graph of it"):
        as_feature_graph(as_feature_matrix(np.eye(3)))
    with pytest.raises(TypeError, match=r"got str; read_graph\(path\) reads a file"):
        as_feature_graph("graph.edges")
    with pytest.raises(TypeError, match="got HeteroData"):
        as_feature_graph(pyg.HeteroData())
    with pytest.raises(ValueError, match="needs edge_index to be a graph"):
        as_feature_graph(pyg.Data(x=torch.ones(2, 2)))
    with pytest.raises(ValueError, match=r"an adjacency matrix must be square, got shape \(2, 3\)"):
        as_feature_graph(sp.csr_array(np.ones((2, 3))))
    with pytest.raises(ValueError, match="an adjacency matrix must hold numbers, got complex128"):
        as_feature_graph(sp.csr_array(np.eye(2) * 1j))


def test_stored_zeros_of_an_adjacency_matrix_are_no_edges():
    matrix = sp.csr_array(np.ones((3, 3)))
    matrix.setdiag(0)
    assert as_feature_graph(matrix).n_edges == 3
    matrix[0, 1] = matrix[1, 0] = 0
    with pytest.warns(UserWarning, match="left out 2 stored zeros of a matrix of zeros and ones"):
        assert as_feature_graph(matrix).n_edges == 2
    assert as_feature_graph(matrix, weight="weight").edge_weights.tolist() == [0.0, 1.0, 1.0]


@pytest.mark.parametrize("make", [sp.coo_array, sp.csc_array, sp.lil_array, sp.csr_matrix])
def test_every_sparse_format(make):
    assert as_feature_graph(make([[False, True], [True, False]])).n_edges == 1


def test_attributes_of_odd_kinds():
    graph = nx.Graph([(0, 1)])
    values = {"mixed": [1, "a"], "gap": [1, None], "object": [{}, {}], "ragged": [[1], [1, 2]]}
    for name, pair in values.items():
        nx.set_node_attributes(graph, dict(enumerate(pair)), name)
    attributes = as_feature_graph(graph).node_attributes
    assert attributes["mixed"].tolist() == ["1", "a"]
    assert attributes["gap"].tolist() == [1, None]
    assert attributes.keys() == {"mixed", "gap"}


COLUMNS = [
    ([2**53 + 1, None], [2**53 + 1, None]),
    ([True, None], [True, None]),
    ([2**63, 0], [2**63, 0]),
    ([2**64, -1], [2**64, -1]),
    ([0.5, None], [0.5, np.nan]),
    ([2**64, 0.5], [2.0**64, 0.5]),
    ([np.int32(3), 4], [3, 4]),
    (["a", None], ["a", ""]),
    ([[1, 2], None], [[1, 2], [np.nan, np.nan]]),
]


@pytest.mark.parametrize("library", ["networkx", "igraph", "pyg"])
@pytest.mark.parametrize(("values", "expected"), COLUMNS)
def test_values_and_gaps_survive(values, expected, library, tmp_path):
    source = nx.Graph([(0, 1)])
    nx.set_node_attributes(source, {i: v for i, v in enumerate(values) if v is not None}, "a")
    graph = as_feature_graph(source)
    graph.save(tmp_path / "g.npz")
    for found in (
        graph,
        as_feature_graph(send(graph, library)),
        FeatureGraph.load(tmp_path / "g.npz"),
    ):
        column = found.node_attributes["a"].tolist()
        np.testing.assert_array_equal(column, expected)
        assert list(map(type, column)) == list(map(type, expected))


def test_attributes_of_edges_follow_the_edges(tmp_path):
    source = nx.Graph([(2, 1, {"kind": "b", "n": 2**60 + 1}), (0, 2, {"kind": "a"}), (0, 3)])
    graph = as_feature_graph(source)
    names = graph.node_labels
    kinds = {
        frozenset(names[i] for i in e): k
        for e, k in zip(graph.edges.tolist(), graph.edge_attributes["kind"].tolist(), strict=True)
    }
    assert kinds == {frozenset((2, 1)): "b", frozenset((0, 2)): "a", frozenset((0, 3)): ""}
    part = graph.subgraph([names.index(1), names.index(2)])
    assert part.edge_attributes["n"].tolist() == [2**60 + 1]
    graph.save(tmp_path / "g.npz")
    for back in (
        FeatureGraph.load(tmp_path / "g.npz"),
        as_feature_graph(graph.to_networkx()),
        as_feature_graph(graph.to_igraph()),
        pickle.loads(pickle.dumps(graph)),
    ):
        assert back.edge_attributes["kind"].tolist() == graph.edge_attributes["kind"].tolist()
        assert back.edge_attributes["n"].tolist() == graph.edge_attributes["n"].tolist()


def test_names_of_igraph_that_repeat_stay_an_attribute():
    graph = igraph.Graph(2, [(0, 1)])
    graph.vs["name"] = ["x", "x"]
    back = as_feature_graph(graph)
    assert back.labels is None
    assert back.node_attributes["name"].tolist() == ["x", "x"]


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_input_is_not_changed(library):
    graph = weighted_graphs()[library]
    before = as_feature_graph(graph, weight="weight")
    before.weights[:] = 7.0
    assert as_feature_graph(graph, weight="weight").edge_weights.tolist() == [0.5, 2.0]


def test_a_random_walk_of_pyg_without_weights_returns_with_its_probability():
    from torch_geometric.transforms import AddRandomWalkPE

    edges = [(0, 1), (1, 2), (2, 3), (0, 2)]
    graph = FeatureGraph.from_edges(edges, weights=[0.1, 0.2, 0.3, 0.4])
    walk = AddRandomWalkPE(3, attr_name="returns")(graph.to_pyg(weight="none")).returns
    adjacent = graph.to_scipy(weighted=False).toarray()
    step = adjacent / adjacent.sum(axis=1, keepdims=True)
    powers = [np.linalg.matrix_power(step, k).diagonal() for k in (1, 2, 3)]
    np.testing.assert_allclose(walk.numpy(), np.column_stack(powers), atol=1e-6)  # float32


def test_the_laplacian_of_pyg_without_normalisation_counts_lone_nodes():
    from torch_geometric.utils import get_laplacian, to_dense_adj

    data = FeatureGraph.from_edges([(0, 1), (1, 2)], n_nodes=5).to_pyg()
    pairs, values = get_laplacian(data.edge_index, num_nodes=data.num_nodes)
    laplacian = to_dense_adj(pairs, edge_attr=values, max_num_nodes=data.num_nodes)[0]
    assert int((torch.linalg.eigvalsh(laplacian).abs() < 1e-5).sum()) == 3  # float32
