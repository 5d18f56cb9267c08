"""ReduceMean: an activation becomes one value per node and sample."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from featgraph.features import reduce_mean


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def equal(left: torch.Tensor, right: np.ndarray) -> None:
    # float64 sums of a few numbers in another order.
    np.testing.assert_allclose(left.numpy(), right, rtol=1e-12, atol=1e-14)


def test_every_reduction_against_numpy() -> None:
    x, tokens = draw(3, 4, 5, 6), draw(3, 7, 4)
    a, t = x.numpy(), tokens.numpy()
    equal(reduce_mean(x, reduce="channels_first"), a.mean((2, 3)))
    equal(reduce_mean(x, reduce="channels_last"), a.mean((1, 2)))
    equal(reduce_mean(x, reduce="flatten"), a.reshape(3, -1))
    equal(reduce_mean(tokens, reduce="tokens"), t.mean(1))
    equal(reduce_mean(tokens, reduce="patch_tokens"), t[:, 1:].mean(1))
    equal(reduce_mean(tokens, reduce="cls"), t[:, 0])
    equal(reduce_mean(tokens, reduce="sequence_first"), t.mean(0))
    equal(reduce_mean(tokens, reduce="channels_first"), t.mean(2))
    equal(reduce_mean(x[:, :, 0, 0], reduce="none"), a[:, :, 0, 0])
    equal(reduce_mean(draw(2, 3, 2, 2, 2), reduce="channels_first"),
          draw(2, 3, 2, 2, 2).numpy().mean((2, 3, 4)))  # fmt: skip


def test_gradient_passes() -> None:
    x = draw(2, 3, 2, 2).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: reduce_mean(x, reduce="channels_first"), (x,))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_averaged_in_float32(dtype: torch.dtype) -> None:
    # 4096 ones and a half: a bfloat16 sum would stop at 256.
    x = torch.ones(1, 2, 64, 64, dtype=dtype)
    x[0, 1] = 0.5
    mean = reduce_mean(x, reduce="channels_first")
    assert mean.dtype == torch.float32
    torch.testing.assert_close(mean, torch.tensor([[1.0, 0.5]]), rtol=0, atol=0)


def test_whole_numbers_are_averaged() -> None:
    assert reduce_mean(torch.tensor([[[1], [2]]]), reduce="tokens").tolist() == [[1.5]]


@pytest.mark.parametrize(
    ("shape", "reduce", "message"),
    [
        ((5, 8, 7), "none", "needs an activation of 2 axes"),
        ((5, 8), "tokens", "needs an activation of 3 axes"),
        ((5, 8, 7, 7), "cls", r"needs an activation of 3 axes .*the activation gives shape"),
        ((5,), "flatten", "needs an activation of at least 2 axes"),
        ((5, 0, 8), "tokens", "nothing is left to average"),
        ((5, 1, 8), "patch_tokens", "nothing is left to average"),
        ((5, 8, 8), "token", "reduce must be one of.*did you mean 'tokens'"),
    ],
)
def test_shapes_that_do_not_fit(shape: tuple[int, ...], reduce: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        reduce_mean(torch.zeros(shape), reduce=reduce)  # type: ignore[arg-type]


def test_complex_and_sparse_activations_are_refused() -> None:
    with pytest.raises(ValueError, match="activation must be a Tensor, got a Tensor of complex64"):
        reduce_mean(torch.zeros(2, 3, dtype=torch.complex64), layer="fft")
