"""The rule that chooses the layout of an activation."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from featgraph.features import extract_features
from featgraph.features.layout import choose_layout, decisive_leaves, declared_channels

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
    ((5, 17, 16), nn.LSTM(4, 8, batch_first=True, bidirectional=True), "tokens"),
    ((5, 8, 16), nn.LSTM(4, 8, batch_first=True, bidirectional=True), "tokens"),
    # Modules of the last axis whose output was turned: only the second axis has the channels.
    ((5, 8, 7, 7), nn.Sequential(LINEAR, nn.LayerNorm(8)), "channels_first"),
    ((5, 8, 17), LINEAR, "channels_first"),
    ((5, 8, 8), LINEAR, "tokens"),
    ((5, 9, 10), LINEAR, "tokens"),
    # Maps of tokens among those of channels; outputs put side by side.
    ((5, 17, 8), nn.Sequential(LINEAR, nn.Linear(9, 9)), "tokens"),
    ((5, 17, 16), LINEAR, "tokens"),
    ((5, 7, 7, 16), LINEAR, "channels_last"),
    # Gates and shuffles change the number of channels.
    ((5, 8, 4), nn.Sequential(LINEAR, nn.GLU()), "tokens"),
    ((5, 2, 9, 8), nn.Sequential(CONV, nn.PixelShuffle(2)), "channels_first"),
    # Parametrised maps are maps.
    ((5, 17, 8), nn.utils.parametrizations.weight_norm(nn.Linear(4, 8)), "tokens"),
    # Both kinds: the axis that has the channels of the last one.
    ((5, 8, 7, 7), nn.Sequential(CONV, LINEAR), "channels_first"),
    ((5, 7, 7, 8), nn.Sequential(CONV, LINEAR), "channels_last"),
    ((5, 17, 8), nn.Sequential(CONV, nn.Flatten(2)), "tokens"),
    ((5, 17, 8), nn.Sequential(LINEAR, NORM1D), "tokens"),
    # … or, where that fits neither, of any: a state of another width registered last.
    ((5, 17, 8), nn.Sequential(LINEAR, CONV, nn.LayerNorm(3)), "tokens"),
    ((5, 8, 7, 7), nn.Sequential(LINEAR, CONV, nn.LayerNorm(3)), "channels_first"),
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


def test_modules_of_other_libraries_that_say_their_width() -> None:
    class Conv1D(nn.Module):
        """The linear map of GPT-2."""

        def __init__(self, nf: int) -> None:
            super().__init__()
            self.nf = nf
            self.weight = nn.Parameter(torch.zeros(4, nf))

    class T5LayerNorm(nn.Module):
        def __init__(self, width: int) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(width))

    class CondConv2d(nn.Module):
        """The convolution of timm that mixes kernels."""

        def __init__(self, width: int) -> None:
            super().__init__()
            self.out_channels = width
            self.weight = nn.Parameter(torch.zeros(width, 4))

    assert decisive_leaves(CondConv2d(8)) == [("first", 8, 4)]
    assert decisive_leaves(Conv1D(8)) == decisive_leaves(T5LayerNorm(8)) == [("last", 8, 0)]
    assert choose_layout((5, 9, 8), module=Conv1D(8), n_samples=5) == "tokens"


def test_norm_that_says_its_format() -> None:
    norm = nn.LayerNorm(8)
    norm.data_format = "channels_first"
    assert choose_layout((5, 8, 7, 7), module=norm) == "channels_first"


def test_declared_channels_decide_where_modules_do_not() -> None:
    both = nn.Sequential(LINEAR, nn.Conv2d(3, 12, 3))
    assert choose_layout((5, 9, 7, 7), module=both, declared=(9, False)) == "channels_first"
    assert choose_layout((5, 7, 7, 9), module=both, declared=(9, False)) == "channels_last"
    assert choose_layout((5, 9, 9, 9), module=both, declared=(9, True)) == "channels_last"
    with pytest.raises(ValueError, match="may mean either axis"):
        choose_layout((5, 9, 9, 9), module=both, declared=(9, False))
    with pytest.raises(ValueError, match="may mean either axis"):
        choose_layout((5, 9, 7, 7), module=both, declared=(8, True))


def test_declared_channels_are_found_in_the_part_that_declares_them() -> None:
    net = nn.Sequential(nn.Sequential(nn.Linear(4, 8)))
    net[0].feature_info = [{"module": "0", "num_chs": 8}, {"module": "?"}]
    net[0].output_fmt = "NHWC"
    assert declared_channels(net, "0.0") == (8, True)
    assert declared_channels(net, "0") is None


def test_tokens_after_a_convolution_that_may_be_turned() -> None:
    conv = nn.Conv2d(3, 16, 3)
    assert choose_layout((5, 16, 9), module=nn.GELU(), before=conv) == "channels_first"
    with pytest.raises(ValueError, match="no module in it says"):
        choose_layout((5, 16, 16), module=nn.GELU(), before=conv)


UNCLEAR = [
    # Vectors that were reshaped to images or sequences, as generators do, and token mixers.
    ((5, 2, 2, 2), LINEAR, "no axis has the 8 channels of its modules"),
    ((5, 3, 7, 7), LINEAR, "no axis has the 8 channels"),
    ((5, 4, 2), LINEAR, "no axis has the 8 channels.*'tokens' for"),
    ((5, 9, 8), nn.Sequential(LINEAR, nn.Linear(9, 9)), "9 and 8 are widths of its modules"),
    # Convolutions whose output was turned round, as far as their channels can tell.
    ((5, 7, 7, 8), CONV, "its modules have 8 channels, and put them second"),
    ((5, 7, 8), nn.Conv1d(3, 8, 3), "have 8 channels.*'tokens' for"),
    ((5, 3, 7, 7, 8), nn.Conv3d(3, 8, 3), "have 8 channels.*'channels_last'"),
    ((5, 24, 8, 8), nn.Sequential(CONV, nn.ReLU()), "have 8 channels"),
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


class Turned(nn.Module):
    """A map whose output is permuted before it is given on."""

    def __init__(self, inner: nn.Module, *order: int) -> None:
        super().__init__()
        self.inner, self.order = inner, order

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.inner(x).permute(*self.order)


@pytest.mark.parametrize(
    ("module", "shape"),
    [
        (Turned(nn.Conv1d(3, 6, 3), 0, 2, 1), (3, 8)),
        (Turned(nn.Conv2d(3, 6, 3), 0, 2, 3, 1), (3, 8, 8)),
        (Turned(nn.Conv3d(3, 6, 3), 0, 2, 3, 4, 1), (3, 8, 8, 8)),
        (Turned(nn.Linear(5, 6), 0, 2, 1), (6, 5)),
    ],
)
def test_turned_outputs_of_equal_sides_are_refused(
    module: nn.Module, shape: tuple[int, ...]
) -> None:
    data = torch.rand(4, *shape, generator=torch.Generator().manual_seed(0))
    with pytest.raises(ValueError, match="layer '0' gives .* were exchanged in memory"):
        extract_features(nn.Sequential(module), data, layers=["0"], progress=False)
    turned = module(data)
    mean = turned.flatten(1, -2).mean(1)
    F = extract_features(
        nn.Sequential(module),
        data,
        layers=["0"],
        reduce="tokens" if data.ndim == 3 else "channels_last",
        progress=False,
    )["0"]
    assert torch.allclose(F.values, mean.T)


@pytest.mark.parametrize("memory", [torch.contiguous_format, torch.channels_last])
def test_equal_sides_of_ordinary_outputs_are_no_reason_to_refuse(
    memory: torch.memory_format,
) -> None:
    net = nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(216, 2))
    data = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    F = extract_features(net, data.contiguous(memory_format=memory), progress=False)["1"]
    assert torch.allclose(F.values, net[:2](data).mean((2, 3)).T)
