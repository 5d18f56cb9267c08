import math

import numpy as np
import pytest
from hypothesis import given, strategies as st

from featgraph.invariance import measure_sparsity


def test_shares_of_a_small_layer_by_hand():
    features = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 2.0], [3.0, 3.0, 3.0], [0.0, 0.0, 0.0]])
    found = measure_sparsity(features)
    assert found.nonzero_share == 5 / 12
    assert found.silent_share == 0.5
    assert found.constant_share == 0.75
    columns = [(2 - 4 / math.sqrt(10)), 1.0, (2 - 5 / math.sqrt(13))]
    assert found.hoyer == pytest.approx(sum(columns) / 3)


def test_extremes_of_hoyer():
    assert measure_sparsity(np.eye(5)).hoyer == pytest.approx(1.0)
    assert measure_sparsity(np.ones((5, 4))).hoyer == pytest.approx(0.0, abs=1e-12)
    assert math.isnan(measure_sparsity(np.zeros((5, 4))).hoyer)


@given(power=st.integers(-500, 500))
def test_unit_does_not_matter(power):
    features = np.maximum(np.random.default_rng(0).normal(size=(6, 9)), 0)
    one, other = measure_sparsity(features), measure_sparsity(features * 2.0**power)
    np.testing.assert_allclose(other, one, rtol=1e-12)
