"""The term inside Lightning's loop: the same weights as a loop written out, and resuming."""

from __future__ import annotations

import importlib.util

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset

import featgraph as fg
from featgraph.models.guarded_import import import_beside_torchvision
from featgraph.training import callbacks

if importlib.util.find_spec("lightning") is None:
    pytest.skip("lightning is not installed", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore")  # Lightning warns of loaders and loggers


def make_net():
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return nn.Sequential(
            nn.Linear(5, 16), nn.ReLU(), nn.Linear(16, 12), nn.ReLU(), nn.Linear(12, 3)
        )


def make_loader():
    x = torch.randn(48, 5, generator=torch.Generator().manual_seed(1))
    return DataLoader(TensorDataset(x, x[:, :3].argmax(1)), batch_size=16)


def make_regularizer(net):
    return fg.SelfSimilarityRegularizer(net, weight=0.1, estimator="linkage")


def make_module(net, **changes):
    lightning = import_beside_torchvision("lightning", extra="lightning")

    class Classifier(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = net

        def training_step(self, batch, batch_idx):
            x, y = batch
            loss = cross_entropy(self.net(x), y)
            return {"loss": loss} if changes.get("as_dict") else loss

        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), lr=0.1)

    module = Classifier()
    module.automatic_optimization = not changes.get("by_hand")
    return module


def make_trainer(callback, folder, **options):
    lightning = import_beside_torchvision("lightning", extra="lightning")

    chosen = {"max_epochs": 2, "logger": False, "enable_checkpointing": False, **options}
    return lightning.Trainer(
        accelerator="cpu", devices=1, callbacks=[callback], enable_progress_bar=False,
        enable_model_summary=False, default_root_dir=folder, **chosen,
    )  # fmt: skip


def train_by_hand(epochs=2, accumulate=1):
    net = make_net()
    reg = make_regularizer(net)
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    for _ in range(epochs):
        loader = make_loader()
        for k, (x, y) in enumerate(loader):
            loss = cross_entropy(net(x), y) + reg()
            (loss / accumulate).backward()
            if (k + 1) % accumulate == 0 or k + 1 == len(loader):
                optimizer.step()
                optimizer.zero_grad()
    return net


def assert_same_weights(net, other):
    for value, expected in zip(net.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(value, expected)


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("as_dict", [False, True])
def test_weights_are_those_of_a_loop_written_out(tmp_path, accumulate, as_dict):
    net = make_net()
    callback = callbacks.LightningCallback(make_regularizer(net))
    module = make_module(net, as_dict=as_dict)
    trainer = make_trainer(callback, tmp_path, accumulate_grad_batches=accumulate)
    trainer.fit(module, make_loader())
    assert callback.regularizer.step == 6
    assert "training_step" not in vars(module)
    assert_same_weights(net, train_by_hand(accumulate=accumulate))
    plain = make_net()
    make_trainer(callbacks.LightningCallback(), tmp_path).fit(make_module(plain), make_loader())
    assert not torch.allclose(plain[0].weight, net[0].weight, rtol=1e-3)


def test_what_is_logged_and_recorded(tmp_path):
    net, inputs = make_net(), torch.cat([x for x, _ in make_loader()])
    tracker = fg.track(net, inputs, layers=["1"], n_references=0)
    callback = callbacks.LightningCallback(make_regularizer(net), tracker=tracker)
    trainer = make_trainer(callback, tmp_path)
    trainer.fit(make_module(net), make_loader())
    assert tracker.times == [0.0, 1.0]
    seen = {name: float(value) for name, value in trainer.callback_metrics.items()}
    assert set(seen) <= {"ss_term", "ss_rate/1", "ss_rate/3"}
    (record,) = callback.regularizer.records
    assert seen[f"ss_rate/{record.layer}"] == pytest.approx(record.ss_rate)
    assert seen["ss_term"] == pytest.approx(0.1 * (record.ss_rate - 0.3) ** 2, rel=1e-4)


def test_mixed_precision_and_compilation(tmp_path):
    net = make_net()
    callback = callbacks.LightningCallback(make_regularizer(net))
    module = make_module(net)
    module.net = torch.compile(net, backend="eager")
    make_trainer(callback, tmp_path, precision="bf16-mixed").fit(module, make_loader())
    assert callback.regularizer.step == 6
    expected = train_by_hand()
    torch.testing.assert_close(net[4].weight, expected[4].weight, atol=0.05, rtol=0.05)


def test_a_checkpoint_holds_the_regularizer(tmp_path):
    first, other = make_net(), make_net()
    callback = callbacks.LightningCallback(make_regularizer(first))
    trainer = make_trainer(callback, tmp_path, max_epochs=1, enable_checkpointing=True)
    trainer.fit(make_module(first), make_loader())
    trainer.save_checkpoint(tmp_path / "first.ckpt")
    callback = callbacks.LightningCallback(make_regularizer(other))
    trainer = make_trainer(callback, tmp_path, enable_checkpointing=True)
    trainer.fit(make_module(other), make_loader(), ckpt_path=tmp_path / "first.ckpt")
    assert callback.regularizer.step == 6
    assert_same_weights(other, train_by_hand())


def test_optimisation_by_hand_is_refused(tmp_path):
    net = make_net()
    callback = callbacks.LightningCallback(make_regularizer(net))
    with pytest.raises(ValueError, match=r"automatic_optimization=True.*add regularizer\(\)"):
        make_trainer(callback, tmp_path).fit(make_module(net, by_hand=True), make_loader())
