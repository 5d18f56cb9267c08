"""``train``: a classifier, with or without the SS_rate term, logged, and resumed exactly."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
from torch import nn

from featgraph.core.checks import integer
from featgraph.core.files import FolderLock
from featgraph.core.processes import process_rank
from featgraph.core.progress import progress_bar
from featgraph.features.batches import collate_samples
from featgraph.features.layers import Layers
from featgraph.selfsimilarity.estimators import EstimatorName
from featgraph.selfsimilarity.regularizer import SelfSimilarityRegularizer
from featgraph.training._run import CHECKPOINT, Run, Totals
from featgraph.training.log import TrainingLog, measure_rates
from featgraph.training.samples import Collate, Samples, count_steps, spread_inputs
from featgraph.training.settings import TrainingSettings

__all__ = ["CHECKPOINT", "train"]


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
    collate: Collate | None = None,
    progress: bool | None = None,
) -> TrainingLog:
    """Train a classifier in place and return its log.

    Parameters
    ----------
    model : Module
        Maps inputs to class scores (B, n_classes): a Tensor, or the ``logits`` of what it
        returns, as models of transformers do. Changed in place, left in training mode.
        Trained on the device it is on. Not inside DistributedDataParallel: that is done here.
    dataset : Dataset
        Pairs of an input and a class number, or dicts with "label" or "labels" whose other
        columns of numbers are what the model takes by name, as of Hugging Face datasets.
        ``ImageDataset`` and ``TensorDataset`` are indexed in memory.
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
    collate : callable or None, default=None
        Makes a batch of a list of samples, such as a ``DataCollatorWithPadding`` for texts of
        unequal lengths; None stacks them, and pads where the model takes an ``attention_mask``.
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
        If the data is empty, a batch has fewer than two samples per process, or a checkpoint in
        ``folder`` is of other settings, data, model or regulariser.

    Notes
    -----
    Where ``torch.distributed`` is initialised, every process calls this with the same arguments
    and takes its share of each batch: ``batch_size`` counts the samples of all. Gradients and the
    regulariser's term are those of the whole batch, so weights are those that one process gives,
    up to rounding; except for batch normalisation, which sees one's own share, and the draws of
    dropout, augmentation and mixing, which differ. Process 0 writes ``folder``.

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
    rank, n_processes = process_rank()
    n_samples = len(dataset)  # type: ignore[arg-type]
    n_steps = count_steps(n_samples, settings.batch_size, n_processes=n_processes)
    if n_steps == 0:
        raise ValueError("dataset must hold at least two samples for a batch, got fewer")
    run = Run(
        model=model,
        dataset=dataset,
        test=test,
        settings=settings,
        regularizer=regularizer,
        optimizer=settings.make_optimizer(model),
        n_steps=n_steps,
        folder=None if folder is None or rank else Path(folder),
        checkpoint_every=checkpoint_every,
        place=(rank, n_processes),
        collate=collate or partial(collate_samples, model=model),
    )
    source = dataset if test is None else test
    n_shown = integer(n_measured, "n_measured", least=2)
    shown = spread_inputs(source, n_shown, collate=run.collate)

    def measure(epoch: int) -> dict[str, dict[str, float]]:
        if epoch % measure_every and epoch != settings.epochs:
            return {}
        return measure_rates(model, shown, layers=layers, estimators=estimators)

    lock = None if run.folder is None else FolderLock(run.folder)
    try:
        _run_epochs(run, measure, resume=resume, progress=False if rank else progress)
    finally:
        if lock is not None:
            lock.release()
    return TrainingLog(tuple(run.rows), run.folder)


def _run_epochs(
    run: Run,
    measure: Callable[[int], dict[str, dict[str, float]]],
    *,
    resume: bool,
    progress: bool | None,
) -> None:
    """Train to the last epoch, from the start or from the checkpoint."""
    devices = [run.device.index or 0] if run.device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        if not (resume and run.restore()):
            run.rows = [run.describe(0, 0.0, Totals(), measure(0))]
        run.model.train()
        run.connect()
        n_steps = run.settings.epochs * run.n_steps
        with progress_bar(
            total=n_steps, start=run.step, progress=progress, label="training"
        ) as bar:
            while run.epoch < run.settings.epochs:
                run.run_epoch(bar)
                run.close_epoch(measure(run.epoch + 1))
