"""Files as the libraries of Gephi Lite read them, under Node.

cd tests/clients && npm install        (or FEATGRAPH_CLIENTS=folder with node_modules)
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from featgraph.io import write_dynamic_gexf, write_gexf, write_graphml
from tests.clients.samples import network

HERE = Path(__file__).resolve().parent
MODULES = Path(os.environ.get("FEATGRAPH_CLIENTS", HERE)) / "node_modules"
pytestmark = [
    pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed"),
    pytest.mark.skipif(
        not (MODULES / "graphology-gexf").is_dir(),
        reason="graphology is not installed: npm install in tests/clients",
    ),
]


def read_by_graphology(path):
    done = subprocess.run(
        ["node", str(HERE / "read_graph.cjs"), str(path)],
        env={**os.environ, "NODE_PATH": str(MODULES)},
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return json.loads(done.stdout)


def color_channels(text):
    if text.startswith("#"):
        return [int(text[k : k + 2], 16) for k in (1, 3, 5)]
    return [int(part) for part in text.strip("rgb()").split(",")]


def check_nodes(graph, found):
    assert [node["key"] for node in found["nodes"]] == [str(i) for i in range(12)]
    for i, node in enumerate(found["nodes"]):
        told = node["attributes"]
        assert told["alive"] is (i % 2 == 0)
        assert told["word"] == '<a & "b">'
        assert told["reach"] == ("Infinity" if i < 6 else 0.5)
        assert told.get("gap") == (7 if i % 2 == 0 else None)
        assert told["degree"] == graph.degrees[i]
        assert told["mean_activation"] == graph.node_attributes["mean_activation"][i]
        assert color_channels(told["color"]) == graph.node_attributes["color"][i].tolist()
        assert told["size"] == graph.node_attributes["size"][i]
        assert [told["x"], told["y"]] == graph.node_attributes["position"][i].tolist()


@pytest.mark.parametrize("write", [write_gexf, write_graphml])
def test_static_files(write, tmp_path):
    graph = network()
    path = write(
        graph, tmp_path / f"a.{write.__name__.removeprefix('write_')}", weight="similarity"
    )
    found = read_by_graphology(path)
    check_nodes(graph, found)
    lengths = {
        (int(edge["source"]), int(edge["target"])): edge["attributes"] for edge in found["edges"]
    }
    assert sorted(lengths) == list(map(tuple, graph.edges.tolist()))
    for (i, j), length in zip(graph.edges.tolist(), graph.edge_weights.tolist(), strict=True):
        assert lengths[i, j]["distance"] == length
        assert lengths[i, j]["weight"] == pytest.approx(1 - length / graph.epsilon, rel=1e-12)
    assert found["options"]["type"] == "undirected"


def test_files_with_time_show_the_last_values(tmp_path):
    graph = network()
    later = graph.with_attributes(rate=np.arange(12.0))
    earlier = graph.with_attributes(rate=np.full(12, -1.0))
    found = read_by_graphology(write_dynamic_gexf({0: earlier, 1: later}, tmp_path / "a.gexf"))
    check_nodes(later, found)
    assert [node["attributes"]["rate"] for node in found["nodes"]] == list(range(12))
    assert len(found["edges"]) == graph.n_edges
