"""Files as the importers of Gephi desktop read them.

FEATGRAPH_GEPHI_CLASSPATH=gephi-toolkit-….jar (or a build of Gephi's modules), and a JDK
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from featgraph.graph import FeatureGraph
from featgraph.io import write_dynamic_gexf, write_gexf, write_graphml, write_tables
from tests.clients.samples import network

READER = Path(__file__).with_name("ReadGraph.java")
CLASSES = os.environ.get("FEATGRAPH_GEPHI_CLASSPATH", "")
pytestmark = [
    pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK is installed"),
    pytest.mark.skipif(not CLASSES, reason="FEATGRAPH_GEPHI_CLASSPATH names no classes of Gephi"),
]
# Gephi says of every file which version it has, and that it leaves out attributes of the graph.
_NEWS = re.compile("INFO|WARNING: Graph attributes|SEVERE: Attribute class not found")
WRITERS = {"g.gexf": write_gexf, "g.graphml": write_graphml}


def read_by_gephi(*paths):
    """Return what Gephi makes of each file, with what its report complains of."""
    done = subprocess.run(
        ["java", "-Djava.awt.headless=true", "-cp", CLASSES, str(READER), *map(str, paths)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
        timeout=240,
    )
    graphs = [json.loads(line) for line in done.stdout.splitlines()]
    for graph in graphs:
        graph["nodes"] = {node["Id"]: node for node in graph["nodes"]}
        graph["edges"] = {tuple(map(int, edge["ends"])): edge for edge in graph["edges"]}
        graph["issues"] = [line for line in graph["issues"] if not _NEWS.match(line)]
    return graphs


@pytest.mark.parametrize("name", WRITERS)
def test_static_files(name, tmp_path):
    graph = network()
    (found,) = read_by_gephi(WRITERS[name](graph, tmp_path / name, weight="similarity"))
    assert found["issues"] == []
    types = {"alive": "Boolean", "word": "String", "reach": "Double", "gap": "Long"}
    assert types.items() <= found["node_types"].items()
    assert found["edge_types"]["distance"] == "Double"
    for i in range(12):
        node = found["nodes"][str(i)]
        assert node["Label"] == str(i)
        assert node["alive"] is (i % 2 == 0)
        assert node["word"] == '<a & "b">'
        assert node["reach"] == (np.inf if i < 6 else 0.5)
        assert node.get("gap") == (7 if i % 2 == 0 else None)
        assert node["degree"] == graph.degrees[i]
        assert node["mean_activation"] == graph.node_attributes["mean_activation"][i]
        assert node["rgba"] == [*graph.node_attributes["color"][i], 255]
        assert node["size"] == graph.node_attributes["size"][i]
        place = [*graph.node_attributes["position"][i], 0.0]
        assert node["place"] == pytest.approx(place, rel=1e-6)  # of 32 bits, as weights are
    assert sorted(found["edges"]) == list(map(tuple, graph.edges.tolist()))
    for (i, j), length in zip(graph.edges.tolist(), graph.edge_weights.tolist(), strict=True):
        edge = found["edges"][i, j]
        assert edge["distance"] == length
        assert edge["Weight"] == pytest.approx(1 - length / graph.epsilon, rel=1e-6, abs=1e-7)
        assert not edge["directed"]


def test_nodes_alone_edges_of_similarity_zero_and_names_that_gephi_takes(tmp_path):
    columns = {"Layer": ["a", "b", "c"], "LAYER": [1, 2, 3], "xpos": [5.0, 6.0, 7.0]}
    graph = FeatureGraph.from_edges([(0, 1)], n_nodes=3, weights=[0.5]).with_attributes(**columns)
    one = FeatureGraph.from_edges([], n_nodes=1)
    paths = []
    for name, write in WRITERS.items():
        paths.append(write(graph, tmp_path / name, weight="similarity", positions=np.eye(3, 2)))
        paths.append(write(one, tmp_path / f"one_{name}"))
    for k, found in enumerate(read_by_gephi(*paths)):
        assert found["issues"] == []
        assert len(found["nodes"]) == (1 if k % 2 else 3)
        assert len(found["edges"]) == (0 if k % 2 else 1)
        if k % 2 == 0:
            node = found["nodes"]["1"]
            assert [node["Layer"], node["LAYER"], node["attribute_xpos"]] == ["b", 2, 6.0]
            assert node["place"] == [0.0, 1.0, 0.0]


def test_files_with_time(tmp_path):
    early = FeatureGraph.from_edges([(0, 1)], n_nodes=3, weights=[0.5]).with_attributes(
        rate=[1.0, 2.0, np.nan]
    )
    late = FeatureGraph.from_edges([(0, 1), (1, 2)], weights=[0.5, 0.25]).with_attributes(
        rate=[1.0, 3.0, np.inf]
    )
    (found,) = read_by_gephi(write_dynamic_gexf({0: early, 2: late}, tmp_path / "g.gexf"))
    assert found["issues"] == []
    assert found["nodes"]["1"]["Interval"] == "<[0.0, 4.0]>"
    assert found["nodes"]["0"]["rate"] == "<[0.0, 4.0, 1.0]>"
    assert found["nodes"]["1"]["rate"] == "<[0.0, 2.0, 2.0]; [2.0, 4.0, 3.0]>"
    assert found["nodes"]["2"]["rate"] == "<[2.0, 4.0, Infinity]>"
    assert found["nodes"]["2"]["degree"] == "<[0.0, 2.0, 0]; [2.0, 4.0, 1]>"
    assert found["edges"][0, 1]["Interval"] == "<[0.0, 4.0]>"
    assert found["edges"][1, 2]["Interval"] == "<[2.0, 4.0]>"
    assert found["edges"][1, 2]["distance"] == "<[2.0, 4.0, 0.25]>"


def test_tables(tmp_path):
    graph = network()
    paths = tmp_path / "nodes.csv", tmp_path / "edges.csv"
    write_tables(graph, *paths)
    nodes, edges = read_by_gephi(*paths)
    assert nodes["issues"] == edges["issues"] == []
    types = {"alive": "Boolean", "reach": "Double", "gap": "Integer", "x": "Double"}
    assert types.items() <= nodes["node_types"].items()
    for i in range(12):
        node = nodes["nodes"][str(i)]
        assert [node["alive"], node["degree"], node.get("gap")] == [
            i % 2 == 0,
            graph.degrees[i],
            None if i % 2 else 7,
        ]
    lengths = {ends: edge["Weight"] for ends, edge in edges["edges"].items()}
    assert lengths == dict(zip(map(tuple, graph.edges.tolist()), graph.edge_weights, strict=True))
    assert not any(edge["directed"] for edge in edges["edges"].values())
