"""Order in arrays: what kernels sort is what NumPy sorts."""

from __future__ import annotations

import numpy as np
from hypothesis import given, strategies as st

from featgraph.kernels.sorting import sort_by_key


@given(st.integers(0, 200), st.integers(0, 2**32 - 1))
def test_nodes_stand_in_the_order_of_their_keys(n_nodes, seed):
    rng = np.random.default_rng(seed)
    keys = rng.permutation(200)
    nodes = rng.permutation(200)[:n_nodes]
    expected = nodes[np.argsort(keys[nodes])]
    sort_by_key(nodes, keys)
    np.testing.assert_array_equal(nodes, expected)
