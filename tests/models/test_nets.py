"""The small networks: shapes, seeds, learning."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from featgraph.datasets import load_digits
from featgraph.models import MODELS, build_model, measure_accuracy, train_classifier
from featgraph.models.patch_networks import PatchEmbedding


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("image_shape", [(1, 8, 8), (3, 16, 12)])
def test_scores_have_one_column_per_class(name: str, image_shape: tuple[int, int, int]) -> None:
    model = build_model(name, n_classes=7, image_shape=image_shape)
    assert model(torch.zeros(2, *image_shape)).shape == (2, 7)
    assert type(model) is MODELS[name].kind


@pytest.mark.parametrize("name", MODELS)
def test_seed_decides_the_weights_and_nothing_else_moves(name: str) -> None:
    before = torch.random.get_rng_state()
    one, again, other = (build_model(name, seed=s).state_dict() for s in (1, 1, 2))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(one[key], again[key]) for key in one)
    assert any(not torch.equal(one[key], other[key]) for key in one)


def test_options_reach_the_class() -> None:
    assert len(build_model("mixer", width=32, n_blocks=2).blocks) == 2


def test_unknown_name_and_bad_patches() -> None:
    with pytest.raises(ValueError, match="name must be one of.*got 'vit2'; did you mean 'vit'"):
        build_model("vit2")
    with pytest.raises(ValueError, match="patch_size must divide height and width of image_"):
        PatchEmbedding((1, 9, 8), 2, 4)


@pytest.mark.parametrize("name", MODELS)
def test_every_network_learns(name: str) -> None:
    # 100 digits by heart: five times better than chance, which is 10 %.
    data = load_digits("train").take(100)
    model = build_model(name)
    rows = train_classifier(model, data, epochs=20, batch_size=20, progress=False)
    assert [row.epoch for row in rows] == list(range(20))
    assert rows[-1].loss < rows[0].loss
    assert measure_accuracy(model, data) > 0.5


def test_training_is_repeatable_and_leaves_the_global_state() -> None:
    data = load_digits("train").take(60)
    before = torch.random.get_rng_state()
    first, second = (
        train_classifier(build_model("mlp"), data, epochs=2, batch_size=16, progress=False)
        for _ in range(2)
    )
    other = train_classifier(
        build_model("mlp"),
        data,
        epochs=2,
        batch_size=16,
        generator=torch.Generator().manual_seed(9),
        progress=False,
    )
    assert torch.equal(torch.random.get_rng_state(), before)
    assert first == second
    assert first != other


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"epochs": 0}, "epochs must be a whole number of at least 1"),
        ({"lr": 0.0}, "lr must be a finite number above 0"),
        ({"batch_size": 0}, "batch_size must be"),
        ({"weight_decay": -1.0}, "weight_decay must be a finite number of at least 0"),
    ],
)
def test_bad_options(options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train_classifier(nn.Linear(2, 2), TensorDataset(torch.eye(2), torch.arange(2)), **options)  # type: ignore[arg-type]


def test_no_data_and_a_loss_that_explodes() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        train_classifier(nn.Linear(2, 2), TensorDataset(torch.zeros(0, 2), torch.zeros(0)))
    data = TensorDataset(torch.full((4, 2), torch.inf), torch.zeros(4, dtype=torch.int64))
    with pytest.raises(ValueError, match="no longer finite in epoch 0; lower lr"):
        train_classifier(nn.Linear(2, 2), data, progress=False)


def test_accuracy_puts_flags_back() -> None:
    model = build_model("cnn")
    model.stages[0].eval()
    flags = [module.training for module in model.modules()]
    statistics = model.stages[0][1].running_mean.clone()
    data = load_digits("test").take(20)
    assert 0 <= measure_accuracy(model, data) <= 1
    assert [module.training for module in model.modules()] == flags
    assert torch.equal(model.stages[0][1].running_mean, statistics)
    assert np.isnan(measure_accuracy(model, data.take(0)))


def test_a_width_that_heads_cannot_share_is_named():
    with pytest.raises(ValueError, match="width must be a multiple of n_heads 4, got 6"):
        build_model("vit", image_shape=(1, 4, 4), n_classes=3, width=6)
