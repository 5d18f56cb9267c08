"""Training on samples that name their inputs, of models whose scores are called logits."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass

import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

from featgraph.models.guarded_import import import_beside_torchvision
from featgraph.selfsimilarity import SelfSimilarityRegularizer
from featgraph.training import TrainingDivergedError, TrainingSettings, train
from featgraph.training.samples import read_scores, split_labels

SETTINGS = TrainingSettings(epochs=3, batch_size=16, lr=0.02)


@dataclass
class Output:
    loss: torch.Tensor | None
    logits: torch.Tensor


class Named(nn.Module):
    """Takes two inputs by name and returns logits; the same weights as ``make_net``."""

    def __init__(self, net, *, bare=False):
        super().__init__()
        self.net = net
        self.bare = bare

    def forward(self, values, scale=None):
        logits = self.net(values if scale is None else values * scale[:, None])
        return logits if self.bare else Output(None, logits)


class Scaled(Named):
    """Needs two inputs."""

    def forward(self, values, scale):
        return super().forward(values, scale)


def make_net():
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return nn.Sequential(nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 3))


def make_values(n=60):
    x = torch.randn(n, 5, generator=torch.Generator().manual_seed(1))
    return x, x[:, :3].argmax(1)


def make_rows(**more):
    return [
        {"values": x, "label": int(y), "text": "left out", "id": 3, **more}
        for x, y in zip(*make_values(), strict=True)
    ]


def test_named_samples_train_as_pairs_do():
    nets = [make_net(), make_net()]
    models = [nets[0], Named(nets[1])]
    logs = []
    for model, data, layer in zip(
        models, (TensorDataset(*make_values()), make_rows()), ("1", "net.1"), strict=True
    ):
        reg = SelfSimilarityRegularizer(model, layers=[layer], weight=0.1, n_resamples=0)
        logs.append(
            train(model, data, test=data, settings=SETTINGS, regularizer=reg, layers=[layer])
        )
    for value, expected in zip(nets[1].parameters(), nets[0].parameters(), strict=True):
        assert torch.equal(value, expected)
    pairs, named = (log.rows[-1] for log in logs)
    assert (named.loss, named.test_loss, named.accuracy) == (
        pairs.loss, pairs.test_loss, pairs.accuracy,
    )  # fmt: skip
    assert named.rates["net.1"] == pytest.approx(pairs.rates["1"], rel=1e-5)


def test_several_inputs_in_a_pair():
    x, y = make_values()
    scale = torch.ones(len(x))
    data = [((x[k], scale[k]), int(y[k])) for k in range(len(x))]
    net, other = make_net(), make_net()
    train(Scaled(net), data, settings=SETTINGS, layers=["net.1"])
    train(other, TensorDataset(x, y), settings=SETTINGS, layers=["1"])
    assert torch.equal(net[0].weight, other[0].weight)


def test_padded_batches_by_a_function_of_ones_own(tmp_path):
    def collate(samples):
        longest = max(len(sample["ids"]) for sample in samples)
        ids = torch.zeros(len(samples), longest, dtype=torch.long)
        for row, sample in zip(ids, samples, strict=True):
            row[: len(sample["ids"])] = torch.tensor(sample["ids"])
        return {"ids": ids, "labels": torch.tensor([sample["label"] for sample in samples])}

    class Bag(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(9, 12, padding_idx=0)
            self.act = nn.ReLU()
            self.head = nn.Linear(12, 2)

        def forward(self, ids):
            return {"logits": self.head(self.act(self.table(ids).sum(1)))}

    data = [{"ids": [1 + k % 8] * (1 + k % 3), "label": k % 2} for k in range(40)]
    settings = TrainingSettings(epochs=10, batch_size=16, lr=0.05)
    options = {"settings": settings, "collate": collate, "layers": ["act"]}
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        bag = Bag()
    log = train(bag, data, test=data, folder=tmp_path, **options)
    assert log.rows[-1].test_accuracy == 1.0
    assert 0 < log.rows[-1].rates["act"]["linkage"] < 1


def test_bad_batches_and_outputs_are_named():
    with pytest.raises(ValueError, match=r"dict with 'labels', got the keys \['values'\]"):
        split_labels({"values": torch.zeros(2)})
    with pytest.raises(ValueError, match="a pair of inputs and class numbers.*got list of 3"):
        split_labels([1, 2, 3])
    for output in (torch.zeros(3), {"loss": torch.zeros(())}, (torch.zeros(2, 3, 4),), None):
        with pytest.raises(ValueError, match=r"class scores \(n_samples, n_classes\)"):
            read_scores(output)
    for settings in (TrainingSettings(mixup=0.2), TrainingSettings(augment="flip_crop")):
        with pytest.raises(ValueError, match="settings must have (mixup=0|augment='none')"):
            train(Named(make_net()), make_rows(), settings=settings, layers=["net.1"])


def test_where_a_named_input_is_not_finite():
    rows = make_rows()
    rows[0]["values"] = torch.full((5,), torch.nan)
    model = Named(make_net())
    with pytest.raises(TrainingDivergedError, match="first in layer 'input'"):
        train(model, rows, settings=SETTINGS, layers=["net.1"], estimators=())


@pytest.mark.filterwarnings("ignore")
def test_a_model_of_transformers():
    if importlib.util.find_spec("transformers") is None:
        pytest.skip("transformers is not installed")
    transformers = import_beside_torchvision("transformers", extra="transformers")
    config = transformers.BertConfig(
        vocab_size=20, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, num_labels=2,
        intermediate_size=32,
    )  # fmt: skip
    model = transformers.BertForSequenceClassification(config)
    ids = torch.randint(1, 20, (32, 5), generator=torch.Generator().manual_seed(0))
    rows = [
        {"input_ids": row.tolist(), "attention_mask": [1] * 5, "label": int(row[0] > 9)}
        for row in ids
    ]
    reg = SelfSimilarityRegularizer(model, estimator="linkage", n_resamples=0)
    log = train(model, rows, settings=TrainingSettings(epochs=2, batch_size=16), regularizer=reg)
    assert log.rows[-1].loss > 0
    assert sorted(log.rows[-1].rates) == ["bert.encoder.layer.0", "bert.encoder.layer.1"]


def test_rows_of_hugging_face_datasets(tmp_path):
    if importlib.util.find_spec("datasets") is None:
        pytest.skip("datasets is not installed")
    import datasets

    x, y = make_values()
    columns = {"values": x.tolist(), "label": y.tolist(), "text": ["a"] * len(x)}
    data = datasets.Dataset.from_dict(columns)
    one = train(Named(make_net()), data, settings=SETTINGS, folder=tmp_path, layers=["net.1"])
    other = train(Named(make_net()), make_rows(), settings=SETTINGS, layers=["net.1"])
    assert one.rows[-1].loss == pytest.approx(other.rows[-1].loss, rel=1e-5)
    columns["label"] = [0] * len(x)
    with pytest.raises(ValueError, match="a run with another dataset"):
        train(
            Named(make_net()), datasets.Dataset.from_dict(columns), settings=SETTINGS,
            folder=tmp_path, layers=["net.1"],
        )  # fmt: skip
