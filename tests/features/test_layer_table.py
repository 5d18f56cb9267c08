"""Tables of layers: nodes found by one forward pass, and inputs that fit a model."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from featgraph.features import measure_layers
from featgraph.features.layer_table import example_batch
from featgraph.features.walk import check_weights
from featgraph.models import MODELS, build_model


class Two(nn.Module):
    """A network of two inputs, which nobody can guess."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(3, 2)

    def forward(self, x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return self.fc(x + y)


INPUTS = {
    "images": (nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 26 * 26, 2)), (2, 3)),
    "sounds": (nn.Conv1d(2, 4, 3), (2, 2)),
    "vectors": (nn.Sequential(nn.Flatten(), nn.Linear(5, 2)), (2, 5)),
    "words": (nn.Sequential(nn.Embedding(9, 4), nn.LSTM(4, 3, batch_first=True)), (2, 8)),
    "sequences": (nn.LSTM(4, 3, batch_first=True), (2, 4)),
}


@pytest.mark.parametrize("kind", INPUTS)
def test_inputs_fit_the_first_layer(kind: str) -> None:
    model, shape = INPUTS[kind]
    batch = example_batch(model)
    assert tuple(batch.shape[:2]) == shape
    with torch.no_grad():
        model(batch)


def test_inputs_that_the_model_declares() -> None:
    model = nn.Conv2d(3, 4, 3)
    model.default_cfg = {"input_size": (3, 20, 24)}
    assert example_batch(model).shape == (2, 3, 20, 24)


def test_no_input_is_found_for_a_model_of_two() -> None:
    assert example_batch(Two()) is None
    assert [row.n_nodes for row in measure_layers(Two())] == [None]


def test_a_trial_leaves_no_trace() -> None:
    model = build_model("cnn", seed=0).train()
    before, state = torch.random.get_rng_state(), model.state_dict()
    kept = {name: value.clone() for name, value in state.items()}
    measure_layers(model)
    assert model.training
    assert torch.equal(before, torch.random.get_rng_state())
    assert all(torch.equal(value, kept[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("name", MODELS)
def test_nodes_of_the_small_networks(name: str) -> None:
    rows = {row.name: row for row in measure_layers(build_model(name))}
    taken = [row for row in rows.values() if row.is_auto]
    assert taken
    assert all(row.n_nodes and row.layout for row in taken)
    for row in rows.values():
        if row.type == "Linear" and row.n_nodes:
            module = build_model(name).get_submodule(row.name)
            assert row.n_nodes == module.out_features


def test_data_may_be_given() -> None:
    net = nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 3))
    rows = measure_layers(net, torch.zeros(4, 6))
    assert [(row.n_nodes, row.is_auto) for row in rows] == [(5, False), (5, True), (3, False)]
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        measure_layers(net, torch.zeros(4, 7))


def test_models_without_weights_are_refused() -> None:
    with pytest.raises(ValueError, match="'weight' is on the meta device; load them, with model"):
        check_weights(nn.Linear(2, 3, device="meta"))
