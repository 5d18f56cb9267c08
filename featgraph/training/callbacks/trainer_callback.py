"""A callback for the Hugging Face Trainer: the term in the loss, SS_rate in its log, G_M."""

from __future__ import annotations

import functools
import warnings
from pathlib import Path
from typing import Any

from torch import Tensor

from featgraph.models.guarded_import import import_beside_torchvision
from featgraph.selfsimilarity.regularizer import SelfSimilarityRegularizer
from featgraph.training.checkpoints import load_checkpoint, save_checkpoint
from featgraph.training.log import describe_call
from featgraph.training.tracker import Tracker

__all__ = ["TransformersCallback"]

STATE = "self_similarity.pt"
TrainerCallback: Any = import_beside_torchvision(
    "transformers", extra="transformers"
).TrainerCallback


class TransformersCallback(TrainerCallback):  # type: ignore[misc]
    """Add the term of a regulariser to the loss of a ``transformers.Trainer``, and record G_M.

    Parameters
    ----------
    regularizer : SelfSimilarityRegularizer or None, default=None
        Made for the model of the trainer. The term and the SS_rates that it was computed of are
        logged as ``ss_term`` and ``ss_rate/LAYER`` whenever the trainer logs; the trainer's own
        ``loss`` stays that of the task.
    tracker : Tracker or None, default=None
        Its ``step`` is called after every epoch, in the first process.

    Raises
    ------
    ImportError
        If transformers is not installed.

    Notes
    -----
    :meth:`attach` hands the callback to the trainer; a list of callbacks is not enough, for a
    callback alone cannot change the loss. The term is added where the trainer asks for
    gradients, divided by the number of passes that it accumulates, however the trainer or the
    model scales its own loss. The state of the regulariser is written beside each checkpoint
    and read when training resumes from there.
    """

    def __init__(
        self,
        regularizer: SelfSimilarityRegularizer | None = None,
        *,
        tracker: Tracker | None = None,
    ) -> None:
        self.regularizer = regularizer
        self.tracker = tracker
        self._trainer: Any = None
        self._seen: dict[str, float] = {}
        self._n_steps = 0

    def attach(self, trainer: Any) -> Any:
        """Add the callback to a trainer and the term to its loss; return the trainer.

        Raises RuntimeError if the callback already has a trainer.
        """
        if self._trainer is not None:
            raise RuntimeError("the callback belongs to a trainer already; make another one")
        self._trainer = trainer
        trainer.add_callback(self)
        if self.regularizer is not None:
            backward = trainer.accelerator.backward

            @functools.wraps(backward)
            def backward_with_term(loss: Tensor, **kwargs: Any) -> None:
                backward(loss + self._share_of_term(trainer), **kwargs)

            trainer.accelerator.backward = backward_with_term
        return trainer

    def _share_of_term(self, trainer: Any) -> Tensor:
        regularizer = self.regularizer
        if regularizer is None:
            raise RuntimeError("the regularizer was taken off a callback that is at work")
        term = regularizer()
        self._seen = describe_call(regularizer, term)
        n_passes: int = trainer.current_gradient_accumulation_steps
        return term / n_passes

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Refuse to train without the term, and go on from a checkpoint."""
        if self.regularizer is None:
            return
        if self._trainer is None:
            raise RuntimeError(
                "the callback cannot add the term to the loss from a list of callbacks; call "
                "TransformersCallback(regularizer).attach(trainer)"
            )
        self._n_steps = self.regularizer.step
        if state.global_step:
            path = self._path(args, state)
            if path.is_file():
                self.regularizer.load_state_dict(load_checkpoint(path))
            else:
                warnings.warn(
                    f"training resumes, but {path} is missing: the regularizer begins anew",
                    stacklevel=2,
                )

    def on_step_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """See that the term was added, and log it when it is time."""
        if self.regularizer is None:
            return
        if self.regularizer.step == self._n_steps:
            raise RuntimeError(
                "a step was taken without the term: the trainer got a new accelerator after "
                "attach(); attach the callback when the trainer is complete"
            )
        self._n_steps = self.regularizer.step
        if control.should_log:
            self._trainer.log(dict(self._seen))

    def on_epoch_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Tell the gate, and let the tracker record."""
        if self.regularizer is not None:
            self.regularizer.end_epoch()
        if self.tracker is not None and state.is_world_process_zero:
            self.tracker.step(state.epoch)

    def on_save(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Write the state of the regulariser beside the checkpoint."""
        if self.regularizer is not None and state.is_world_process_zero:
            save_checkpoint(self._path(args, state), self.regularizer.state_dict())

    @staticmethod
    def _path(args: Any, state: Any) -> Path:
        return Path(args.output_dir) / f"checkpoint-{state.global_step}" / STATE
