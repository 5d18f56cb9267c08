"""The transform for PyTorch Geometric writes what box_cover finds."""

from __future__ import annotations

import networkx as nx
import pytest
import torch
from torch_geometric.transforms import Compose, ToUndirected
from torch_geometric.utils import from_networkx

from featgraph.boxes import AddBoxLabels, box_cover


def test_labels_are_those_of_the_cover():
    graph = nx.Graph(nx.karate_club_graph().edges)
    data = from_networkx(graph)
    made = Compose([ToUndirected(), AddBoxLabels(2, method="memb", rng=3)])(data)
    cover = box_cover(graph, 2, method="memb", rng=3)
    assert made.box.tolist() == cover.labels.tolist()
    assert made.box.dtype == torch.int64
    assert "box" not in data


def test_name_weights_and_options_are_handed_on():
    data = from_networkx(nx.path_graph(4))
    data.edge_weight = torch.tensor([1.0, 1.0, 9.0, 9.0, 1.0, 1.0])
    add = AddBoxLabels(1.0, attr_name="y", weight="edge_weight", order="index")
    assert add(data).y.tolist() == [0, 0, 1, 1]
    assert repr(add) == "AddBoxLabels(size=1.0, method='greedy')"


def test_what_cannot_work_is_refused_when_the_transform_is_made():
    with pytest.raises(ValueError, match="method must be one of .* did you mean 'greedy'"):
        AddBoxLabels(2, method="gredy")
    with pytest.raises(TypeError, match="greedy"):
        AddBoxLabels(2, moves=3)
