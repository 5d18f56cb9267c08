"""ReduceMean and the rule that chooses a layout."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from featgraph.features import reduce_mean
from featgraph.features.reduce import choose_layout


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


CONV, NORM1D, LINEAR = nn.Conv2d(3, 8, 3), nn.BatchNorm1d(8), nn.Linear(4, 8)
CLEAR = [
    # An output of two axes needs no reason.
    ((5, 8), None, "none"),
    # Only channels-first modules, and an output of their dimension.
    ((5, 8, 7, 7), CONV, "channels_first"),
    ((5, 8, 7, 7), nn.Sequential(CONV, nn.BatchNorm2d(8), nn.ReLU()), "channels_first"),
    ((5, 16, 7, 7), nn.Sequential(CONV, nn.PixelShuffle(2)), "channels_first"),
    ((5, 8, 7, 7), nn.MaxPool2d(2), "channels_first"),
    ((5, 8, 7, 7), nn.AdaptiveAvgPool2d(7), "channels_first"),
    ((5, 8, 7, 7), nn.GroupNorm(2, 8), "channels_first"),
    ((5, 8, 7), nn.Conv1d(3, 8, 3), "channels_first"),
    ((5, 8, 7), NORM1D, "channels_first"),
    ((5, 8, 3, 7, 7), nn.Conv3d(3, 8, 3), "channels_first"),
    # Only modules of the last axis.
    ((5, 17, 8), LINEAR, "tokens"),
    ((5, 17, 8), nn.LayerNorm(8), "tokens"),
    ((5, 7, 7, 8), nn.Sequential(LINEAR, nn.GELU()), "channels_last"),
    ((5, 17, 8), nn.MultiheadAttention(8, 2, batch_first=True), "tokens"),
    ((5, 17, 8), nn.Embedding(100, 8), "tokens"),
    ((5, 17, 8), nn.LSTM(4, 8, batch_first=True), "tokens"),
    # Both kinds: the axis that has the channels of the last one.
    ((5, 8, 7, 7), nn.Sequential(CONV, LINEAR), "channels_first"),
    ((5, 7, 7, 8), nn.Sequential(CONV, LINEAR), "channels_last"),
    ((5, 17, 8), nn.Sequential(CONV, nn.Flatten(2)), "tokens"),
    ((5, 17, 8), nn.Sequential(LINEAR, NORM1D), "tokens"),
    # Batch second.
    ((17, 5, 8), nn.MultiheadAttention(8, 2), "sequence_first"),
    ((17, 5, 8), nn.LSTM(4, 8), "sequence_first"),
    ((5, 5, 8), nn.GRU(4, 8), "sequence_first"),
    ((17, 5, 8), nn.TransformerEncoderLayer(8, 2), "sequence_first"),
]


@pytest.mark.parametrize(("shape", "module", "expected"), CLEAR)
def test_clear_layouts(shape: tuple[int, ...], module: nn.Module | None, expected: str) -> None:
    assert choose_layout(shape, module=module, n_samples=5) == expected


def test_norm_of_images_by_another_name() -> None:
    class LayerNorm2d(nn.LayerNorm):
        pass

    assert choose_layout((5, 8, 7, 7), module=LayerNorm2d(8)) == "channels_first"


UNCLEAR = [
    ((5, 8, 7, 7), nn.ReLU(), "no module in it says where the channels stand.*'channels_last'"),
    ((5, 8, 7), nn.Identity(), "'tokens' for .*'channels_first' for .*'sequence_first' for"),
    ((5, 8, 7, 8), nn.Sequential(CONV, LINEAR), "8 channels do not tell them apart"),
    ((5, 9, 7, 7), nn.Sequential(CONV, LINEAR), "8 channels do not tell them apart"),
    ((5, 8, 8), nn.Sequential(CONV, nn.Flatten(2)), "may mean either axis"),
    ((5, 7, 8), nn.LSTM(4, 8), "made with batch_first=False"),
    ((5, 5, 8), nn.TransformerEncoderLayer(8, 2), "made with batch_first=False"),
    ((5, 7, 8), nn.TransformerEncoderLayer(8, 2), "made with batch_first=False"),
    ((5,), LINEAR, "one value per sample; a feature network needs at least 2 nodes"),
    ((20, 8), LINEAR, "its first axis is not the batch"),
    ((20, 7, 8), LINEAR, "its first axis is not the batch"),
    ((), LINEAR, "its first axis is not the batch"),
]


@pytest.mark.parametrize(("shape", "module", "message"), UNCLEAR)
def test_unclear_layouts_are_errors(
    shape: tuple[int, ...], module: nn.Module, message: str
) -> None:
    with pytest.raises(ValueError, match="layer 'x' gives shape.*" + message):
        choose_layout(shape, module=module, n_samples=5, layer="x")


def test_module_before_decides_where_its_channels_are_found() -> None:
    relu = nn.ReLU()
    assert choose_layout((5, 8, 7, 7), module=relu, before=CONV) == "channels_first"
    assert choose_layout((5, 7, 8), module=relu, before=LINEAR) == "tokens"
    with pytest.raises(ValueError, match="no module in it says"):
        choose_layout((5, 9, 7, 7), module=relu, before=CONV)


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
    with pytest.raises(ValueError, match="layer 'fft' gives torch.complex64"):
        reduce_mean(torch.zeros(2, 3, dtype=torch.complex64), layer="fft")
