"""Every public function: linear in memory, or refused before it makes a table of all pairs."""

from __future__ import annotations

import contextlib
import dataclasses
import importlib
import tracemalloc
import warnings
from collections.abc import Iterator
from typing import Any

import networkx as nx
import numba
import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from featgraph import box_cover, datasets, graph
from featgraph.distances import DistanceMatrix
from featgraph.features import FeatureMatrix
from featgraph.invariance import nearest
from featgraph.similarity import _recipe, neighbors
from tests.api.valid_calls import public_functions

pytestmark = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="takes minutes uncompiled")
ROOMS = (
    *("boxes", "dimension", "distances", "graph", "invariance", "selfsimilarity"),
    *("similarity", "weights"),
)
N = 2000
LIMIT = N * N / 2  # bytes at hand: rows of bits fit, a table of bytes does not
MOST = 2.0  # bytes for each pair: copies of 64 numbers of N samples are less

#: Takes a table of all pairs, models and data, or the result of another function.
GIVEN = {
    *("boxes.describe_method", "dimension.fit_dimension", "dimension.score_invariance"),
    *("distances.stream_distances", "graph.choose_epsilon", "graph.compare_rivals"),
    *("graph.fit_tail", "graph.minimum_spanning_tree", "invariance.embed_points"),
    *("invariance.fit_correlation_dimension", "invariance.fit_power_law"),
    *("selfsimilarity.count_boxes", "selfsimilarity.critical_pairs"),
    *("selfsimilarity.soft_caro_wei", "selfsimilarity.ss_rate_of_distances"),
    *("selfsimilarity.theta_grid", "similarity.align_neurons", "similarity.correlate_views"),
    *("similarity.cross_view_correlations", "similarity.distance_persistence"),
    *("similarity.interpolate_linear", "similarity.match_layers", "similarity.mix_networks"),
    *("similarity.persistence_distance", "similarity.persistence_distances"),
    *("similarity.prune_globally", "similarity.similarity_matrix", "similarity.sweep_pruning"),
    *("similarity.triangle", "similarity.weight_persistence", "weights.measure_emergence"),
    *("weights.multifractal_weights", "weights.weight_graph"),
}
#: Would make a table of all pairs, and says so first. All others are linear.
REFUSED = {
    *("boxes.box_lower_bound", "boxes.minimum_box_cover", "dimension.compare_dimensions"),
    *("dimension.compare_network", "dimension.epsilon_sweep", "dimension.fractality"),
    *("dimension.multifractal_boxes", "distances.as_distance_matrix"),
    *("distances.feature_distances", "graph.feature_graph", "graph.network_summary"),
    *("invariance.cluster_nodes", "invariance.compute_correlation_sum"),
    *("invariance.measure_correlation_dimension", "selfsimilarity.bootstrap_ss_rate"),
    *("selfsimilarity.box_number", "selfsimilarity.compare_with_null"),
    *("selfsimilarity.compare_with_nulls", "selfsimilarity.critical_distances"),
    *("selfsimilarity.measure_leverage", "selfsimilarity.self_similarity_test"),
    *("selfsimilarity.ss_rate", "similarity.class_modularity", "similarity.count_label_motifs"),
    *("similarity.network_portrait", "similarity.rsa", "similarity.sample_adjacency"),
    "similarity.sample_graph",
}


class Largest(TorchDispatchMode):
    """Notes the bytes of the largest tensor made."""

    def __init__(self) -> None:
        super().__init__()
        self.n_bytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        sizes = [x.numel() * x.element_size() for x in tree_leaves(made) if torch.is_tensor(x)]
        self.n_bytes = max([self.n_bytes, *sizes])
        return made


@pytest.fixture(scope="module")
def sparse() -> graph.FeatureGraph:
    """A scale-free graph of N nodes in two layers."""
    edges = datasets.make_barabasi_albert(N, 2, rng=0).edges
    return graph.FeatureGraph.from_edges(edges, node_attributes={"layer": np.arange(N) % 2})


def enlarge(value: Any, sparse: graph.FeatureGraph) -> Any:
    """Return the same kind of thing with N nodes, samples or points; None: no such thing."""
    points = np.random.default_rng(0).normal(size=(N, 64)).astype(np.float32)
    if isinstance(value, DistanceMatrix):
        return None
    if isinstance(value, graph.FeatureGraph | nx.Graph):
        return sparse
    if isinstance(value, FeatureMatrix):
        return FeatureMatrix.from_array(points, layer=value.layer)
    if isinstance(value, np.ndarray | torch.Tensor):
        if value.ndim != 2 or value.shape[0] == value.shape[1]:
            return None
        return points if isinstance(value, np.ndarray) else torch.from_numpy(points)
    if isinstance(value, dict):
        grown = {key: enlarge(item, sparse) for key, item in list(value.items())[:2]}
        return None if any(item is None for item in grown.values()) else grown
    return None


@contextlib.contextmanager
def watch(found: list[float]) -> Iterator[None]:
    """Add the most bytes that NumPy holds, or that a tensor takes, in tables of N² bytes."""
    tracemalloc.start()
    largest = Largest()
    try:
        with largest:
            yield
    finally:
        found.append(max(tracemalloc.get_traced_memory()[1], largest.n_bytes) / N**2)
        tracemalloc.stop()


def judge(function: Any, args: Any, options: Any) -> str:
    """Return "refused", "linear", or what was wrong."""
    tables: list[float] = []
    for _ in range(2):  # the first call also compiles
        try:
            with watch(tables), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                function(*args, **options)
        except MemoryError as error:
            if tables[-1] < MOST:
                return "refused" if "at hand" in str(error) else f"MemoryError: {error}"
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        if tables[-1] < MOST:
            return "linear"
    return f"takes {tables[-1]:.1f} N² bytes"


def large_calls(calls: Any, room: str, sparse: graph.FeatureGraph) -> dict[str, Any]:
    """Return the calls of a room with what they take enlarged."""
    cover = box_cover(sparse, 2, method="greedy", rng=0)
    shares = torch.softmax(torch.randn(N, 10, generator=torch.Generator().manual_seed(0)), 1)
    special = {
        "boxes.analyze_boxes": (sparse, cover),
        "boxes.box_diameters": (sparse, cover),
        "boxes.renormalize": (sparse, cover),
        "graph.measure_modularity": (sparse, cover.labels),
        "graph.spread_over_layers": (sparse, cover.labels),
        "similarity.predictive_divergence": (shares, shares.flip(0)),
    }
    found = {}
    for name in public_functions():
        if not name.startswith(f"{room}.") or name not in calls:
            continue
        args, options = calls[name]
        options = options | ({"time_limit": 0} if "time_limit" in options else {})
        grown = [enlarge(value, sparse) for value in args]
        args = [old if new is None else new for old, new in zip(args, grown, strict=True)]
        if name in special:
            found[name] = special[name], options
        elif any(value is not None for value in grown):
            found[name] = args, options
    return found


@pytest.fixture
def small_parts(monkeypatch):
    """Let tables that are made part by part have parts of a few rows, as large ones do."""
    monkeypatch.setattr(nearest, "_BLOCK", 1 << 16)
    monkeypatch.setattr(neighbors, "BLOCK_NUMBERS", 1 << 16)
    monkeypatch.setattr(_recipe, "ROW_BYTES", 1 << 20)
    monkeypatch.setattr(_recipe, "PREPARED_BYTES", 1 << 20)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("room", ROOMS)
def test_a_table_of_all_pairs_is_refused_or_never_made(calls, room, sparse, monkeypatch):
    monkeypatch.setenv("FEATGRAPH_MEMORY", str(LIMIT / 2**30))
    module = importlib.import_module(f"featgraph.{room}")
    said = {
        name: judge(getattr(module, name.partition(".")[2]), *call)
        for name, call in large_calls(calls, room, sparse).items()
    }
    names = [name for name in public_functions() if name.startswith(f"{room}.")]
    wanted = {name: "refused" if name in REFUSED else "linear" for name in names}
    assert said == {name: word for name, word in wanted.items() if name not in GIVEN}


@pytest.mark.parametrize(
    "name",
    [
        *("_repr_html_", "edges", "giant_component", "layout", "plot", "to_dict", "to_frame"),
        *("to_igraph", "to_networkx", "to_pyg", "to_rows", "to_scipy"),
    ],
)
def test_what_a_graph_offers_makes_no_table_of_all_pairs(sparse, monkeypatch, name):
    monkeypatch.setenv("FEATGRAPH_MEMORY", str(LIMIT / 2**30))
    if name == "to_frame":
        pytest.importorskip("pandas")

    def ask():
        fresh = dataclasses.replace(sparse)  # without what is computed once
        found = getattr(fresh, name)
        return found() if callable(found) else found

    assert judge(ask, (), {}) == "linear"


def test_features_with_too_many_distances_are_not_drawn(monkeypatch):
    monkeypatch.setenv("FEATGRAPH_MEMORY", str(LIMIT / 2**30))
    points = np.random.default_rng(0).normal(size=(N, 64))
    assert judge(FeatureMatrix.from_array(points).plot, (), {}) == "refused"
