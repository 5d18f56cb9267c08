"""The term inside the Hugging Face Trainer: the weights of a loop written out, and resuming."""

from __future__ import annotations

import importlib.util

import pytest
import torch

import featgraph as fg
from featgraph.models.guarded_import import import_beside_torchvision
from featgraph.training import callbacks

if any(importlib.util.find_spec(name) is None for name in ("transformers", "accelerate")):
    pytest.skip("transformers or accelerate is not installed", allow_module_level=True)

pytestmark = pytest.mark.filterwarnings("ignore")  # of torch's loaders and of other packages


def make_model():
    transformers = import_beside_torchvision("transformers", extra="transformers")

    config = transformers.BertConfig(
        vocab_size=40, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, num_labels=3,
        intermediate_size=32, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(0)
        return transformers.BertForSequenceClassification(config)


def make_samples(n=20):
    ids = torch.randint(1, 40, (n, 6), generator=torch.Generator().manual_seed(0))
    return [{"input_ids": row, "labels": int(row[0]) % 3} for row in ids]


def make_regularizer(model):
    return fg.SelfSimilarityRegularizer(
        model, layers=["bert.encoder.layer.0", "bert.encoder.layer.1"], weight=30.0,
        estimator="linkage", n_resamples=0,
    )  # fmt: skip


def make_trainer(model, folder, batches=None, **options):
    transformers = import_beside_torchvision("transformers", extra="transformers")

    def collate(samples):
        batch = transformers.default_data_collator(samples)
        if batches is not None:
            batches.append(batch)
        return batch

    chosen = {"num_train_epochs": 2, "save_strategy": "no", "logging_steps": 1, **options}
    arguments = transformers.TrainingArguments(
        output_dir=str(folder), per_device_train_batch_size=4, learning_rate=0.01, optim="sgd",
        lr_scheduler_type="constant", report_to="none", disable_tqdm=True, use_cpu=True,
        max_grad_norm=0.0, **chosen,
    )  # fmt: skip
    return transformers.Trainer(
        model=model, args=arguments, train_dataset=make_samples(), data_collator=collate
    )


def train_by_hand(batches, accumulate=1, *, divided=True, n_per_epoch=5):
    model = make_model()
    reg = make_regularizer(model)
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    while batches:
        epoch, batches = batches[:n_per_epoch], batches[n_per_epoch:]
        while epoch:
            group, epoch = epoch[:accumulate], epoch[accumulate:]
            for batch in group:
                loss = model(**batch).loss / (len(group) if divided else 1)
                (loss + reg() / len(group)).backward()
            optimizer.step()
            optimizer.zero_grad()
    return model


def assert_same_weights(model, other):
    for (name, value), expected in zip(model.named_parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(value, expected, atol=1e-6, rtol=1e-4, msg=name)


@pytest.mark.parametrize("accumulate", [1, 2])
@pytest.mark.parametrize("divided", [True, False])
def test_weights_are_those_of_a_loop_written_out(tmp_path, accumulate, divided):
    """Trainers leave the loss of models that take ``num_items_in_batch`` undivided."""
    model, batches = make_model(), []
    callback = callbacks.TransformersCallback(make_regularizer(model))
    trainer = make_trainer(
        model, tmp_path, batches, gradient_accumulation_steps=accumulate, num_train_epochs=2
    )
    trainer.model_accepts_loss_kwargs = not divided
    assert callback.attach(trainer) is trainer
    trainer.train()
    assert callback.regularizer.step == 10
    assert_same_weights(model, train_by_hand(batches, accumulate, divided=divided))


def test_the_term_moves_the_weights(tmp_path):
    model, plain = make_model(), make_model()
    callbacks.TransformersCallback(make_regularizer(model)).attach(
        make_trainer(model, tmp_path)
    ).train()
    make_trainer(plain, tmp_path).train()
    weight = "bert.encoder.layer.0.output.dense.weight"
    moved = model.get_parameter(weight) - plain.get_parameter(weight)
    assert float(moved.abs().max()) > 1e-4


def test_a_loss_that_is_scaled_already_keeps_the_term(tmp_path):
    """A loss of one's own is not divided by the number of passes; the term is."""

    def loss(outputs, labels, num_items_in_batch=None):
        total = torch.nn.functional.cross_entropy(outputs.logits, labels, reduction="sum")
        return total / num_items_in_batch

    model, batches = make_model(), []
    trainer = make_trainer(model, tmp_path, batches, gradient_accumulation_steps=2)
    trainer.compute_loss_func = loss
    callbacks.TransformersCallback(make_regularizer(model)).attach(trainer)
    trainer.train()
    assert_same_weights(model, train_by_hand(batches, 2))


def test_what_is_logged_and_recorded(tmp_path):
    model = make_model()
    inputs = torch.stack([sample["input_ids"] for sample in make_samples()])
    tracker = fg.track(
        model, inputs, layers=["bert.encoder.layer.1"], n_references=0,
        forward=lambda net, batch: net(input_ids=batch),
    )  # fmt: skip
    callback = callbacks.TransformersCallback(make_regularizer(model), tracker=tracker)
    trainer = callback.attach(make_trainer(model, tmp_path, num_train_epochs=2))
    trainer.train()
    assert tracker.times == [1.0, 2.0]
    rows = [row for row in trainer.state.log_history if "ss_term" in row]
    assert [row["step"] for row in rows] == list(range(1, 11))
    (record,) = callback.regularizer.records
    assert rows[-1][f"ss_rate/{record.layer}"] == record.ss_rate


def test_training_resumes_with_the_regularizer(tmp_path):
    whole, batches = make_model(), []
    callbacks.TransformersCallback(make_regularizer(whole)).attach(
        make_trainer(whole, tmp_path / "whole", batches)
    ).train()
    first = make_model()
    callbacks.TransformersCallback(make_regularizer(first)).attach(
        make_trainer(first, tmp_path / "run", save_strategy="epoch", num_train_epochs=2)
    ).train()
    again = make_model()
    callback = callbacks.TransformersCallback(make_regularizer(again))
    trainer = make_trainer(again, tmp_path / "run", save_strategy="no")
    callback.attach(trainer).train(resume_from_checkpoint=str(tmp_path / "run" / "checkpoint-5"))
    assert callback.regularizer.step == 10
    assert_same_weights(again, whole)


def test_a_callback_that_cannot_add_the_term_says_so(tmp_path):
    model = make_model()
    callback = callbacks.TransformersCallback(make_regularizer(model))
    trainer = make_trainer(model, tmp_path)
    trainer.add_callback(callback)
    with pytest.raises(RuntimeError, match=r"TransformersCallback\(regularizer\)\.attach"):
        trainer.train()
    attached = callbacks.TransformersCallback(make_regularizer(model))
    trainer = attached.attach(make_trainer(model, tmp_path))
    with pytest.raises(RuntimeError, match="belongs to a trainer already"):
        attached.attach(trainer)
    trainer.create_accelerator_and_postprocess()
    with pytest.raises(RuntimeError, match="a step was taken without the term"):
        trainer.train()
