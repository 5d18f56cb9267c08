"""Edge weights in files for Gephi, and Data for PyTorch Geometric with something to learn."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest

from featgraph.boxes import box_cover
from featgraph.graph import FeatureGraph, edge_strengths, feature_graph
from featgraph.io import read_gexf, read_graphml, write_gexf, write_graphml

FORMATS = {
    "graphml": (write_graphml, read_graphml, nx.read_graphml),
    "gexf": (write_gexf, read_gexf, nx.read_gexf),
}


def network(n_nodes=20):
    features = np.random.default_rng(0).normal(size=(n_nodes, 6))
    return feature_graph(features, epsilon=("degree", 4))


@pytest.mark.parametrize("name", FORMATS)
def test_similarities_are_weights_and_distances_stand_beside_them(name, tmp_path):
    write, read, read_by_networkx = FORMATS[name]
    graph = network()
    path = write(graph, tmp_path / f"g.{name}", weight="similarity")
    np.testing.assert_allclose(read(path).edge_weights, edge_strengths(graph), rtol=1e-15)
    other = read_by_networkx(path)
    for (i, j), length in zip(graph.edges.tolist(), graph.edge_weights.tolist(), strict=True):
        edge = other.edges[str(i), str(j)]
        assert edge["distance"] == length
        assert edge["weight"] == pytest.approx(1 - length / graph.epsilon)


@pytest.mark.parametrize("name", FORMATS)
def test_weights_can_stay_or_be_left_out(name, tmp_path):
    write, read, _ = FORMATS[name]
    graph = network()
    given = read(write(graph, tmp_path / f"a.{name}"))
    np.testing.assert_array_equal(given.weights, graph.weights)
    assert read(write(graph, tmp_path / f"b.{name}", weight="none")).weights is None
    with pytest.raises(ValueError, match="did you mean 'similarity'"):
        write(graph, tmp_path / f"c.{name}", weight="similar")


@pytest.mark.parametrize("name", FORMATS)
def test_layers_colour_and_degrees_size_the_nodes(name, tmp_path):
    write, read, _ = FORMATS[name]
    features = {k: np.random.default_rng(n).normal(size=(8, 6)) for n, k in enumerate("ab")}
    graph = feature_graph(features, epsilon=("degree", 4))
    back = read(write(graph, tmp_path / f"g.{name}", color_by="layer", size_by="degree"))
    colors = back.node_attributes["color"]
    assert len(np.unique(colors[:8], axis=0)) == len(np.unique(colors[8:], axis=0)) == 1
    assert len(np.unique(colors, axis=0)) == 2
    order = np.argsort(graph.degrees)
    assert np.all(np.diff(back.node_attributes["size"][order]) >= 0)


class TestData:
    def test_activations_boxes_and_similarities(self):
        torch = pytest.importorskip("torch")
        graph, features = network(), np.random.default_rng(0).normal(size=(20, 6))
        cover = box_cover(graph, 2, rng=0)
        data = graph.to_pyg(features, y=cover, weight="similarity")
        assert data.x.shape == (20, 6)
        assert data.y.tolist() == cover.labels.tolist()
        i, j = data.edge_index
        expected = 1 - np.linalg.norm(features[i] - features[j], axis=1) / 6**0.5 / graph.epsilon
        # distances by a product and by differences
        np.testing.assert_allclose(data.edge_weight, expected, rtol=1e-9, atol=1e-15)
        assert data.y.dtype == torch.int64
        assert data.validate()

    def test_activations_of_every_kind(self):
        torch = pytest.importorskip("torch")
        from featgraph.features import FeatureMatrix

        graph, features = network(), np.random.default_rng(0).normal(size=(20, 6))
        for given in (features, torch.from_numpy(features), FeatureMatrix.from_array(features)):
            np.testing.assert_array_equal(graph.to_pyg(given).x, features)

    def test_words_become_classes(self):
        pytest.importorskip("torch")
        graph = FeatureGraph.from_edges([(0, 1), (1, 2)]).with_attributes(layer=["b", "a", "b"])
        data = graph.to_pyg(y="layer")
        assert data.y.tolist() == [1, 0, 1]
        assert data.y_names == ["a", "b"]
        assert "edge_weight" not in network().to_pyg(weight="none")

    def test_bad_targets(self):
        pytest.importorskip("torch")
        graph = network()
        with pytest.raises(ValueError, match="did you mean 'neuron'"):
            graph.to_pyg(y="neurons")
        with pytest.raises(ValueError, match="y must have one value per node"):
            graph.to_pyg(y=[1, 2])
