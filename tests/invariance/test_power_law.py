import warnings

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra.numpy import arrays

from featgraph.graph import compare_rivals
from featgraph.graph.power_laws import scan_cutoffs
from featgraph.invariance import fit_power_law
from tests.naive import invariance as naive


def pareto(exponent, n_values, seed, x_min=1.0):
    return x_min * (1 - np.random.default_rng(seed).random(n_values)) ** (-1 / (exponent - 1))


def bare(values, **options):
    return fit_power_law(values, n_resamples=0, rivals=(), **options)


@pytest.mark.parametrize("exponent", [1.6, 2.0, 2.5, 3.5, 5.0])
@pytest.mark.parametrize("variant", ["paper", "tail", "released"])
def test_known_exponent_is_found(exponent, variant):
    fit = bare(pareto(exponent, 2000, seed=3), variant=variant)
    # Four standard errors of the tail that was used.
    assert fit.exponent == pytest.approx(exponent, abs=4 * fit.standard_error)


@pytest.mark.parametrize("variant", ["tail", "released"])
def test_cutoff_of_a_power_law_on_top_of_an_even_body_is_found(variant):
    rng = np.random.default_rng(5)
    values = np.concatenate([rng.uniform(0.01, 1.0, size=1500), pareto(2.5, 1500, seed=6)])
    fit = bare(values, variant=variant)
    assert 0.9 < fit.x_min < 1.4
    assert fit.exponent == pytest.approx(2.5, abs=0.15)


@given(
    values=arrays(np.float64, st.integers(4, 14), elements=st.sampled_from([1, 1.5, 2, 3, 7, 40])),
    min_tail=st.integers(2, 5),
)
def test_scan_equals_naive(values, min_tail):
    first, exponent, distance = scan_cutoffs(np.sort(np.log(values)), min_tail)
    x_min, other_exponent, other_distance = naive.cutoff(values.tolist(), min_tail)
    if x_min is None:
        assert first == -1
    else:
        # Two cut-offs may be equally good up to rounding; the distance decides.
        np.testing.assert_allclose(distance, other_distance, rtol=1e-9)
        if np.sort(values)[first] == x_min:
            np.testing.assert_allclose(exponent, other_exponent, rtol=1e-9)


@given(power=st.integers(-60, 60))
def test_every_number_is_the_same_in_any_unit(power):
    values = pareto(2.3, 80, seed=1)
    one = fit_power_law(values, n_resamples=20, rivals=(), rng=0)
    other = fit_power_law(values * 2.0**power, n_resamples=20, rivals=(), rng=0)
    np.testing.assert_allclose(other.exponent, one.exponent, rtol=1e-9)
    np.testing.assert_allclose(other.x_min, one.x_min * 2.0**power, rtol=1e-9)
    np.testing.assert_allclose(other.replicates, one.replicates, rtol=1e-6)


def test_order_does_not_matter_and_input_stays_unchanged():
    values = pareto(2.0, 100, seed=2)
    before = values.copy()
    assert bare(values[::-1]).exponent == bare(values).exponent
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("exponent", [1.8, 2.5, 4.5])
def test_agrees_with_powerlaw(exponent, seed):
    powerlaw = pytest.importorskip("powerlaw")
    values = pareto(exponent, 200, seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        # Without a range of its own, powerlaw 2 keeps every exponent below 3.
        theirs = powerlaw.Fit(values, verbose=0, parameter_ranges={"alpha": [1.0, None]})
    ours = bare(values, variant="released")
    np.testing.assert_allclose(ours.x_min, theirs.xmin, rtol=1e-12)
    np.testing.assert_allclose(ours.distance, theirs.D, rtol=1e-9)
    # powerlaw refines exponents above 3 numerically.
    np.testing.assert_allclose(ours.exponent, theirs.alpha, rtol=1e-9 if exponent < 3 else 1e-3)


def test_ratios_agree_with_powerlaw():
    powerlaw = pytest.importorskip("powerlaw")
    values = pareto(2.2, 300, seed=4)
    ours = bare(values, variant="paper")
    tests = compare_rivals(np.sort(values) / values.min(), ours.exponent)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = powerlaw.Fit(values / values.min(), xmin=1.0, verbose=0)
        for name, test in tests.items():
            ratio, p_value = theirs.distribution_compare("power_law", name)
            np.testing.assert_allclose(test, (ratio, p_value), rtol=1e-3, atol=1e-3)


def test_bootstrap_accepts_a_power_law_and_rejects_a_lognormal_body():
    true = fit_power_law(pareto(2.5, 400, seed=0), n_resamples=100, rivals=(), rng=0)
    body = np.random.default_rng(0).lognormal(sigma=0.5, size=400)
    false = fit_power_law(body, variant="paper", n_resamples=100, rivals=(), rng=0)
    assert true.p_value > 0.1
    assert true.verdict == "power law"
    assert false.p_value < 0.02
    assert false.verdict == "not a power law"
    assert "rarely this far" in false.explanation


def test_p_values_of_true_power_laws_are_spread_evenly():
    p_values = [bare_p(pareto(2.5, 60, seed=seed), seed) for seed in range(40)]
    # 40 even draws: mean ½ ± 4 standard errors of 0.29/√40, and not all on one side.
    assert abs(np.mean(p_values) - 0.5) < 0.19
    assert min(p_values) < 0.25
    assert max(p_values) > 0.75


def bare_p(values, seed):
    return fit_power_law(values, variant="paper", n_resamples=60, rivals=(), rng=seed).p_value


def test_standard_error_and_replicates_agree_where_the_cutoff_is_fixed():
    fit = fit_power_law(
        pareto(2.5, 300, seed=7), variant="paper", n_resamples=400, rivals=(), rng=1
    )
    # The standard deviation of 400 draws is known to 1/√800 = 3.5 %.
    assert np.std(fit.replicates) == pytest.approx(fit.standard_error, rel=0.15)
    assert np.mean(fit.replicates) == pytest.approx(fit.exponent, abs=0.05)


def test_same_seed_gives_the_same_result():
    values = pareto(2.5, 120, seed=8)
    first, second = (fit_power_law(values, n_resamples=10, rivals=(), rng=5) for _ in range(2))
    np.testing.assert_array_equal(first.replicates, second.replicates)


def test_a_better_rival_is_named():
    pytest.importorskip("powerlaw")
    values = 1 + np.random.default_rng(0).exponential(size=600)
    fit = fit_power_law(values, variant="paper", n_resamples=0)
    assert fit.verdict == "not a power law"
    assert "exponential" in fit.better_rivals
    assert "describes the tail better" in fit.explanation


def test_a_short_tail_stays_undecided():
    values = np.concatenate([np.linspace(0.1, 1, 400), pareto(2.5, 20, seed=1, x_min=1.0)])
    fit = fit_power_law(values, n_resamples=30, rivals=(), rng=0)
    assert fit.n_tail < 50
    assert fit.p_value < 0.1 or fit.verdict == "undecided"
    assert bare(pareto(2.0, 60, seed=1)).verdict == "undecided"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.arange(1.0, 50.0), "at least 50 positive numbers .* got 49"),
        (np.arange(60.0), "positive and finite, got 0 among"),
        (np.r_[np.arange(1.0, 60.0), np.nan], "positive and finite, got nan"),
        (np.ones(60), "must differ, got 60 copies of 1"),
        (1 + 1e-15 * np.arange(60.0), "must differ by more than rounding"),
        (np.ones((60, 2)), "one list of numbers, got shape"),
    ],
)
def test_bad_values_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        bare(values)


def test_unknown_names_are_refused():
    values = pareto(2.0, 60, seed=1)
    with pytest.raises(ValueError, match="variant must be one of .* did you mean 'released'"):
        bare(values, variant="release")
    with pytest.raises(ValueError, match="rivals must be one of .* did you mean 'lognormal'"):
        fit_power_law(values, n_resamples=0, rivals=("lognorm",))
