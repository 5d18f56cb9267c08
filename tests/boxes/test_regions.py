"""Bounds from regions that are covered exactly: twins, certificates looked at again, lattices."""

from __future__ import annotations

import itertools

import networkx as nx
import numba
import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from featgraph.boxes import minimum_box_cover
from featgraph.boxes.exact.cliques import Columns, list_maximal_cliques
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.prices import UNIT, ascend_prices
from featgraph.boxes.exact.regions import RegionBound, bound_by_regions
from featgraph.boxes.exact.set_cover import Covering, CoveringPart
from featgraph.boxes.exact.sweeps import sweep_cover, widest_front
from featgraph.datasets import make_lattice
from featgraph.graph import as_feature_graph
from tests.naive import certificates
from tests.naive.optimum import smallest_set_cover
from tests.naive.relations import as_rows

FOREVER = Clock(None)
COMPILED = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="takes minutes in plain Python")


@st.composite
def coverings(draw: st.DrawFn) -> tuple[int, list[set[int]]]:
    n_rows = draw(st.integers(1, 9))
    column = st.sets(st.integers(0, n_rows - 1), min_size=1)
    columns = draw(st.lists(column, min_size=1, max_size=9))
    missing = set(range(n_rows)) - set().union(*columns)
    return n_rows, columns + [{row} for row in missing]


def boxes_of(graph: nx.Graph, size: int) -> list[set[int]]:
    """Return the maximal diameter boxes of a graph whose nodes are 0, 1, …."""
    near = [set(nx.single_source_shortest_path_length(graph, v, size)) - {v} for v in graph]
    found = list_maximal_cliques(*as_rows(near), FOREVER, n_columns=10**4, n_members=10**6)
    return [set(found.members[low:high].tolist()) for low, high in itertools.pairwise(found.indptr)]


def regions_of(n_rows: int, columns: list[set[int]], effort: int = 10**6) -> RegionBound:
    problem = Covering.from_columns(*as_rows(columns), n_rows)
    simple, good = (ascend_prices(*problem, n_rows, clock) for clock in (Clock(0.0), FOREVER))
    found = bound_by_regions(problem, [simple, good], n_rows + 1, FOREVER, effort=effort)
    assert found is not None
    return found


def look_again(columns: list[set[int]], found: RegionBound) -> int:
    """Return the bound that the slow twin finds in a certificate."""
    regions = []
    for rows, traces, costs, owner, value in found.regions:
        members = [rows[traces.members[i:j]] for i, j in itertools.pairwise(traces.indptr)]
        parts = [
            (int(column), set(part.tolist()), int(cost))
            for column, part, cost in zip(owner, members, costs, strict=True)
        ]
        regions.append((rows.tolist(), parts, value))
    return certificates.bound_of_regions(columns, found.prices.tolist(), regions, UNIT)


@settings(max_examples=80)
@given(problem=coverings(), data=st.data())
def test_sweeps_find_the_least_cost(
    problem: tuple[int, list[set[int]]], data: st.DataObject
) -> None:
    n_rows, columns = problem
    costs = data.draw(st.lists(st.integers(0, 9), min_size=len(columns), max_size=len(columns)))
    prices = data.draw(st.lists(st.integers(0, 5), min_size=n_rows, max_size=n_rows))
    expected = certificates.cheapest_cover(range(n_rows), list(zip(columns, costs, strict=True)))
    by_hand = min(
        sum(cost for _, cost in some)
        for count in range(len(columns) + 1)
        for some in itertools.combinations(list(zip(columns, costs, strict=True)), count)
        if len(set().union(*(column for column, _ in some))) == n_rows
    )
    traces = Columns(*as_rows(columns))
    found = sweep_cover(traces, np.array(costs), np.array(prices), FOREVER)
    assert found.cost == expected == by_hand
    assert sweep_cover(traces, np.array(costs), np.array(prices), FOREVER, effort=0).cost is None


def test_sweeps_give_up_where_they_cannot_end() -> None:
    wide = Columns(*as_rows([set(range(70)), *({row} for row in range(70))]))
    costs, prices = np.ones(71, dtype=np.int64), np.ones(70, dtype=np.int64)
    assert widest_front(wide, 70) == 70
    assert sweep_cover(wide, costs, prices, FOREVER).cost is None
    path = Columns(*as_rows([{0, 1}, {1, 2}]))
    assert sweep_cover(path, costs[:2], prices[:3], Clock(0.0)).cost is None


@settings(max_examples=30)
@given(problem=coverings())
def test_regions_of_all_rows_prove_the_minimum(problem: tuple[int, list[set[int]]]) -> None:
    n_rows, columns = problem
    found = regions_of(n_rows, columns)
    assert found.bound == look_again(columns, found) == smallest_set_cover(n_rows, columns)


@COMPILED
@pytest.mark.parametrize(
    ("name", "size"),
    [("square", 2), ("square", 3), ("hexagonal", 2), ("triangular", 2), ("holes", 2), ("ring", 1)],
)
def test_certificates_of_regions_hold_when_they_are_looked_at_again(name: str, size: int) -> None:
    square = nx.grid_2d_graph(9, 9)
    graph = {
        "square": square,
        "hexagonal": nx.hexagonal_lattice_graph(4, 5),
        "triangular": nx.triangular_lattice_graph(6, 9),
        "holes": square.subgraph([v for v in square if max(v[0] % 4, v[1] % 4) > 1]).copy(),
        "ring": nx.circulant_graph(40, [1, 2, 7]),
    }[name]
    graph = nx.convert_node_labels_to_integers(graph)
    columns = boxes_of(graph, size)
    found = regions_of(len(graph), columns, effort=300_000)
    assert found.value >= int(found.prices.sum())
    assert look_again(columns, found) == found.bound
    best = minimum_box_cover(graph, size, time_limit=5, rng=0)
    assert found.bound <= best.n_boxes


def test_no_regions_where_rows_share_too_many_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    triangle = Covering.from_columns(*as_rows([{0, 1}, {1, 2}, {0, 2}]), 3)
    halves = [np.full(3, 0.5)]
    late = bound_by_regions(triangle, halves, 2, Clock(0.0))
    assert late is not None
    assert (late.bound, late.regions) == (2, [])  # 1.5 columns, rounded up
    monkeypatch.setattr("featgraph.boxes.exact.regions.MOST_PAIRS", 11)
    assert bound_by_regions(triangle, halves, 2, FOREVER) is None


def test_false_certificates_are_refused() -> None:
    columns = [{0, 1}, {1, 2}, {0, 2}]
    found = regions_of(3, columns)
    assert look_again(columns, found) == 2
    region = found.regions[0]
    dear = found._replace(regions=[region._replace(value=region.value + 1)])
    with pytest.raises(ValueError, match="costs less"):
        look_again(columns, dear)
    none = region.traces.indptr[:0]
    lost = region._replace(traces=Columns(np.zeros(1, np.int64), none), costs=none, owner=none)
    with pytest.raises(ValueError, match="left out"):
        look_again(columns, found._replace(regions=[lost]))
    with pytest.raises(ValueError, match="more than one column"):
        look_again(columns, found._replace(regions=[region._replace(costs=region.costs + 1)]))


@COMPILED
@pytest.mark.parametrize(("size", "prices", "bound"), [(2, 512, 528), (4, 203, 204)])
def test_rims_of_lattices_cost_more_than_prices_say(size: int, prices: int, bound: int) -> None:
    lattice = make_lattice((50, 50)).to_networkx()
    columns = boxes_of(nx.convert_node_labels_to_integers(lattice), size)
    found = regions_of(2500, columns, effort=8_000_000)
    assert found.bound >= bound > prices


@COMPILED
@pytest.mark.parametrize("size", [2, 4])
def test_small_lattices_are_proven_without_branch_and_bound(size: int) -> None:
    graph = make_lattice((8, 9))
    columns = boxes_of(nx.convert_node_labels_to_integers(graph.to_networkx()), size)
    part = CoveringPart(
        Covering.from_columns(*as_rows(columns), 72), np.arange(72), np.arange(len(columns))
    )
    part.start()
    part.improve(FOREVER, np.random.default_rng(0))
    cover = minimum_box_cover(as_feature_graph(graph), size, time_limit=None, rng=0)
    assert part.certified == cover.lower_bound == cover.n_boxes
