"""Scores at any scale, and of layers of different precision."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from featgraph import similarity as sim
from featgraph.similarity.measures import MEASURES

SCALE_FREE = [name for name, row in MEASURES.items() if "scaling" in row.invariances]
RNG = np.random.default_rng(0)
F = RNG.normal(size=(40, 5))
G = F @ RNG.normal(size=(5, 4)) + 0.3 * RNG.normal(size=(40, 4))


@pytest.mark.parametrize("scale", [1e300, 1e-300])
@pytest.mark.parametrize("name", SCALE_FREE)
def test_the_ends_of_double_precision_change_nothing(name, scale):
    expected = MEASURES[name](F, G)
    assert MEASURES[name](scale * F, G) == pytest.approx(expected, rel=1e-9)
    assert MEASURES[name](F, scale * G) == pytest.approx(expected, rel=1e-9)
    found = sim.compare_layers({"a": scale * F}, {"b": scale * G}, measure=name)
    assert found.values.item() == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("scale", [1e-18, 1e-8, 1e5, 1e18])
@pytest.mark.parametrize("name", [*SCALE_FREE, "minibatch"])
def test_single_precision_keeps_its_digits_at_any_scale(name, scale):
    options = {"estimator": "minibatch", "batch_size": 16} if name == "minibatch" else {}
    measure = MEASURES["cka" if options else name]
    X, Y = (torch.as_tensor(side, dtype=torch.float32) for side in (F, G))
    expected = float(measure(X, Y, **options))
    assert float(measure(scale * X, scale * Y, **options)) == pytest.approx(expected, rel=1e-4)
    options.pop("batch_size", None)
    one, other = (
        sim.compare_layers({"a": s * X}, {"b": s * Y}, measure=measure.name, **options).values
        for s in (1.0, scale)
    )
    np.testing.assert_allclose(other, one, rtol=1e-4)


def test_all_batches_of_a_layer_get_one_factor():
    X = torch.as_tensor(F, dtype=torch.float32)
    X[16:] *= 100.0  # batches of different size weigh as they are
    batches = [X[k : k + 8] for k in range(0, 40, 8)]
    net, other = (torch.nn.Linear(5, width, bias=False) for width in (3, 4))
    for model in (net, other):
        with torch.no_grad():
            model.weight.copy_(torch.as_tensor(RNG.normal(size=model.weight.shape)))
    for estimator in ("minibatch", "biased"):
        one, far = (
            sim.similarity_matrix(
                net, other, [s * batch for batch in batches], layers="all", estimator=estimator
            ).values
            for s in (1.0, 2.0**40)
        )
        np.testing.assert_allclose(far, one, rtol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("name", MEASURES)
def test_layers_of_two_precisions_are_compared_in_the_wider(name, dtype):
    X, Y = torch.as_tensor(F).to(dtype), torch.as_tensor(G)
    expected = float(MEASURES[name](X.double(), Y))
    assert float(MEASURES[name](X, Y)) == pytest.approx(expected, abs=1e-6)
    found = sim.compare_layers({"a": X, "b": X.float()}, {"c": Y}, measure=name)
    np.testing.assert_allclose(found.values, expected, atol=1e-6)


@pytest.mark.parametrize("value", [1000.1, 1e8 / 3])
@pytest.mark.parametrize("name", ["cca", "svcca", "pwcca", "procrustes", "cka"])
def test_constant_features_are_no_direction(name, value):
    constant = np.full((len(F), 3), value)
    found = MEASURES[name](np.hstack([F, constant]), np.hstack([G, constant]))
    assert found == pytest.approx(MEASURES[name](F, G), rel=1e-9)


@pytest.mark.parametrize("name", ["cka", "cka_unbiased", "cka_rbf", "procrustes"])
def test_a_loud_constant_feature_does_not_hide_the_others(name):
    X, Y = (torch.as_tensor(np.hstack([side, np.full((40, 1), 1e7)])).float() for side in (F, G))
    expected = MEASURES[name](F, G)
    assert float(MEASURES[name](X, Y)) == pytest.approx(expected, rel=1e-5)
    found = sim.compare_layers({"a": X}, {"b": Y}, measure=name)
    assert found.values.item() == pytest.approx(expected, rel=1e-5)
    if name.startswith("cka"):
        batches, nets = [X[:20], X[20:]], [torch.nn.Sequential(torch.nn.Linear(6, 6)) for _ in "ab"]
        for net in nets:
            net[0].weight.data, net[0].bias.data = torch.eye(6), torch.zeros(6)
        found = sim.similarity_matrix(*nets, batches, measure=name, layers="all")
        assert found.values.item() == pytest.approx(1.0)


@pytest.mark.parametrize("name", ["cca", "pwcca"])
def test_a_feature_with_its_copy_shifted_is_one_direction(name):
    X, Y = (np.hstack([side, side[:, :1] + 1e8]) for side in (F, G))
    doubled = (np.hstack([side, side[:, :1]]) for side in (F, G))
    assert MEASURES[name](X, Y) == pytest.approx(MEASURES[name](*doubled), rel=1e-6)


@pytest.mark.parametrize("name", ["cka", "cka_unbiased", "cka_rbf"])
def test_single_precision_keeps_what_a_large_offset_leaves(name):
    for side in (F, np.tile(F, 12)):  # more samples than features, and fewer
        X, Y = (torch.as_tensor(part + 1e6).float() for part in (side, G))
        exact = ((part.double() - 1e6).numpy() for part in (X, Y))
        assert float(MEASURES[name](X, Y)) == pytest.approx(MEASURES[name](*exact), rel=1e-5)


@pytest.mark.parametrize(
    "name", [name for name, row in MEASURES.items() if "sample_scaling" in row.invariances]
)
def test_samples_may_differ_by_many_orders_of_magnitude(name):
    scales = 10.0 ** RNG.integers(-17, 17, size=(len(F), 1))
    expected = MEASURES[name](F, G)
    assert MEASURES[name](scales * F, G) == pytest.approx(expected, rel=1e-9)
    X, Y = torch.as_tensor(scales * F).float(), torch.as_tensor(G).float()
    assert float(MEASURES[name](X, Y)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("scale", [1e-30, 1e30])
def test_graphs_of_samples_are_the_same_at_any_scale(scale):
    X, labels = torch.as_tensor(F).float(), np.arange(len(F)) % 3
    torch.testing.assert_close(sim.sample_adjacency(scale * X), sim.sample_adjacency(X))
    assert sim.count_label_motifs(scale * X, labels) == sim.count_label_motifs(X, labels)
    found = sim.class_modularity(scale * X, labels)
    assert found == pytest.approx(sim.class_modularity(X, labels), rel=1e-4)
