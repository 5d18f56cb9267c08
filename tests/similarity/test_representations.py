"""CKA, Procrustes, CCA family, RSA and mutual neighbours against twins and other libraries."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings, strategies as st
from scipy.spatial import procrustes as scipy_procrustes
from scipy.stats import spearmanr

from featgraph import similarity as sim
from tests.naive import similarity as naive

RTOL = 1e-9  # float64 sums in another order


@st.composite
def pairs(draw, *, least=6, most=14, widest=5):
    n = draw(st.integers(least, most))
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    d_x, d_y = draw(st.integers(2, widest)), draw(st.integers(2, widest))
    X = rng.normal(size=(n, d_x)) + draw(st.sampled_from([0.0, 1.0, 100.0]))
    Y = X[:, :1] + rng.normal(size=(n, d_y))
    return X, Y


@pytest.mark.parametrize("kernel", ["linear", "rbf"])
@pytest.mark.parametrize("unbiased", [False, True])
@settings(max_examples=20)
@given(pair=pairs(widest=20))
def test_cka_equals_naive(kernel, unbiased, pair):
    X, Y = pair
    estimator = "unbiased" if unbiased else "biased"
    try:
        slow = naive.cka(X, Y, kernel=kernel, unbiased=unbiased)
    except (ValueError, ZeroDivisionError):  # an unbiased self-similarity below zero
        slow = None
    if slow is not None:
        ours = sim.cka(X, Y, kernel=kernel, estimator=estimator)
        # offsets of 100 cost four digits in the twin, which squares them
        assert ours == pytest.approx(slow, rel=1e-6, abs=1e-6)


def test_cka_routes_agree():
    """More samples than features goes by products of features, fewer by kernel matrices."""
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(30, 6)) + 5, rng.normal(size=(30, 9))
    wide = np.concatenate([X, np.zeros((30, 40))], axis=1)  # same kernel matrix, other route
    for estimator in ("biased", "unbiased"):
        tall_route = sim.cka(X, Y, estimator=estimator)
        assert sim.cka(wide, Y, estimator=estimator) == pytest.approx(tall_route, rel=RTOL)


@settings(max_examples=15)
@given(pair=pairs(least=9, most=20), batch=st.integers(4, 8))
def test_minibatch_cka_equals_naive(pair, batch):
    X, Y = pair
    X, Y = X - X.mean(0), Y - Y.mean(0)
    ours = sim.cka(X, Y, estimator="minibatch", batch_size=batch)
    assert ours == pytest.approx(naive.cka_minibatch(X, Y, batch), rel=1e-7)


def test_minibatch_of_everything_is_the_unbiased_estimate():
    rng = np.random.default_rng(1)
    X, Y = rng.normal(size=(40, 5)), rng.normal(size=(40, 5))
    whole = sim.cka(X, Y, estimator="minibatch", batch_size=40)
    assert whole == pytest.approx(sim.cka(X, Y, estimator="unbiased"), rel=RTOL)


def test_unbiased_estimate_has_no_bias():
    """Unrelated layers with more features than samples: 0 on average, where biased is near 1."""
    rng = np.random.default_rng(2)
    draws = [(rng.normal(size=(20, 200)), rng.normal(size=(20, 200))) for _ in range(40)]
    unbiased = [sim.cka(X, Y, estimator="unbiased") for X, Y in draws]
    assert abs(np.mean(unbiased)) < 3 * np.std(unbiased) / np.sqrt(len(draws))
    assert min(sim.cka(X, Y) for X, Y in draws) > 0.8


def test_cka_of_few_samples_and_bad_options():
    X = np.random.default_rng(0).normal(size=(3, 2))
    with pytest.raises(ValueError, match=r"at least 4 samples .* divides by n\(n − 3\)\), got 3"):
        sim.cka(X, X, estimator="unbiased")
    with pytest.raises(ValueError, match="at least 4 samples"):
        sim.cka(X, X, estimator="minibatch")
    with pytest.raises(ValueError, match="batch_size must be a whole number of at least 4, got 2"):
        sim.cka(X, X, estimator="minibatch", batch_size=2)
    with pytest.raises(ValueError, match="at least 2 samples are needed, got 1"):
        sim.cka(X[:1], X[:1])
    with pytest.raises(ValueError, match=r"kernel must be one of \['linear', 'rbf'\], got 'rfb'"):
        sim.cka(X, X, kernel="rfb")
    with pytest.raises(ValueError, match="bandwidth must be a finite number above 0, got 0"):
        sim.cka(X, X, kernel="rbf", bandwidth=0)
    doubled = np.repeat([[0.0, 1.0], [1.0, 0.0]], [9, 1], axis=0)
    with pytest.raises(ValueError, match="median distance of 0"):
        sim.cka(doubled, doubled, kernel="rbf")


@settings(max_examples=25)
@given(pair=pairs())
def test_procrustes_equals_scipy(pair):
    X, Y = pair
    width = max(X.shape[1], Y.shape[1])
    padded = [np.pad(Z, ((0, 0), (0, width - Z.shape[1]))) for Z in (X, Y)]
    disparity = scipy_procrustes(*padded)[2]
    s = sim.procrustes(X, Y)
    assert sim.procrustes(X, Y, convention="squared") == pytest.approx(1 - disparity, abs=1e-12)
    assert s**2 == pytest.approx(1 - disparity, abs=1e-12)
    assert sim.procrustes(X, Y, convention="angle") == pytest.approx(np.arccos(s), abs=1e-12)
    distance = sim.procrustes(X, Y, convention="distance")
    assert distance == pytest.approx(np.sqrt(2 - 2 * s), abs=1e-12)


def test_procrustes_distance_is_reached_by_a_rotation():
    rng = np.random.default_rng(3)
    X, Y = rng.normal(size=(20, 4)), rng.normal(size=(20, 4))
    X, Y = ((Z - Z.mean(0)) / np.linalg.norm(Z - Z.mean(0)) for Z in (X, Y))
    left, _, right = np.linalg.svd(X.T @ Y)
    best = np.linalg.norm(X @ (left @ right) - Y)
    assert sim.procrustes(X, Y, convention="distance") == pytest.approx(best, rel=RTOL)


def test_procrustes_of_wide_layers_takes_the_short_way():
    rng = np.random.default_rng(4)
    X, Y = torch.as_tensor(rng.normal(size=(12, 70))), torch.as_tensor(rng.normal(size=(12, 50)))
    short = sim.procrustes(X, Y)
    long = sim.procrustes(X.clone().requires_grad_(), Y.clone().requires_grad_())
    assert float(short) == pytest.approx(long.item(), rel=RTOL)
    long.backward()


@settings(max_examples=20)
@given(pair=pairs(least=14, most=20))
def test_cca_equals_naive(pair):
    X, Y = pair
    expected = naive.canonical_correlations(X, Y)
    # the eigenproblem of the twin squares the condition number
    assert sim.cca(X, Y) == pytest.approx(expected.mean(), rel=1e-6)
    assert sim.svcca(X, Y, variance=1.0) == pytest.approx(expected.mean(), rel=1e-6)
    assert sim.pwcca(X, Y) == pytest.approx(naive.pwcca(X, Y), rel=1e-5)


def test_svcca_is_cca_of_the_strongest_directions():
    rng = np.random.default_rng(5)
    X = rng.normal(size=(60, 5)) * [10, 5, 1, 0.1, 0.01]
    Y = rng.normal(size=(60, 4)) * [9, 3, 0.5, 0.02]
    reduced = []
    for Z in (X, Y):
        Z = Z - Z.mean(0)
        left, values, _ = np.linalg.svd(Z, full_matrices=False)
        kept = int(np.searchsorted(np.cumsum(values**2) / np.sum(values**2), 0.99)) + 1
        reduced.append(left[:, :kept] * values[:kept])
    expected = naive.canonical_correlations(*reduced).mean()
    assert sim.svcca(X, Y) == pytest.approx(expected, rel=1e-9)


def test_pwcca_admits_linear_maps_of_its_second_layer():
    rng = np.random.default_rng(6)
    X, Y = rng.normal(size=(40, 5)), rng.normal(size=(40, 4))
    mapped = Y @ rng.normal(size=(4, 4)) + 3
    assert sim.pwcca(X, mapped) == pytest.approx(sim.pwcca(X, Y), rel=1e-9)


def test_doubled_features_do_no_harm_to_canonical_correlations():
    rng = np.random.default_rng(7)
    X, Y = rng.normal(size=(40, 4)), rng.normal(size=(40, 4))
    doubled = np.concatenate([X, X, np.zeros((40, 1))], axis=1)
    assert sim.cca(doubled, Y) == pytest.approx(sim.cca(X, Y), rel=1e-9)


@pytest.mark.parametrize("function", [sim.cca, sim.svcca, sim.pwcca])
def test_canonical_correlations_need_more_samples_than_features(function):
    rng = np.random.default_rng(8)
    X = rng.normal(size=(10, 10))
    with pytest.raises(ValueError, match=r"X must have more samples than features .* 10 samples"):
        function(X, X)
    with pytest.warns(UserWarning, match="span 12 directions of 10 samples"):
        function(X[:, :6], rng.normal(size=(10, 6)))


def test_svcca_checks_its_share():
    X = np.random.default_rng(0).normal(size=(9, 2))
    with pytest.raises(ValueError, match=r"variance must lie in \(0, 1\], got 0"):
        sim.svcca(X, X, variance=0)
    with pytest.raises(ValueError, match=r"variance must lie in \[0, 1\], got 1.5"):
        sim.svcca(X, X, variance=1.5)


@pytest.mark.parametrize("dissimilarity", ["correlation", "cosine", "euclidean"])
@pytest.mark.parametrize("comparison", ["spearman", "pearson"])
@settings(max_examples=10)
@given(pair=pairs(most=9), whole=st.booleans())
def test_rsa_equals_naive(dissimilarity, comparison, pair, whole):
    X, Y = pair
    X, Y = X - X.mean(0), Y - Y.mean(0)  # far from 0 all cosines agree to the last digits
    X, Y = np.c_[X, X[:, 0] ** 2], np.c_[Y, Y[:, 0] ** 3]  # two features always correlate as ±1
    if whole and dissimilarity == "euclidean":
        X, Y = np.round(X), np.round(Y)  # ties
    options = {"dissimilarity": dissimilarity, "comparison": comparison}
    assert sim.rsa(X, Y, **options) == pytest.approx(naive.rsa(X, Y, **options), abs=1e-6)


def test_rsa_spearman_equals_scipy():
    rng = np.random.default_rng(9)
    X, Y = rng.normal(size=(15, 4)), rng.normal(size=(15, 6))
    upper = np.triu_indices(15, 1)
    expected = spearmanr((1 - np.corrcoef(X))[upper], (1 - np.corrcoef(Y))[upper])[0]
    assert sim.rsa(X, Y) == pytest.approx(expected, rel=RTOL)


def test_rsa_refuses_samples_without_direction():
    X = np.random.default_rng(0).normal(size=(6, 3))
    flat, dead = X.copy(), X.copy()
    flat[2], dead[4] = 1.0, 0.0
    with pytest.raises(ValueError, match="constant over its features .* sample 2"):
        sim.rsa(flat, X)
    with pytest.raises(ValueError, match="zero .* sample 4"):
        sim.rsa(X, dead, dissimilarity="cosine")
    with pytest.raises(ValueError, match="at least 3 samples"):
        sim.rsa(X[:2], X[:2])
    with pytest.raises(ValueError, match="dissimilarities that differ, got 3 equal ones"):
        sim.rsa(np.eye(3), X[:3], dissimilarity="cosine")


def test_rsa_pearson_has_a_gradient():
    rng = np.random.default_rng(10)
    X, Y = (torch.as_tensor(rng.normal(size=(7, 3))).requires_grad_() for _ in range(2))
    for dissimilarity in ("correlation", "cosine", "euclidean"):
        assert torch.autograd.gradcheck(
            lambda a, b, kind=dissimilarity: sim.rsa(
                a, b, dissimilarity=kind, comparison="pearson"
            ),
            (X, Y),
        )


@pytest.mark.parametrize("distance", ["cosine", "euclidean"])
@settings(max_examples=15)
@given(pair=pairs(), k=st.integers(1, 4), whole=st.booleans())
def test_mutual_knn_equals_naive(distance, pair, k, whole):
    X, Y = pair
    if whole and distance == "euclidean":
        X, Y = np.round(X), np.round(Y)  # ties go by the order of the samples
    ours = sim.mutual_knn(X, Y, n_neighbors=k, distance=distance)
    assert ours == pytest.approx(naive.mutual_knn(X, Y, k, distance=distance), abs=1e-12)


def test_mutual_knn_of_unrelated_layers_is_at_chance():
    rng = np.random.default_rng(11)
    X, Y = rng.normal(size=(400, 10)), rng.normal(size=(400, 10))
    chance = 10 / 399
    # 4000 draws of about 0.025: standard error 0.0025
    assert sim.mutual_knn(X, Y) == pytest.approx(chance, abs=0.01)


def test_mutual_knn_checks_the_number_of_neighbours():
    X = np.random.default_rng(0).normal(size=(5, 2))
    with pytest.raises(ValueError, match="less than the number of samples, got 10 of 5"):
        sim.mutual_knn(X, X)
    with pytest.raises(ValueError, match="n_neighbors must be a whole number of at least 1"):
        sim.mutual_knn(X, X, n_neighbors=0)
