import math

import numpy as np
import pytest

from featgraph.invariance._spread import basic_interval, relative_range


def test_relative_range_by_hand():
    np.testing.assert_allclose(relative_range(np.array([[2.0, 4.0], [3.0, 3.0]])), [2 / 3, 0.0])


def test_interval_mirrors_the_bias_back():
    replicates = np.linspace(2.0, 3.0, 1001)  # all above the estimate 2: noise spreads layers
    low, high = basic_interval(2.0, replicates, confidence=0.95)
    assert (low, high) == pytest.approx((2 * 2 - 2.975, 2.0))


def test_interval_never_leaves_the_estimate_out_nor_goes_below_zero():
    low, high = basic_interval(
        0.1, np.array([0.5, 0.6]), confidence=0.9, transform=np.square, inverse=math.sqrt
    )
    assert (low, high) == (0.0, 0.1)


@pytest.mark.parametrize("spread", [0.0, 0.1, 0.3])
def test_interval_of_sigma_holds_the_truth_where_percentiles_fail(spread):
    rng = np.random.default_rng(0)
    truth = 2.2 + spread * np.linspace(-1, 1, 8)
    inside = naive = 0
    for _ in range(100):
        found = 1 + 100 / rng.gamma(100, 1 / (truth - 1))
        replicates = np.std(1 + 100 / rng.gamma(100, 1 / (found - 1), size=(200, 8)), axis=1)
        low, high = basic_interval(
            float(np.std(found)), replicates, confidence=0.95, transform=np.square,
            inverse=math.sqrt,
        )  # fmt: skip
        inside += low <= np.std(truth) <= high
        naive += np.quantile(replicates, 0.025) <= np.std(truth) <= np.quantile(replicates, 0.975)
    assert inside >= 88  # 95 % nominal, 3 standard errors of 100 trials
    assert inside > naive or spread > 0.2
