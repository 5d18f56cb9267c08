"""The pieces behind the optimum, each against its slow twin on small relations."""

from __future__ import annotations

import itertools
import math
import threading

import numba
import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings, strategies as st

from featgraph.boxes.exact import highs
from featgraph.boxes.exact.clique_cover import CliquePart, dive, split_relation
from featgraph.boxes.exact.cliques import Columns, list_maximal_cliques
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.columns import BoxPool, Hints
from featgraph.boxes.exact.grown_cliques import grow_heavy
from featgraph.boxes.exact.max_weight_clique import find_heavy
from featgraph.boxes.exact.packing import caro_wei, enlarge_packing, pack_nodes, pack_rows
from featgraph.boxes.exact.prices import UNIT, ascend_prices, certify, relax, weigh_boxes
from featgraph.boxes.exact.reductions import (
    add_self_pairs,
    lift_labels,
    reduce_cliques,
    reduce_set_cover,
    restrict_pairs,
)
from featgraph.boxes.exact.row_weighting import cover_by_gain, search_cover
from featgraph.boxes.exact.set_cover import Covering, CoveringPart, split_covering
from tests.naive import certificates, optimum as naive
from tests.naive.relations import as_rows, threshold_relation

FOREVER = Clock(None)
COMPILED = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="takes minutes in plain Python")


@st.composite
def relations(draw, most=8, least=1):
    n_nodes = draw(st.integers(least, most))
    pairs = list(itertools.combinations(range(n_nodes), 2))
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    near = [set() for _ in range(n_nodes)]
    for u, v in chosen:
        near[u].add(v)
        near[v].add(u)
    return near


@st.composite
def coverings(draw, most=7):
    n_rows = draw(st.integers(1, most))
    column = st.sets(st.integers(0, n_rows - 1), min_size=1)
    columns = draw(st.lists(column, min_size=1, max_size=most))
    missing = set(range(n_rows)) - set().union(*columns)
    return n_rows, columns + ([missing] if missing else [])


def as_covering(n_rows, columns):
    return Covering.from_columns(*as_rows(columns), n_rows)


def as_sets(columns):
    bounds = itertools.pairwise(columns.indptr)
    return [frozenset(columns.members[low:high].tolist()) for low, high in bounds]


@settings(max_examples=60)
@given(near=relations())
def test_reductions_of_cliques_keep_the_minimum(near):
    rows = as_rows(near)
    kernel = reduce_cliques(*rows, FOREVER)
    inside = {int(v): i for i, v in enumerate(kernel.nodes)}
    small = [{inside[v] for v in near[u] if v in inside} for u in inside]
    assert naive.smallest_clique_cover(small) == naive.smallest_clique_cover(near)
    assert naive.largest_packing(small) == naive.largest_packing(near)
    for u, v in itertools.permutations(range(len(small)), 2):  # nothing is left to remove
        assert not (v in small[u] and small[u] | {u} <= small[v] | {v})
    assert restrict_pairs(*rows, kernel.nodes)[1].tolist() == as_rows(small)[1].tolist()
    labels = lift_labels(kernel, np.array(naive.fit_boxes(small, range(len(small)))), len(near))
    for u, v in itertools.combinations(range(len(near)), 2):
        assert labels[u] != labels[v] or v in near[u]


@settings(max_examples=60)
@given(problem=coverings())
def test_reductions_of_set_covers_keep_the_minimum(problem):
    n_rows, columns = problem
    covering = as_covering(n_rows, columns)
    rows, kept = reduce_set_cover(*covering, FOREVER)
    small = [{rows.tolist().index(r) for r in columns[c] if r in rows} for c in kept]
    assert naive.smallest_set_cover(rows.size, small) == naive.smallest_set_cover(*problem)
    assert not any(a <= b for a, b in itertools.permutations(small, 2))
    parts = split_covering(covering, FOREVER)
    assert sorted(np.concatenate([part.rows for part in parts]).tolist()) == rows.tolist()


def test_reductions_stop_when_time_is_over():
    near = [{1}, {0, 2}, {1, 3}, {2}]
    assert reduce_cliques(*as_rows(near), Clock(0.0)).nodes.size == 4
    balls = add_self_pairs(*as_rows(near))
    assert reduce_set_cover(*balls, *balls, Clock(0.0))[0].size == 4


@settings(max_examples=60)
@given(near=relations())
def test_maximal_cliques_equal_their_twin(near):
    found = list_maximal_cliques(*as_rows(near), FOREVER, n_columns=300, n_members=3000)
    sets = as_sets(found)
    assert len(sets) == len(set(sets))
    assert set(sets) == naive.maximal_cliques(near)


@settings(max_examples=40)
@given(near=relations(), weight=st.lists(st.integers(0, 5), min_size=8, max_size=8))
def test_heavy_cliques_equal_their_twin(near, weight):
    weight = weight[: len(near)]
    best = max(sum(weight[v] for v in clique) for clique in naive.cliques(near))
    rows, weights = as_rows(near), np.array(weight)
    for limit in (0, best // 2, best):
        found = find_heavy(*rows, weights, limit, FOREVER)
        assert found.at_most == max(best, limit)
        totals = [sum(weight[v] for v in clique) for clique in as_sets(found.columns)]
        assert max(totals, default=limit) == max(best, limit)
        assert all(total > limit for total in totals)
        assert set(as_sets(found.columns)) <= set(naive.cliques(near))
    rough = find_heavy(*rows, weights, 0, FOREVER, effort=0)
    assert rough.at_most >= best
    assert find_heavy(*rows, weights, 0, Clock(0.0)).at_most >= best
    least = best // 2 + 1
    listed = list_maximal_cliques(
        *rows, FOREVER, n_columns=300, n_members=3000, weight=weights, least=least
    )
    expected = {c for c in naive.maximal_cliques(near) if sum(weight[v] for v in c) >= least}
    assert set(as_sets(listed)) == expected


def test_cliques_are_given_up_where_they_are_too_many():
    near = [set(range(12)) - {v, v ^ 1} for v in range(12)]  # 2⁶ maximal cliques
    rows = as_rows(near)
    assert list_maximal_cliques(*rows, FOREVER, n_columns=64, n_members=999).n_columns == 64
    assert list_maximal_cliques(*rows, FOREVER, n_columns=63, n_members=999) is None
    assert list_maximal_cliques(*rows, FOREVER, n_columns=64, n_members=300) is None
    assert list_maximal_cliques(*rows, Clock(0.0), n_columns=64, n_members=999) is None
    assert list_maximal_cliques(*rows, FOREVER, n_columns=64, n_members=999, effort=9) is None
    single = list_maximal_cliques(*as_rows([set()]), FOREVER, n_columns=0, n_members=9)
    assert single is None


@settings(max_examples=40)
@given(near=relations(), seed=st.integers(0, 9))
def test_packings_equal_their_twins(near, seed):
    rows = as_rows(near)
    packed = pack_nodes(*rows)
    assert all(v not in near[u] for u, v in itertools.combinations(packed.tolist(), 2))
    assert caro_wei(np.diff(rows[0])) == naive.caro_wei(near) <= packed.size
    best = naive.largest_packing(near)
    rng = np.random.default_rng(seed)
    start = packed[:1]
    larger = enlarge_packing(*rows, start, FOREVER, rng, moves=300, enough=len(near))
    assert all(v not in near[u] for u, v in itertools.combinations(larger.tolist(), 2))
    assert larger.size == best


@settings(max_examples=60)
@given(problem=coverings(), seed=st.integers(0, 9))
def test_searches_for_covers(problem, seed):
    n_rows, columns = problem
    covering = as_covering(n_rows, columns)
    least = naive.smallest_set_cover(n_rows, columns)
    greedy = cover_by_gain(*covering)
    everything = np.arange(len(columns))
    rng = np.random.default_rng(seed)
    found = search_cover(tuple(covering), everything, FOREVER, rng, moves=400)
    for chosen in (greedy, found):
        assert set().union(*(columns[c] for c in chosen)) == set(range(n_rows))
    assert least == found.size <= greedy.size
    packed = pack_rows(*covering[:3]).tolist()
    held = [{c for c, column in enumerate(columns) if row in column} for row in packed]
    assert all(not a & b for a, b in itertools.combinations(held, 2))
    assert len(packed) <= least


@settings(max_examples=60)
@given(problem=coverings(), prices=st.lists(st.floats(-1, 2), min_size=7, max_size=7))
def test_any_prices_certify_a_bound(problem, prices):
    n_rows, columns = problem
    covering = as_covering(n_rows, columns)
    least = naive.smallest_set_cover(n_rows, columns)
    assert certify(np.array(prices[:n_rows]), *covering[2:]).bound <= least
    good = certify(ascend_prices(*covering, least, FOREVER), *covering[2:])
    assert good.bound <= least
    exact = highs.price_rows(covering.matrix(), FOREVER)
    best = certify(exact, *covering[2:])
    assert good.value <= best.value + UNIT // 1000
    assert best.bound in (math.ceil(exact.sum() - 1e-6), math.ceil(exact.sum() + 1e-6))


@settings(max_examples=25)
@given(near=relations(8, 3), seed=st.integers(0, 9))
def test_gathered_boxes_prove_the_same_as_all_boxes(near, seed):
    rows = as_rows(near)
    pool = BoxPool(*rows, np.random.default_rng(seed))
    labels = np.array(naive.fit_boxes(near, range(len(near))))
    pool.add_labels(labels)
    upper = int(labels.max()) + 1
    least = naive.smallest_clique_cover(near)
    assert pool.price(upper, FOREVER)
    everything = as_covering(len(near), [set(c) for c in naive.maximal_cliques(near)])
    whole = certify(highs.price_rows(everything.matrix(), FOREVER), *everything[2:]).bound
    assert min(whole, upper) <= max(pool.bound, 1) <= least
    useful = pool.list_useful(upper, FOREVER)
    if least < upper and np.all(np.diff(useful.row_indptr) > 0):
        chosen = highs.choose_columns(useful.matrix(), FOREVER).chosen
        assert chosen.size == least
    elif least < upper:
        pytest.fail("a smaller cover exists, but its boxes were struck out")


@COMPILED
@pytest.mark.parametrize(("n_nodes", "density"), [(150, 0.3), (150, 0.6), (90, 0.9)])
def test_certificates_hold_when_they_are_looked_at_again(n_nodes, density):
    near = threshold_relation(n_nodes, 10, density, 1)
    rows, rng = as_rows(near), np.random.default_rng(0)
    pool = BoxPool(*rows, rng)
    pool.add_labels(np.arange(n_nodes))
    pool.price(n_nodes, Clock(5.0))
    prices, heaviest = pool.certificate
    assert certificates.bound_of_prices(near, prices.tolist(), heaviest) == pool.bound
    labels = dive(pool, FOREVER, rng)
    found = certificates.check_cover(near, labels.tolist())
    assert pool.bound <= found <= 1.3 * pool.bound


@COMPILED
@pytest.mark.parametrize(("density", "top"), [(0.4, 9), (0.7, 9), (0.7, 10**6)])
def test_heavy_cliques_among_more_nodes_than_a_word_has_bits(density, top):
    near = threshold_relation(140, 8, density, 2)
    rows = as_rows(near)
    weight = np.random.default_rng(0).integers(0, top, 140)
    best = certificates.heaviest_clique(near, weight.tolist())
    found = find_heavy(*rows, weight, best - 1, FOREVER)
    assert found.at_most == best
    assert find_heavy(*rows, weight, best, FOREVER).at_most == best
    for effort in (0, 10**4):
        assert find_heavy(*rows, weight, 0, FOREVER, effort=effort).at_most >= best
    for clique in [*as_sets(found.columns), *as_sets(grow_heavy(*rows, weight, 0))]:
        assert all(v in near[u] for u, v in itertools.combinations(clique, 2))


@settings(max_examples=30)
@given(near=relations(), weight=st.lists(st.integers(0, 5), min_size=8, max_size=8))
def test_grown_cliques_are_cliques_above_the_limit(near, weight):
    weight = weight[: len(near)]
    for limit in (0, 4):
        found = as_sets(grow_heavy(*as_rows(near), np.array(weight), limit))
        assert set(found) <= set(naive.cliques(near))
        assert all(sum(weight[v] for v in clique) > limit for clique in found)
        lone = [v for v in range(len(near)) if weight[v] > limit]
        assert all(any(v in clique for clique in found) for v in lone)


@settings(max_examples=30)
@given(problem=coverings())
def test_shares_and_prices_meet_at_the_value_of_the_programme(problem):
    n_rows, columns = problem
    indptr, members = as_rows(columns)
    prices, shares = np.zeros(n_rows), np.zeros(len(columns))
    for _ in range(60):
        size = relax(indptr, members, np.ones(n_rows), prices, shares, 100)
    exact = highs.price_rows(as_covering(n_rows, columns).matrix(), FOREVER).sum()
    costs = weigh_boxes(indptr, members, prices)
    assert costs.tolist() == pytest.approx([sum(prices[v] for v in sorted(c)) for c in columns])
    assert size >= exact - 1e-6  # a cover whatever the shares are
    assert prices.sum() / max(costs.max(), 1e-9) <= exact + 1e-6
    np.testing.assert_allclose(size, exact, rtol=0.02)  # primal-dual steps near the optimum


@settings(max_examples=30)
@given(near=relations(8, 2), seed=st.integers(0, 99))
def test_hints_are_repaired_before_they_are_used(near, seed):
    rng = np.random.default_rng(seed)
    nodes = np.arange(len(near)) * 2  # numbers in the whole
    boxes = [np.flatnonzero(rng.random(2 * len(near)) < 0.5) for _ in range(5)]
    hints = Hints(prices=np.ones(2 * len(near)))
    ends = np.concatenate(([0], np.cumsum([box.size for box in boxes])))
    everything = np.arange(2 * len(near))
    hints.add(everything, Columns(ends, np.concatenate(boxes)), np.ones(5), np.ones(2 * len(near)))
    pool = BoxPool(*as_rows(near), rng)
    pool.add(*hints.restrict(nodes))
    assert set(as_sets(pool.boxes)) <= naive.maximal_cliques(near)


def test_gathering_boxes_without_listing_them(monkeypatch):
    from featgraph.boxes.exact import clique_cover

    rng = np.random.default_rng(0)
    points = rng.random((60, 2))
    apart = np.hypot(*(points[:, None] - points[None]).transpose(2, 0, 1))
    near = scipy.sparse.csr_matrix((apart < 0.35) & ~np.eye(60, dtype=bool))
    rows = near.indptr.astype(np.int64), near.indices.astype(np.int64)
    listed = CliquePart(*rows, np.arange(60))
    gathered = CliquePart(*rows, np.arange(60))
    for part in (listed, gathered):
        if part is gathered:
            monkeypatch.setattr(clique_cover, "MOST_BOXES", 3)
            monkeypatch.setattr(clique_cover, "FIRST_TURN", 0.01)  # many turns instead of one
        part.start()
        part.improve(FOREVER, rng)
        part.solve_exact(FOREVER, rng)
        for box in range(part.upper):
            members = np.flatnonzero(part.labels == box)
            assert apart[np.ix_(members, members)].max() < 0.35
    assert listed.upper == listed.lower == gathered.upper == gathered.lower


def test_a_cover_is_taken_over_only_if_columns_hold_its_boxes():
    covering = as_covering(4, [{0, 1}, {1, 2}, {2, 3}, {0}, {3}])
    part = CoveringPart(covering, np.arange(4), np.arange(5))
    part.chosen = np.arange(5)
    part.adopt(np.array([0, 0, 0, 1]))
    assert part.upper == 5
    part.adopt(np.array([1, 1, 0, 0]))
    assert part.chosen.tolist() == [0, 2]
    assert part.assign().tolist() == [0, 0, 1, 1]


def test_parts_of_a_relation_share_no_pair():
    near = [{1, 2}, {0, 2}, {0, 1}, {4}, {3}, set()]
    parts = split_relation(*as_rows(near), np.arange(6))
    assert [part.nodes.tolist() for part in parts] == [[0, 1, 2], [3, 4], [5]]


def test_a_solver_that_overruns_is_left_behind(monkeypatch):
    monkeypatch.setattr(highs, "GRACE", 0.05)
    left = threading.Event()
    assert highs._run(lambda: left.wait(600), Clock(0.05)) is None  # else it waits, and is True
    left.set()


def test_a_failing_solver_is_named():
    def fail():
        raise OSError("no licence")

    with pytest.raises(RuntimeError, match="HiGHS failed: no licence"):
        highs._run(fail, Clock(1.0))


def test_columns_count_themselves():
    assert Columns(np.array([0, 2, 3]), np.array([0, 1, 2])).n_columns == 2
