"""``train``: a classifier, with or without the SS_rate term, logged, and resumed exactly."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from featgraph._checks import integer
from featgraph._files import remove_leftovers
from featgraph._progress import progress_bar
from featgraph.features.layers import Layers
from featgraph.selfsimilarity.estimators import EstimatorName
from featgraph.selfsimilarity.regularizer import SelfSimilarityRegularizer
from featgraph.training.checkpoints import load_checkpoint, save_checkpoint
from featgraph.training.divergence import TrainingDivergedError, find_first_nonfinite
from featgraph.training.log import EpochRow, TrainingLog, measure_rates, measure_task
from featgraph.training.samples import (
    Samples,
    augment_images,
    count_steps,
    fingerprint,
    iterate_epoch,
    make_generator,
    mix_samples,
    mix_seed,
    seed_global,
    spread_inputs,
)
from featgraph.training.settings import TrainingSettings

__all__ = ["CHECKPOINT", "train"]

CHECKPOINT = "checkpoint.pt"


def train(
    model: nn.Module,
    dataset: Samples,
    *,
    test: Samples | None = None,
    settings: TrainingSettings | None = None,
    regularizer: SelfSimilarityRegularizer | None = None,
    layers: Layers = "auto",
    estimators: Sequence[EstimatorName] = ("released", "linkage"),
    n_measured: int = 256,
    measure_every: int = 1,
    folder: str | os.PathLike[str] | None = None,
    resume: bool = True,
    checkpoint_every: int | None = None,
    progress: bool | None = None,
) -> TrainingLog:
    """Train a classifier in place and return its log.

    Parameters
    ----------
    model : Module
        Maps inputs to class scores (B, n_classes). Changed in place, left in training mode.
        Trained on the device it is on.
    dataset : Dataset
        Pairs of an input and a class number. ``ImageDataset`` and ``TensorDataset`` are
        indexed in memory.
    test : Dataset or None, default=None
        Data for test loss and accuracy; also for SS_rate, if given.
    settings : TrainingSettings or None, default=None
        Epochs, optimizer, learning rate and so on.
    regularizer : SelfSimilarityRegularizer or None, default=None
        Made for ``model``; its term is added to the loss of every step. None is the baseline.
    layers : str, module type, or list of these, default="auto"
        Layers whose SS_rate is logged.
    estimators : sequence of str, default=("released", "linkage")
        How: the published approximation, and true box counts by complete linkage. Empty
        measures nothing.
    n_measured : int, default=256
        Number of samples for it, spread evenly over ``test``, or ``dataset`` without one.
    measure_every : int, default=1
        Measure after every so many epochs; before the first and after the last in any case.
    folder : str, path-like or None, default=None
        Write checkpoint and log here after every epoch. A run that was stopped, at whatever
        point, goes on from there.
    resume : bool, default=True
        Go on from a checkpoint in ``folder``; False begins anew.
    checkpoint_every : int or None, default=None
        Write a checkpoint after every so many steps as well, for long epochs.
    progress : bool or None, default=None
        Show a bar over the steps; None shows it on a terminal.

    Returns
    -------
    TrainingLog
        One row per epoch, beginning with the untrained network.

    Raises
    ------
    TrainingDivergedError
        If loss, gradient or weights are not finite; it names step and layer. The last good
        checkpoint stays.
    ValueError
        If the data is empty, or a checkpoint in ``folder`` is of other settings, data, model or
        regulariser.

    Notes
    -----
    The order of samples, mixing, augmentation and dropout are functions of the seed, the epoch
    and the step, and the regulariser keeps its own generator; so a run that was killed ends, on
    a CPU, with the same weights as one that was not. The global random state is put back. A
    dataset that draws by itself must do so from the index alone.

    Examples
    --------
    >>> from torch.utils.data import TensorDataset
    >>> x = torch.randn(64, 4, generator=torch.Generator().manual_seed(0))
    >>> net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    >>> reg = SelfSimilarityRegularizer(net, target=0.3, weight=1e-4)
    >>> data = TensorDataset(x, (x[:, 0] > 0).long())
    >>> settings = TrainingSettings(epochs=5, lr=0.05, batch_size=32)
    >>> log = train(net, data, test=data, settings=settings, regularizer=reg)
    >>> log.rows[-1].test_accuracy > 0.9, sorted(log.rows[-1].rates)
    (True, ['1'])
    """
    settings = TrainingSettings() if settings is None else settings
    n_steps = count_steps(len(dataset), settings.batch_size)  # type: ignore[arg-type]
    if n_steps == 0:
        raise ValueError("dataset must hold at least two samples for a batch, got fewer")
    integer(measure_every, "measure_every", least=1)
    if checkpoint_every is not None:
        integer(checkpoint_every, "checkpoint_every", least=1)
    run = _Run(
        model=model,
        dataset=dataset,
        test=test,
        settings=settings,
        regularizer=regularizer,
        optimizer=settings.make_optimizer(model),
        n_steps=n_steps,
        folder=None if folder is None else Path(folder),
        checkpoint_every=checkpoint_every,
    )
    if run.folder is not None:
        remove_leftovers(run.folder)
    source = dataset if test is None else test
    shown = spread_inputs(source, integer(n_measured, "n_measured", least=2))

    def measure(epoch: int) -> dict[str, dict[str, float]]:
        if epoch % measure_every and epoch != settings.epochs:
            return {}
        return measure_rates(model, shown, layers=layers, estimators=estimators)

    devices = [run.device.index or 0] if run.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        if not (resume and run.restore()):
            run.rows = [run.describe(0, 0.0, _Totals(), measure(0))]
        model.train()
        with progress_bar(
            total=settings.epochs * n_steps, start=run.step, progress=progress, label="training"
        ) as bar:
            while run.epoch < settings.epochs:
                run.run_epoch(bar)
                run.close_epoch(measure(run.epoch + 1))
    return TrainingLog(tuple(run.rows), run.folder)


@dataclass
class _Totals:
    """Sums over the samples of an epoch so far."""

    loss: float = 0.0
    right: int = 0
    term: float = 0.0
    n_samples: int = 0

    def mean(self, value: float) -> float:
        return value / self.n_samples if self.n_samples else float("nan")


@dataclass
class _Run:
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
    epoch: int = 0
    step_in_epoch: int = 0
    totals: _Totals = field(default_factory=_Totals)
    rows: list[EpochRow] = field(default_factory=list)

    @property
    def device(self) -> torch.device:
        return next(self.model.parameters()).device

    @property
    def step(self) -> int:
        return self.epoch * self.n_steps + self.step_in_epoch

    def run_epoch(self, bar: Any) -> None:
        """Take the steps of the epoch that are left."""
        batches = iterate_epoch(
            self.dataset,
            batch_size=self.settings.batch_size,
            seed=self.settings.seed,
            epoch=self.epoch,
            first_step=self.step_in_epoch,
        )
        for inputs, labels in batches:
            self.take_step(inputs, labels)
            self.step_in_epoch += 1
            bar.update()
            if self.checkpoint_every and self.step % self.checkpoint_every == 0:
                self._check_weights()
                self.save()
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

    def take_step(self, inputs: Tensor, labels: Tensor) -> None:
        """Take one step of the optimizer, or stop where a number is not finite."""
        settings = self.settings
        # Dropout draws from the global state, whose old value the caller gets back.
        seed_global(mix_seed(settings.seed, 3, self.step), self.device)
        generator = make_generator(settings.seed, 4, self.step)
        inputs, labels = inputs.to(self.device), labels.to(self.device)
        if settings.augment != "none":
            inputs = augment_images(inputs, generator)
        partners, weight = None, 1.0
        if settings.mixup:
            inputs, partners, weight = mix_samples(
                inputs, strength=settings.mixup, generator=generator
            )
        with torch.autocast(self.device.type, torch.bfloat16, enabled=settings.autocast):
            scores = self.model(inputs)
            loss = self._loss(scores, labels, weight)
            if partners is not None:
                loss = loss + self._loss(scores, labels[partners], 1 - weight)
            term = self.regularizer() if self.regularizer is not None else None
        total = loss if term is None else loss + term
        if not bool(torch.isfinite(total.detach())):
            raise self._diverged(f"the loss is {float(total.detach()):g}", inputs)
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
        self.totals.loss += float(loss.detach()) * len(labels)
        self.totals.right += int((scores.detach().argmax(1) == labels).sum())
        self.totals.term += 0.0 if term is None else float(term.detach()) * len(labels)
        self.totals.n_samples += len(labels)

    def _loss(self, scores: Tensor, labels: Tensor, weight: float) -> Tensor:
        smoothing = self.settings.label_smoothing
        return weight * cross_entropy(scores.float(), labels, label_smoothing=smoothing)

    def _diverged(self, what: str, inputs: Tensor) -> TrainingDivergedError:
        layer = find_first_nonfinite(self.model, inputs)
        if layer is None:
            bad = [
                name
                for name, parameter in self.model.named_parameters()
                if parameter.grad is not None and not bool(torch.isfinite(parameter.grad).all())
            ]
            layer = bad[-1].rpartition(".")[0] if bad else None
        return TrainingDivergedError(what, self.step, layer, self._kept())

    def close_epoch(self, rates: Mapping[str, Mapping[str, float]]) -> None:
        """Write the row of the epoch that was run, and begin the next."""
        lr = float(self.optimizer.param_groups[0]["lr"])
        if self.regularizer is not None:
            self.regularizer.end_epoch()
        self.rows.append(self.describe(self.epoch + 1, lr, self.totals, rates))
        self.epoch, self.step_in_epoch, self.totals = self.epoch + 1, 0, _Totals()
        if self.folder is not None:
            self.save()
            TrainingLog(tuple(self.rows)).write(self.folder)

    def describe(
        self, epoch: int, lr: float, totals: _Totals, rates: Mapping[str, Mapping[str, float]]
    ) -> EpochRow:
        """Return the row of an epoch; runs over the test data."""
        test_loss, test_accuracy = measure_task(self.model, self.test)
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
        if self.folder is None or not (self.folder / CHECKPOINT).is_file():
            return False
        state = load_checkpoint(self.folder / CHECKPOINT)
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
                f"the checkpoint in {self.folder} is of a run with another {', '.join(differ)}; "
                "give the same settings, another folder, or resume=False to begin anew"
            )
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.regularizer is not None:
            self.regularizer.load_state_dict(state["regularizer"])
        self.epoch, self.step_in_epoch = state["epoch"], state["step_in_epoch"]
        self.totals = _Totals(**state["totals"])
        self.rows = [EpochRow(**row) for row in state["rows"]]
        return True


def _shapes(state: Mapping[str, Tensor]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in state.items()}
