"""Functions of networkx on a FeatureGraph: the same numbers, and networkx's own tests."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.metadata import entry_points

import networkx as nx
import pytest
from hypothesis import assume, given, strategies as st

from featgraph.graph import as_feature_graph
from featgraph.graph.networkx_backend import backend

MEASURES = (
    *("core_number", "clustering", "triangles", "average_clustering", "transitivity"),
    "degree_assortativity_coefficient",
)
OWN_TESTS = (
    "networkx.algorithms.tests.test_core",
    "networkx.algorithms.tests.test_cluster",
    "networkx.algorithms.assortativity.tests.test_correlation",
)


@pytest.mark.parametrize("name", MEASURES)
@given(st.integers(3, 12), st.integers(0, 10**6))
def test_measures_are_those_of_networkx(name, n_nodes, seed):
    source = nx.gnp_random_graph(n_nodes, 0.5, seed=seed)
    assume(len({source.degree[node] for edge in source.edges for node in edge}) > 1)
    graph = backend.convert_from_nx(source)
    assert backend.can_run(name, (graph,), {})
    assert backend.can_run(name, (), {"G": source})
    found, expected = getattr(backend, name)(graph), getattr(nx, name)(source)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_what_it_does_not_do_is_left_to_networkx():
    graph = nx.path_graph(4)
    loops = nx.Graph([(0, 0), (0, 1)])
    for refused in (nx.DiGraph([(0, 1)]), nx.MultiGraph([(0, 1)]), nx.Graph(), loops):
        assert not backend.can_run("core_number", (refused,), {})
    assert not backend.can_run("clustering", (graph, [1]), {})
    assert not backend.can_run("clustering", (graph,), {"weight": "weight"})
    assert not backend.can_run("average_clustering", (graph,), {"count_zeros": False})
    assert not backend.can_run("clustering", (graph, None, None, None), {})
    assert backend.can_run("clustering", (graph,), {"weight": None})
    assert backend.convert_to_nx(as_feature_graph(graph)).edges == graph.edges
    assert backend.convert_to_nx(0.5) == 0.5


def environment(folder):
    """Return an environment in which networkx finds the backend, installed or not."""
    paths = [str(path) for path in sys.path if path]
    if not entry_points(group="networkx.backends", name="featgraph"):
        about = folder / "backend-0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: backend\nVersion: 0\n")
        told = "[networkx.backends]\nfeatgraph = featgraph.graph.networkx_backend:backend\n"
        (about / "entry_points.txt").write_text(told)
        paths.insert(0, str(folder))
    return {**os.environ, "PYTHONPATH": os.pathsep.join([os.getcwd(), *paths])}


def test_networkx_hands_a_feature_graph_over(tmp_path):
    code = (
        "import networkx as nx, featgraph as fg\n"
        "graph = fg.FeatureGraph.from_edges([(0, 1), (1, 2), (0, 2), (2, 3)])\n"
        "print(nx.core_number(graph), nx.transitivity(graph))\n"
        "print(nx.triangles(nx.complete_graph(3), backend='featgraph'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(tmp_path), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "{0: 2, 1: 2, 2: 2, 3: 1} 0.6\n{0: 1, 1: 1, 2: 1}\n"


@pytest.mark.nightly
def test_networkx_own_tests_pass(tmp_path):
    told = {"NETWORKX_TEST_BACKEND": "featgraph", "NETWORKX_FALLBACK_TO_NX": "True"}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--pyargs"]
    done = subprocess.run(
        [*command, *OWN_TESTS],
        env=environment(tmp_path) | told, cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:]
    assert " passed" in done.stdout
