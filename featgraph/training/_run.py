"""A training run: its state between two steps, the step, and the checkpoint."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.nn.functional import cross_entropy

from featgraph.core.files import remove_leftovers
from featgraph.core.processes import fail_together, share_objects
from featgraph.features.batches import collate_samples
from featgraph.selfsimilarity.regularizer import SelfSimilarityRegularizer
from featgraph.training.checkpoints import load_checkpoint, save_checkpoint
from featgraph.training.log import (
    EpochRow,
    TrainingDivergedError,
    TrainingLog,
    find_first_nonfinite,
    measure_task,
)
from featgraph.training.samples import (
    Collate,
    Inputs,
    Samples,
    augment_images,
    call_model,
    fingerprint,
    iterate_epoch,
    make_generator,
    mix_samples,
    mix_seed,
    read_scores,
    seed_global,
    send_inputs,
)
from featgraph.training.settings import TrainingSettings

__all__ = ["CHECKPOINT", "Run", "Totals"]

CHECKPOINT = "checkpoint.pt"


@dataclass
class Totals:
    """Sums over the samples of an epoch so far."""

    loss: float = 0.0
    right: int = 0
    term: float = 0.0
    n_samples: int = 0

    def add(self, other: Totals) -> None:
        self.loss += other.loss
        self.right += other.right
        self.term += other.term
        self.n_samples += other.n_samples

    def mean(self, value: float) -> float:
        return value / self.n_samples if self.n_samples else float("nan")


@dataclass
class Run:
    """A run between two steps: everything a checkpoint holds, and what it works with."""

    model: nn.Module
    dataset: Samples
    test: Samples | None
    settings: TrainingSettings
    regularizer: SelfSimilarityRegularizer | None
    optimizer: torch.optim.Optimizer
    n_steps: int
    folder: Path | None
    checkpoint_every: int | None
    place: tuple[int, int] = (0, 1)
    collate: Collate = collate_samples
    network: nn.Module | None = None  # the model as several processes run it
    epoch: int = 0
    step_in_epoch: int = 0
    totals: Totals = field(default_factory=Totals)
    rows: list[EpochRow] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.folder is not None:
            remove_leftovers(self.folder)

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    @property
    def step(self) -> int:
        return self.epoch * self.n_steps + self.step_in_epoch

    def connect(self) -> None:
        """Give all processes the weights of process 0, and average their gradients from now on."""
        self.network = self.model
        if isinstance(self.model, nn.parallel.DistributedDataParallel):
            raise ValueError(
                "model must not be inside DistributedDataParallel, which train() makes itself; "
                "pass model.module"
            )
        if self.place[1] > 1:
            devices = [self.device] if self.device.type == "cuda" else None
            self.network = nn.parallel.DistributedDataParallel(self.model, device_ids=devices)

    def run_epoch(self, bar: Any) -> None:
        """Take the steps of the epoch that are left."""
        batches = iterate_epoch(
            self.dataset,
            batch_size=self.settings.batch_size,
            seed=self.settings.seed,
            epoch=self.epoch,
            first_step=self.step_in_epoch,
            place=self.place,
            collate=self.collate,
        )
        for inputs, labels in batches:
            self.take_step(inputs, labels)
            self.step_in_epoch += 1
            bar.update()
            if self.checkpoint_every and self.step % self.checkpoint_every == 0:
                with fail_together():
                    self._check_weights()
                self.save()
        with fail_together():
            self._check_weights()

    def _check_weights(self) -> None:
        # A checkpoint of such weights would replace the last good one.
        bad = [
            name
            for name, value in self.model.state_dict().items()
            if value.is_floating_point() and not bool(torch.isfinite(value).all())
        ]
        if bad:
            layer = bad[0].rpartition(".")[0]
            raise TrainingDivergedError("a weight is not finite", self.step, layer, self._kept())

    def _kept(self) -> Path | None:
        path = None if self.folder is None else self.folder / CHECKPOINT
        return path if path is not None and path.is_file() else None

    def take_step(self, inputs: Inputs, labels: Tensor) -> None:
        """Take one step of the optimizer, or stop where a number is not finite."""
        settings = self.settings
        own = self.place[:1] if self.place[0] else ()  # processes draw differently
        # Dropout draws from the global state, whose old value the caller gets back.
        seed_global(mix_seed(settings.seed, 3, self.step, *own), self.device)
        generator = make_generator(settings.seed, 4, self.step, *own)
        inputs, labels = send_inputs(inputs, self.device), labels.to(self.device)
        if settings.augment != "none":
            inputs = augment_images(_need_tensor(inputs, "augment='none'"), generator)
        partners, weight = None, 1.0
        if settings.mixup:
            inputs, partners, weight = mix_samples(
                _need_tensor(inputs, "mixup=0"), strength=settings.mixup, generator=generator
            )
        with torch.autocast(self.device.type, torch.bfloat16, enabled=settings.autocast):
            scores = read_scores(call_model(self.network or self.model, inputs))
            loss = self._loss(scores, labels, weight)
            if partners is not None:
                loss = loss + self._loss(scores, labels[partners], 1 - weight)
            term = self.regularizer() if self.regularizer is not None else None
        right = (scores.detach().argmax(1) == labels).sum()
        step = self._add_up(loss, right, term, len(labels))
        mean = step.mean(step.loss + step.term)
        if not math.isfinite(mean):
            raise self._diverged(f"the loss is {mean:g}", inputs)
        # Gradients are averaged over processes, whose shares need not be equal.
        loss = loss * (self.place[1] * len(labels) / step.n_samples)
        total = loss if term is None else loss + term
        self.optimizer.zero_grad(set_to_none=True)
        torch.autograd.backward(total)
        gradients = [p.grad.detach() for p in self.model.parameters() if p.grad is not None]
        norms = torch.stack([gradient.norm() for gradient in gradients])
        if not bool(torch.isfinite(norms).all()):
            raise self._diverged("the gradient is not finite", inputs)
        if settings.clip_norm is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), settings.clip_norm)
        for group in self.optimizer.param_groups:
            group["lr"] = settings.learning_rate(self.step, self.n_steps)
        self.optimizer.step()
        self.totals.add(step)

    def _add_up(self, loss: Tensor, right: Tensor, term: Tensor | None, n_samples: int) -> Totals:
        """Return what a step adds to the totals, over all processes."""
        added = 0.0 if term is None else float(term.detach()) * n_samples
        numbers = [float(loss.detach()) * n_samples, float(right), added, float(n_samples)]
        if self.place[1] > 1:
            shared = torch.tensor(numbers, dtype=torch.float64, device=self.device)
            distributed.all_reduce(shared)
            numbers = shared.tolist()
        return Totals(numbers[0], int(numbers[1]), numbers[2], int(numbers[3]))

    def _loss(self, scores: Tensor, labels: Tensor, weight: float) -> Tensor:
        smoothing = self.settings.label_smoothing
        return weight * cross_entropy(scores.float(), labels, label_smoothing=smoothing)

    def _diverged(self, what: str, inputs: Inputs) -> TrainingDivergedError:
        layer = find_first_nonfinite(self.model, inputs)
        if layer is None:
            bad = [
                name
                for name, parameter in self.model.named_parameters()
                if parameter.grad is not None and not bool(torch.isfinite(parameter.grad).all())
            ]
            layer = bad[-1].rpartition(".")[0] if bad else None
        layer = next((name for name in share_objects(layer) if name is not None), None)
        return TrainingDivergedError(what, self.step, layer, self._kept())

    def close_epoch(self, rates: Mapping[str, Mapping[str, float]]) -> None:
        """Write the row of the epoch that was run, and begin the next."""
        lr = float(self.optimizer.param_groups[0]["lr"])
        if self.regularizer is not None:
            self.regularizer.end_epoch()
        self.rows.append(self.describe(self.epoch + 1, lr, self.totals, rates))
        self.epoch, self.step_in_epoch, self.totals = self.epoch + 1, 0, Totals()
        if self.folder is not None:
            self.save()
            TrainingLog(tuple(self.rows)).write(self.folder)

    def describe(
        self, epoch: int, lr: float, totals: Totals, rates: Mapping[str, Mapping[str, float]]
    ) -> EpochRow:
        """Return the row of an epoch; runs over the test data."""
        test_loss, test_accuracy = measure_task(self.model, self.test, collate=self.collate)
        is_constrained = self.regularizer is not None
        n_constant = sum(self.regularizer.n_constant.values()) if self.regularizer else 0
        return EpochRow(
            epoch=epoch,
            step=self.step,
            lr=lr,
            loss=totals.mean(totals.loss),
            accuracy=totals.mean(totals.right),
            term=totals.mean(totals.term) if is_constrained else float("nan"),
            test_loss=test_loss,
            test_accuracy=test_accuracy,
            rates=rates,
            n_constant=n_constant,
        )

    def save(self) -> None:
        """Write the checkpoint."""
        if self.folder is None:
            return
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "regularizer": self.regularizer and self.regularizer.state_dict(),
            "settings": asdict(self.settings),
            "dataset": fingerprint(self.dataset),
            "test": fingerprint(self.test),
            "epoch": self.epoch,
            "step_in_epoch": self.step_in_epoch,
            "step": self.step,
            "totals": asdict(self.totals),
            "rows": [asdict(row) for row in self.rows],
        }
        save_checkpoint(self.folder / CHECKPOINT, state)

    def restore(self) -> bool:
        """Go on from the checkpoint in the folder; return whether there is one."""
        with fail_together():
            kept = self._kept()
            state: Any = None if kept is None else load_checkpoint(kept)
        state = share_objects(state)[0]  # process 0 alone has the folder
        if state is None:
            return False
        differ = list(self.settings.differences(state["settings"]))
        for name, data in (("dataset", self.dataset), ("test", self.test)):
            if state.get(name) != fingerprint(data):
                differ.append(name)
        if _shapes(state["model"]) != _shapes(self.model.state_dict()):
            differ.append("model")
        if (state["regularizer"] is None) != (self.regularizer is None):
            differ.append("regularizer")
        if differ:
            raise ValueError(
                f"the checkpoint in {self.folder or 'the folder'} is of a run with another "
                f"{', '.join(differ)}; give the same settings, another folder, or resume=False to "
                "begin anew"
            )
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.regularizer is not None:
            self.regularizer.load_state_dict(state["regularizer"])
        self.epoch, self.step_in_epoch = state["epoch"], state["step_in_epoch"]
        self.totals = Totals(**state["totals"])
        self.rows = [EpochRow(**row) for row in state["rows"]]
        return True


def _need_tensor(inputs: Inputs, cure: str) -> Tensor:
    if isinstance(inputs, Tensor):
        return inputs
    raise ValueError(
        f"settings must have {cure} where a sample has several inputs, or names them: images "
        "alone are shifted and mixed"
    )


def _shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in state.items()}
