import numpy as np
import pytest

from featgraph.invariance.layer_spread import deviation, invert_spread, noise_spread, relative_range

SPREADS = {"sigma": deviation, "delta": relative_range}


def test_spreads_by_hand():
    values = np.array([[2.0, 4.0], [3.0, 3.0]])
    np.testing.assert_allclose(relative_range(values), [2 / 3, 0.0])
    np.testing.assert_allclose(deviation(values), [1.0, 0.0])


def test_without_noise_the_interval_is_the_estimate():
    estimates = np.array([1.0, 2.0, 4.0])
    still = np.tile(estimates, (20, 1))
    for spread in SPREADS.values():
        found = invert_spread(estimates, still, spread, confidence=0.95)
        assert found == pytest.approx((spread(estimates),) * 2, rel=2e-3)
        assert noise_spread(still, spread, 2.0) == 0


def test_equal_layers_have_no_spread_at_all():
    equal = np.full(4, 2.5)
    noise = np.random.default_rng(0).normal(size=(50, 1)) * np.ones(4)  # common to all layers
    assert invert_spread(equal, equal + noise, deviation, confidence=0.95)[0] == 0.0


def test_a_spread_below_its_own_noise_has_an_interval_from_zero():
    rng = np.random.default_rng(0)
    estimates = 2 + 0.01 * rng.normal(size=6)
    noise = rng.normal(size=(200, 6))
    for found in (estimates, np.full(6, 2.0)):
        low, high = invert_spread(found, found + noise, deviation, confidence=0.95)
        assert low == pytest.approx(0.0, abs=1e-12)
        # A lucky draw says no more than that the truth is not far above the noise.
        assert 0.5 < high < 2.5


@pytest.mark.parametrize("name", SPREADS)
@pytest.mark.parametrize("half", [0.0, 0.1, 0.3])
def test_interval_holds_the_truth_where_percentiles_fail(name, half):
    spread, rng = SPREADS[name], np.random.default_rng(0)
    truth = 2.2 + half * np.linspace(-1, 1, 8)
    inside = percentiles = 0
    for _ in range(100):
        found = 1 + 100 / rng.gamma(100, 1 / (truth - 1))
        replicates = 1 + 100 / rng.gamma(100, 1 / (found - 1), size=(100, 8))
        low, high = invert_spread(found, replicates, spread, confidence=0.95)
        inside += low <= spread(truth) + 1e-12 <= high
        low, high = np.quantile(spread(replicates), [0.025, 0.975])
        percentiles += low <= spread(truth) <= high
    assert inside >= 86  # 95 % nominal; 95 − 4 standard errors of 100 trials
    assert inside > percentiles
