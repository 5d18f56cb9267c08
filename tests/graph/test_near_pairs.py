"""Searching near pairs: single precision may only suggest, answers are those of float64."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from featgraph.graph import _near_pairs
from featgraph.graph._blocks import StoredBlocks, nearest_pairs
from featgraph.graph._near_pairs import NearPairs, round_up
from tests.naive import graphs, networks

torch = pytest.importorskip("torch")


def cloud(seed, n_nodes=14, n_samples=3, *, dtype=np.float64, grid=False):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n_nodes, n_samples))
    if grid:  # many equal distances, duplicated rows
        points = np.round(points)
    return (points + 100 * rng.random()).astype(dtype)


def lengths_between(points):
    return [[math.dist(a, b) for b in points.tolist()] for a in points.tolist()]


def search_in(points, monkeypatch=None):
    return NearPairs(torch.from_numpy(points), 1.0, points.dtype)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.floats(0.2, 2.0), st.booleans())
def test_pairs_below_are_all_pairs_below(seed, limit, grid):
    points = cloud(seed, grid=grid)
    search = search_in(points)
    search._sample = np.array([1e9] * 100)  # as if all pairs were far: nothing is too many
    left, right, lengths = search.below(limit)
    expected = lengths_between(points)
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == graphs.edges_below(
        expected, limit
    )
    # sums of squares in another order
    measured = [expected[i][j] for i, j in zip(left, right, strict=True)]
    np.testing.assert_allclose(lengths, measured, rtol=1e-12)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 4), st.booleans())
def test_nearest_pairs_of_both_sources_are_those_by_definition(seed, k, grid):
    points = cloud(seed, grid=grid)
    distances = lengths_between(points)
    expected = networks.nearest_pairs(distances, k)
    stored = nearest_pairs(StoredBlocks(np.array(distances)), k)
    searched = search_in(points).neighbors(k)
    for left, right, lengths in (stored, searched):
        assert list(zip(left.tolist(), right.tolist(), strict=True)) == expected
        np.testing.assert_allclose(lengths, [distances[i][j] for i, j in expected], rtol=1e-12)


def test_nearest_pairs_over_several_blocks(monkeypatch):
    from featgraph.graph import _blocks

    monkeypatch.setattr(_blocks, "_BLOCK_NUMBERS", 100)
    points = cloud(3, 40)
    distances = lengths_between(points)
    left, right, _ = nearest_pairs(StoredBlocks(np.array(distances)), 3)
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == networks.nearest_pairs(
        distances, 3
    )


def test_k_out_of_range():
    with pytest.raises(ValueError, match="neighbors in epsilon must be at most n_nodes − 1 = 2"):
        nearest_pairs(StoredBlocks(np.ones((3, 3)) - np.eye(3)), 3)


@pytest.mark.parametrize("rank", [1, 7, 60])
def test_kth_is_the_kth(rank):
    points = cloud(5, 60)
    distances = np.array(lengths_between(points))
    expected = np.sort(distances[np.triu_indices(60, 1)])[rank - 1]
    assert search_in(points).kth(rank) == pytest.approx(expected, rel=1e-12)


def test_a_misleading_sample_changes_no_answer():
    points = cloud(5, 60)
    search = search_in(points)
    right_answer = search.kth(60)
    misled = search_in(points)
    misled._sample = search._sample * 0.93
    assert misled.kth(60) == right_answer


def test_dense_answers_are_left_to_blocks():
    search = search_in(cloud(1, 30))
    assert search.below(1e9) is None
    assert search.kth(435) is None


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e25])
def test_products_stay_in_range(scale):
    points = cloud(2, 20) * scale
    distances = lengths_between(points)
    left, right, _ = search_in(points).neighbors(2)
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == networks.nearest_pairs(
        distances, 2
    )


def test_near_duplicates_far_from_the_origin_are_measured_in_double():
    # float32 products alone would see these two at any distance up to 0.1
    points = np.random.default_rng(0).normal(size=(20, 32)).astype(np.float32) * 100
    points[1] = points[0]
    points[1, 0] += np.float32(1e-3)
    left, right, lengths = search_in(points).below(1.0)
    assert (left.tolist(), right.tolist()) == ([0], [1])
    assert lengths[0] == np.abs(points[1, 0] - points[0, 0])


def test_leaving_a_part_finds_the_nearest_outside():
    points = cloud(9, 30)
    part = np.arange(30) % 3
    nodes, other, gap = search_in(points).leave(np.flatnonzero(part != 0), part)
    distances = lengths_between(points)
    for node, found, length in zip(nodes.tolist(), other.tolist(), gap.tolist(), strict=True):
        outside = [(distances[node][j], j) for j in range(30) if part[j] != part[node]]
        assert min(outside)[1] == found
        assert length == pytest.approx(min(outside)[0], rel=1e-12)


def test_limits_are_rounded_up():
    single = np.dtype(np.float32)
    assert round_up(0.1, single) >= 0.1
    assert float(round_up(0.5, single)) == 0.5
    assert float(round_up(1e-46, single)) > 0
    assert _near_pairs.round_up(0.1, np.dtype(np.float64)) == 0.1
