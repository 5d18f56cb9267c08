"""Relations in which most pairs may share a box: rows of bits, and bounds from outliers."""

from __future__ import annotations

import numba
import numpy as np
import pytest

from featgraph.boxes.bits import pack_lists
from featgraph.boxes.exact import columns, grown_cliques, iterated_greedy, reductions
from featgraph.boxes.exact.clock import Clock
from featgraph.boxes.exact.columns import FIRST, BoxPool, OutlierBound
from featgraph.boxes.exact.grown_cliques import grow_heavy
from featgraph.boxes.exact.iterated_greedy import fit_boxes, iterate_boxes
from featgraph.boxes.exact.reductions import reduce_cliques
from tests.naive import certificates, optimum as naive
from tests.naive.relations import as_rows, threshold_relation

FOREVER = Clock(None)
COMPILED = pytest.mark.skipif(numba.config.DISABLE_JIT, reason="takes minutes in plain Python")


@pytest.mark.parametrize("density", [0.3, 0.9])
def test_rows_of_bits_change_no_result(monkeypatch, density):
    near = threshold_relation(150, 6, density, 5)
    rows, found = as_rows(near), []
    weight = np.random.default_rng(0).integers(0, 9, 150)
    labels = np.array(naive.fit_boxes(near, range(150)))
    bits = pack_lists(rows[0][:-1], rows[0][1:], rows[1])
    for dense, given in ((False, None), (True, None), (True, bits)):
        for module in (reductions, columns, grown_cliques, iterated_greedy):
            monkeypatch.setattr(module, "has_dense_rows", lambda *rows, dense=dense: dense)
        grown = grow_heavy(*rows, weight, 20)
        boxes = BoxPool(*rows, np.random.default_rng(1)).grow(grown)
        again = iterate_boxes(
            *(*rows, labels, FOREVER, np.random.default_rng(2)),
            passes=9,
            patience=9,
            bits=given,
        )
        kernel = reduce_cliques(*rows, FOREVER)
        found.append([*kernel, *grown, np.concatenate(boxes), again])
    assert found[0][-1].max() < labels.max()
    for lists, words, given_words in zip(*found, strict=True):
        np.testing.assert_array_equal(lists, words)
        np.testing.assert_array_equal(lists, given_words)


def check_outliers(near, outliers):
    inside = sorted(range(len(near)), key=lambda v: len(near[v]))[: outliers.count]
    number = {v: i for i, v in enumerate(sorted(inside))}
    among = [{number[u] for u in near[v] if u in number} for v in sorted(inside)]
    prices, heaviest = outliers.pool.certificate
    assert len(prices) == outliers.count
    assert certificates.bound_of_prices(among, prices.tolist(), heaviest) == outliers.pool.bound


@COMPILED
@pytest.mark.parametrize("density", [0.5, 0.9])
def test_outliers_bound_the_boxes_of_all(density):
    near = threshold_relation(150, 8, density, 3)
    found = int(fit_boxes(*as_rows(near), np.arange(150)).max()) + 1
    outliers, rng = OutlierBound(*as_rows(near)), np.random.default_rng(0)
    outliers.improve(2, FOREVER, rng)
    assert outliers.count == FIRST
    check_outliers(near, outliers)
    first = outliers.bound
    outliers.improve(first + 1, FOREVER, rng)
    check_outliers(near, outliers)
    assert first < outliers.bound <= found
    assert not outliers.holds_all
    hints = outliers.give_hints()
    again = OutlierBound(*as_rows(near), hints)
    again.improve(first + 1, FOREVER, rng)
    assert again.bound == outliers.bound
