"""Layers that give several Tensors: which is taken, and what is said of the others."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from featgraph.features import extract_features
from featgraph.features.module_calls import other_branches, pick_activations


def draw(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


class Block(nn.Module):
    """A block of two linear maps whose output is made by a function of theirs."""

    def __init__(self, give: Callable[[torch.Tensor, torch.Tensor], object]) -> None:
        super().__init__()
        self.one, self.two, self.give = nn.Linear(8, 8), nn.Linear(8, 4), give

    def forward(self, x: torch.Tensor) -> object:
        return self.give(self.one(x), self.two(x))


class Net(nn.Module):
    def __init__(self, give: Callable[[torch.Tensor, torch.Tensor], object]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(Block(give) for _ in range(2))

    def forward(self, x: torch.Tensor) -> None:
        for block in self.blocks:
            block(x)


def test_branches_are_named_in_a_warning() -> None:
    net, x = Net(lambda one, two: [one, two[:, :3]]), draw(5, 6, 8)
    with pytest.warns(UserWarning, match=r"'blocks.0' gives others of shape \(5, 3, 4\); output="):
        features = extract_features(net, x)
    expected = net.blocks[0].one(x).mean(1).T
    torch.testing.assert_close(features["blocks.0"].values, expected.detach())
    every = extract_features(net, x, output="all")
    assert [F.n_nodes for F in every.values()] == [8, 4, 8, 4]


@pytest.mark.parametrize(
    "give",
    [
        lambda one, two: (one, torch.zeros(5, 2, 6, 6)),  # attention weights
        lambda one, two: (one, two.mean(1)),  # a pooled vector
        lambda one, two: {"state": one, "loss": two.sum()},
        lambda one, two: (one, one + 1),  # what is carried along
    ],
)
def test_what_is_no_branch_is_not_named(give: Callable[..., object]) -> None:
    features = extract_features(Net(give), draw(5, 6, 8))
    assert [F.n_nodes for F in features.values()] == [8, 8]


def test_a_tensor_without_the_batch_axis_is_not_taken() -> None:
    """As in TNT, whose blocks give tokens of pixels, (B · N, M, C), and tokens of patches."""
    net, x = Net(lambda one, two: (one.reshape(-1, 1, 8), two)), draw(5, 6, 8)
    features = extract_features(net, x)
    expected = net.blocks[1].two(x).mean(1).T
    torch.testing.assert_close(features["blocks.1"].values, expected.detach())


def test_the_first_tensor_is_taken_where_the_batch_is_not_known() -> None:
    output = (draw(30, 1, 8), draw(5, 6, 4))
    assert pick_activations(output)[0].values.shape == (30, 1, 8)
    assert pick_activations(output, n_samples=5)[0].values.shape == (5, 6, 4)
    assert other_branches(output, output[0]) == []


def test_models_without_weights_are_refused() -> None:
    with pytest.raises(ValueError, match=r"'0.weight' is on the meta device; load them"):
        extract_features(nn.Sequential(nn.Linear(3, 4, device="meta"), nn.ReLU()), draw(2, 3))
