"""Objects as users of other libraries hold them: read rightly, or refused with the way in."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import networkx as nx
import numpy as np
import pytest
import scipy.sparse as sp

from featgraph.boxes import box_counts
from featgraph.graph import (
    FeatureGraph,
    as_feature_graph,
    count_motifs,
    degree_statistics,
    network_summary,
    node_strengths,
    rich_club,
    small_world,
    spectral_gap,
)
from featgraph.io import read_graph, write_dynamic_gexf, write_graphml
from featgraph.plot import plot_mds
from featgraph.similarity import portrait_divergence, spectrum_distance

torch = pytest.importorskip("torch")
pytest.importorskip("igraph")
pyg = pytest.importorskip("torch_geometric.data")

ENDS = torch.tensor([[0, 1, 1, 2], [1, 0, 2, 1]])


@pytest.mark.parametrize(
    ("module", "name", "cure"),
    [
        ("rustworkx", "PyGraph", "FeatureGraph.from_edges"),
        ("graph_tool", "Graph", "FeatureGraph.from_edges"),
        ("networkit.graph", "Graph", "nk2nx"),
        ("dgl.heterograph", "DGLGraph", "from_dgl"),
        ("xgi.core.hypergraph", "Hypergraph", "to_graph"),
        ("sparse.numba_backend", "COO", "to_scipy_sparse"),
        ("polars.dataframe.frame", "DataFrame", "read_tables"),
        ("pandas.core.frame", "DataFrame", "from_pandas_adjacency"),
        ("nx_parallel.interface", "ParallelGraph", "graph_object"),
        ("torch_geometric.datasets.karate", "KarateClub", r"dataset\[0\]"),
    ],
)
def test_graphs_of_further_libraries_are_refused_with_the_way_in(module, name, cure):
    kind = type(name, (), {"__module__": module, "edge_index": None})
    with pytest.raises(TypeError, match=f"graph must be .* got {name}; .*{cure}"):
        as_feature_graph(kind())


@pytest.mark.parametrize(
    ("thing", "cure"),
    [
        (np.matrix([[0, 1], [1, 0]]), "csr_array"),
        (torch.nn.Parameter(torch.eye(2)), "csr_array"),
        ({0: [1]}, r"networkx.Graph\(edges\)"),
        (nx.path_graph(2).edges, r"networkx.Graph\(edges\)"),
        ((edge for edge in [(0, 1)]), r"networkx.Graph\(edges\)"),
    ],
)
def test_kinds_of_what_is_refused_get_its_cure(thing, cure):
    with pytest.raises(TypeError, match=cure):
        as_feature_graph(thing)


def test_a_sparse_tensor_goes_in_as_the_refusal_says():
    matrix = torch.sparse_coo_tensor(
        ENDS[:, :2], torch.full((2,), 2.0), (4, 4), check_invariants=True
    )
    with pytest.raises(TypeError, match=r"Data\(adj_t=matrix.t\(\)\)"):
        as_feature_graph(matrix)
    graph = as_feature_graph(pyg.Data(adj_t=matrix.t()), weight="weight")
    assert (graph.n_nodes, graph.n_edges, graph.edge_weights.tolist()) == (4, 1, [2.0])


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ({"edge_index": ENDS.T}, r"edge_index must be whole .* got shape \(4, 2\)"),
        ({"edge_index": ENDS + 0.5}, "edge_index must be whole numbers"),
        ({"edge_index": ENDS, "edge_weight": torch.ones(3)}, r"edge_weight .*\(4\), got .*\(3,"),
        ({"edge_index": ENDS, "edge_attr": torch.ones(2, 4)}, r"edge_attr .*\(4\), got .*\(2, 4"),
        ({"edge_index": ENDS, "edge_weight": 0.5 * torch.ones(4, 2)}, "2 columns of edge_weight"),
    ],
)
def test_broken_data_of_pyg_is_refused_by_name(data, told):
    with pytest.raises(ValueError, match=told):
        as_feature_graph(pyg.Data(num_nodes=3, **data))


@pytest.mark.parametrize("make", [list, np.array, torch.IntTensor, torch.tensor])
def test_ends_of_pyg_may_be_any_whole_numbers(make):
    graph = as_feature_graph(pyg.Data(edge_index=make([[0, 1, 1, 2], [1, 0, 2, 1]]), num_nodes=3))
    assert graph.edges.tolist() == [[0, 1], [1, 2]]
    assert not graph.node_attributes


@pytest.mark.parametrize("library", ["networkx", "igraph", "pyg"])
def test_what_graphs_mean_by_names_of_fields_is_left_out(library):
    theirs = getattr(FeatureGraph.from_edges([(0, 1), (1, 2)]), f"to_{library}")()
    about = theirs.graph if library == "networkx" else theirs
    about["epsilon"], about["layer"], about["source"] = "small", 3, "a paper"
    graph = as_feature_graph(theirs)
    assert (graph.epsilon, graph.layer, graph.source) == (None, None, "a paper")
    about["epsilon"] = torch.tensor(0.5)
    assert as_feature_graph(theirs).epsilon == 0.5


def test_looks_of_gephi_may_be_empty():
    graph = nx.path_graph(2)
    graph.nodes[0]["viz"] = {"color": None, "position": None, "size": 2.0}
    assert as_feature_graph(graph).node_attributes["size"][0] == 2.0


@pytest.mark.parametrize("library", ["scipy", "pyg"])
def test_hops_of_edges_that_stand_both_ways_have_no_direction(library):
    lengths = {"scipy": sp.csr_array([[0, 1.0], [2.0, 0]])}
    lengths["pyg"] = pyg.Data(
        edge_index=ENDS[:, :2], edge_weight=torch.tensor([1.0, 2.0]), num_nodes=2
    )
    with pytest.raises(ValueError, match="directed"):
        as_feature_graph(lengths[library], weight="weight")
    assert as_feature_graph(lengths[library], weight="ignore").n_edges == 1


@pytest.mark.filterwarnings("ignore:summed")
def test_sums_of_small_integers_do_not_wrap_around():
    entries = np.full(4, 200, dtype=np.uint8), ([0, 0, 1, 1], [1, 1, 0, 0])
    graph = as_feature_graph(sp.coo_array(entries, shape=(2, 2)), weight="weight")
    assert graph.edge_weights.tolist() == [400.0]


def test_a_mapping_may_hold_data_of_pyg(tmp_path):
    times = {0: pyg.Data(edge_index=ENDS, num_nodes=3), 1: nx.path_graph(3)}
    path = write_dynamic_gexf(times, tmp_path / "times.gexf", positions=None)
    assert path.read_text().count("<edge ") == 2


@pytest.mark.parametrize(
    ("value", "got"),
    [
        ("far", "'far'"),
        (10**400, "1000"),
        (np.ones(2), r"an array of float64, shape \(2,\)"),
        (torch.ones(2), "a Tensor of float32"),
        ([1.0, 2.0], r"\[1.0, 2.0\]"),
        (1j, "1j"),
    ],
)
def test_weights_that_are_no_numbers_are_refused_with_the_first(value, got):
    graph = nx.Graph()
    graph.add_weighted_edges_from([(0, 1, 1.0), (1, 2, value)])
    with pytest.raises(ValueError, match="graph carries edge weights; say"):
        as_feature_graph(graph)
    told = f"weight='weight' must be numbers on every edge, got {got}"
    with pytest.raises(ValueError, match=told):
        as_feature_graph(graph, weight="weight")
    with pytest.raises(ValueError, match=told):
        node_strengths(graph)
    assert as_feature_graph(graph, weight="ignore").n_edges == 2


@pytest.mark.parametrize("gap", [None, np.nan, "lacking"])
def test_weights_of_some_edges_are_left_out_of_files_with_a_word(gap, tmp_path):
    graph = nx.Graph()
    graph.add_weighted_edges_from([(0, 1, 0.5), (1, 2, gap)])
    if gap == "lacking":
        del graph.edges[1, 2]["weight"]
    with pytest.warns(UserWarning, match="left out the weights: 1 of 2 edges have one"):
        write_graphml(graph, tmp_path / "graph.graphml")


@pytest.mark.parametrize(
    ("values", "kept"),
    [
        (["a", float("nan")], ["a", ""]),
        (["a", np.float32("nan")], ["a", ""]),
        ([date(2020, 1, 31), None], ["2020-01-31", ""]),
        ([datetime(2020, 1, 31, 12), np.datetime64("NaT")], ["2020-01-31T12:00:00", ""]),
        ([np.datetime64("2020-01-31"), "never"], ["2020-01-31", "never"]),
        ([Decimal("0.5"), 2], [0.5, 2.0]),
    ],
)
def test_dates_decimals_and_gaps_are_kept(values, kept, tmp_path):
    graph = nx.path_graph(2)
    nx.set_node_attributes(graph, dict(enumerate(values)), "told")
    write_graphml(graph, tmp_path / "graph.graphml")
    for read in (as_feature_graph(graph), read_graph(tmp_path / "graph.graphml")):
        assert read.node_attributes["told"].tolist() == kept


def test_missing_values_of_pandas_are_missing():
    pandas = pytest.importorskip("pandas")
    cells = {"n": [1, pandas.NA], "day": [pandas.Timestamp("2020-01-31"), pandas.NaT]}
    columns = dict(pandas.DataFrame(cells, dtype=object))
    graph = FeatureGraph.from_edges([(0, 1)], node_attributes=columns)
    assert graph.node_attributes["n"].tolist() == [1, None]
    assert graph.node_attributes["day"].tolist() == ["2020-01-31T00:00:00", ""]
    days = np.array(["2020-01-31", "NaT"], dtype="datetime64[ns]")
    assert graph.with_attributes(day=days).node_attributes["day"].tolist()[1] == ""


def test_writers_say_which_attributes_no_file_holds(tmp_path):
    graph = nx.path_graph(2)
    nx.set_node_attributes(graph, {0, 1}, "community")
    nx.set_edge_attributes(graph, 1j, "phase")
    nx.set_edge_attributes(graph, None, "nothing")
    with pytest.warns(UserWarning, match="left out 'community', 'phase': neither a value nor a"):
        write_graphml(graph, tmp_path / "graph.graphml")


@pytest.mark.parametrize("name", ["edge_index", "edge_weight", "num_nodes", "num_edges", "labels"])
@pytest.mark.parametrize("library", ["networkx", "igraph", "pyg"])
def test_attributes_take_no_name_of_the_library(name, library):
    name = "name" if library == "igraph" and name == "labels" else name
    ends, lengths = [(0, 1), (1, 2)], [0.5, 2.0]
    attributes = {name: [5, 6, 7], "layer": [1, 1, 2]}
    graph = FeatureGraph.from_edges(
        ends, weights=lengths, labels=["a", "b", "c"], node_attributes=attributes, layer="all"
    )
    back = as_feature_graph(getattr(graph, f"to_{library}")(), weight="weight")
    assert back.edges.tolist() == graph.edges.tolist()
    assert (back.node_labels, back.layer) == (graph.node_labels, "all")
    assert back.edge_weights.tolist() == lengths
    assert sorted(column.tolist() for column in back.node_attributes.values()) == [
        [1, 1, 2],
        [5, 6, 7],
    ]


def test_numeric_attributes_of_edges_go_to_pyg():
    graph = FeatureGraph.from_edges(
        [(0, 1), (1, 2)], edge_attributes={"flow": [1.5, 2.5], "index": [7, 8], "kind": ["a", "b"]}
    )
    data = graph.to_pyg()
    assert data.edge_index.tolist() == [[0, 1, 1, 2], [1, 0, 2, 1]]
    assert data.edge_flow.tolist() == [1.5, 1.5, 2.5, 2.5]
    assert as_feature_graph(data).edge_attributes["edge_index_"].tolist() == [7, 8]


@pytest.mark.parametrize(
    "function",
    [small_world, rich_club, count_motifs, spectral_gap, degree_statistics, network_summary],
)
def test_directed_graphs_are_refused_with_a_cure_that_there_is(function):
    with pytest.raises(ValueError, match=r"directed; .*as_feature_graph\(graph, as_undirected"):
        function(nx.DiGraph([(0, 1), (1, 2)]))


@pytest.mark.parametrize("library", ["networkx", "igraph", "pyg", "scipy"])
def test_pairs_and_pictures_take_graphs_of_every_library(library):
    own = FeatureGraph.from_edges([(0, 1), (1, 2), (2, 3)])
    theirs = getattr(own, f"to_{library}")()
    assert portrait_divergence(theirs, own) == 0.0
    assert spectrum_distance(own, theirs) == pytest.approx(0.0, abs=1e-12)
    with pytest.raises(ValueError, match="Y: graph is directed"):
        spectrum_distance(theirs, nx.DiGraph([(0, 1)]))
    plot_mds(np.eye(4), graphs=[theirs])


def test_names_that_are_no_numbers_of_nodes_are_refused_before_memory_is_taken():
    with pytest.raises(MemoryError, match="nodes would take .* numbered from 0 on; networkx"):
        FeatureGraph.from_edges([(0, 2**45)])
    data = pyg.Data(edge_index=torch.tensor([[0, 2**45], [2**45, 0]]), num_nodes=2**45 + 1)
    with pytest.raises(MemoryError, match="numbered from 0 on"):
        as_feature_graph(data)


def test_an_adjacency_matrix_taken_for_features_is_told_with_the_way_in():
    ring = nx.to_numpy_array(nx.cycle_graph(5))
    for function in (box_counts, network_summary):
        with pytest.warns(UserWarning, match="for an adjacency matrix scipy.sparse.csr_array"):
            function(ring, rng=0)
