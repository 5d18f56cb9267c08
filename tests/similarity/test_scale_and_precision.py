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
