"""C of Eq. 8."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from featgraph.distances import feature_distances


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("n_nodes", [5, 200])
def test_agrees_with_differences_in_double(n_nodes: int, dtype: torch.dtype) -> None:
    rng = np.random.default_rng(0)
    F = rng.normal(size=(n_nodes, 40)) * 10 + 1e3
    F[1] = F[0]
    F[3] = F[2] * (1 + 1e-6)
    F = torch.from_numpy(F).to(dtype).numpy()
    exact = F[:, None].astype(np.float64) - F[None].astype(np.float64)
    exact = np.sqrt((exact**2).sum(-1) / 40)
    C = feature_distances(F)
    assert C.dtype == dtype
    assert torch.equal(C, C.T)
    assert not C.diagonal().any()
    assert C[0, 1] == 0
    rtol = 2e-5 if dtype == torch.float32 else 1e-11
    np.testing.assert_allclose(C.numpy(), exact, rtol=rtol)
