"""Measures of all pairs of samples: nothing of that size is held, and parts change no score."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.profiler import ProfilerActivity, profile
from torch.utils._python_dispatch import TorchDispatchMode

from featgraph import similarity as sim
from featgraph.similarity import _recipe, dissimilarity, kernel_alignment, neighbors
from featgraph.similarity._recipe import compare_pair
from featgraph.similarity.measures import MEASURES
from tests.naive import similarity as naive

NAMES = [name for name, row in MEASURES.items() if row.module != "feature_networks"]


def draw_layers(n_samples, *, n_layers=3, width=6, seed=0):
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n_samples, width))
    return {
        f"{k}": torch.as_tensor(shared + (k + 1) * rng.normal(size=(n_samples, width)))
        for k in range(n_layers)
    }


@pytest.fixture
def small_parts(monkeypatch):
    """Parts of a few rows and single layers, as thousands of samples have them."""
    monkeypatch.setattr(_recipe, "ROW_BYTES", 1)
    monkeypatch.setattr(_recipe, "PREPARED_BYTES", 1)
    for module in (kernel_alignment, dissimilarity, neighbors):
        monkeypatch.setattr(module, "BLOCK_ROWS", 7)
    monkeypatch.setattr(dissimilarity, "PART", 10)
    monkeypatch.setattr(dissimilarity, "NEAR_PAIRS", 3)
    monkeypatch.setattr(neighbors, "BLOCK_NUMBERS", 100)
    monkeypatch.setattr(neighbors, "EXTRA", 2)


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("name", NAMES)
def test_parts_give_what_whole_matrices_give(name):
    first, second = draw_layers(25, n_layers=2), draw_layers(25, seed=1)
    recipe = MEASURES[name].make_recipe()
    found = sim.compare_layers(first, second, measure=name).values
    for i, layer in enumerate(first.values()):
        for j, other in enumerate(second.values()):
            X = layer.clone().requires_grad_(MEASURES[name].differentiable)
            whole = float(compare_pair(recipe, X, other).detach())
            assert found[i, j] == pytest.approx(whole, abs=1e-10)


class Largest(TorchDispatchMode):
    """Notes the bytes of the largest tensor that any operation makes."""

    n_bytes = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        for item in made if isinstance(made, tuple | list) else (made,):
            if isinstance(item, torch.Tensor):
                self.n_bytes = max(self.n_bytes, item.untyped_storage().nbytes())
        return made


@pytest.mark.parametrize("name", [*NAMES, "cka minibatch"])
def test_no_measure_holds_a_matrix_of_all_pairs(name, monkeypatch):
    n_samples = 1200
    monkeypatch.setattr(_recipe, "ROW_BYTES", 1 << 20)
    monkeypatch.setattr(neighbors, "BLOCK_NUMBERS", 1 << 16)
    layers = draw_layers(n_samples, width=4)
    options = {"estimator": "minibatch"} if "minibatch" in name else {}
    parts = [{key: X[k : k + 100] for key, X in layers.items()} for k in range(0, n_samples, 100)]
    with Largest() as largest:
        if options:
            from featgraph.similarity._streams import MinibatchStream

            MinibatchStream(options).run(iter([(part, None) for part in parts]))
        else:
            sim.compare_layers(layers, measure=name)
    # one list of all pairs at a time is what ranks and medians need
    share = 0.51 if name.startswith(("rsa", "cka_rbf")) else 0.3
    assert largest.n_bytes < share * 8 * n_samples**2


def measure_peak(name, n_layers):
    """Return the most bytes that tensors hold at a time, and those of the layers in double."""
    layers = {
        key: X.numpy().astype(np.float32)
        for key, X in draw_layers(200, n_layers=n_layers, width=90).items()
    }
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        sim.compare_layers(layers, measure=name)
    held = most = 0
    for event in seen.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            most = max(most, held)
    return most, 8 * sum(X.size for X in layers.values())


@pytest.mark.parametrize("name", NAMES)
def test_no_measure_holds_a_copy_of_all_layers(name, monkeypatch):
    monkeypatch.setattr(_recipe, "ROW_BYTES", 1 << 16)
    monkeypatch.setattr(_recipe, "PREPARED_BYTES", 1 << 16)
    monkeypatch.setattr(neighbors, "BLOCK_NUMBERS", 1 << 14)
    (few, small), (many, large) = measure_peak(name, 5), measure_peak(name, 10)
    assert few > 0
    assert many - few < 0.4 * (large - small)  # of layers that come in, no copy stays


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@pytest.mark.parametrize("kind", ["spread", "whole", "doubled", "far"])
def test_neighbours_of_many_samples_equal_a_full_sort(distance, kind):
    rng = np.random.default_rng(3)
    X, Y = rng.normal(size=(2, 300, 3))
    if kind == "whole":
        X, Y = np.round(X), np.round(Y) + 3  # thousands of equal distances, zeros among them
    elif kind == "doubled":
        X, Y = X[rng.integers(20, size=300)], Y[rng.integers(150, size=300)]
    elif kind == "far":
        X, Y = 1e-3 * X + 1e6, Y
    if distance == "cosine" and kind in ("whole", "far"):
        return  # rounding decides which of parallel samples are nearer
    ours = sim.mutual_knn(X, Y, distance=distance, n_neighbors=5)
    assert ours == pytest.approx(naive.mutual_knn(X, Y, 5, distance=distance), abs=1e-12)
