"""A callback for Lightning: the term in the loss, SS_rate in the logger, G_M after each epoch."""

from __future__ import annotations

import functools
from typing import Any

from featgraph.models.guarded_import import import_beside_torchvision
from featgraph.selfsimilarity.regularizer import SelfSimilarityRegularizer
from featgraph.training.log import describe_call
from featgraph.training.tracker import Tracker

__all__ = ["LightningCallback"]

Callback: Any = import_beside_torchvision("lightning.pytorch", extra="lightning").Callback


class LightningCallback(Callback):  # type: ignore[misc]
    """Add the term of a regulariser to the loss of a LightningModule, and record G_M.

    Parameters
    ----------
    regularizer : SelfSimilarityRegularizer or None, default=None
        Made for the LightningModule or for a network in it. Its term is added to what
        ``training_step`` returns, before Lightning divides by ``accumulate_grad_batches`` and
        scales for mixed precision. The term and the SS_rates that it was computed of are logged
        in each step as ``ss_term`` and ``ss_rate/LAYER``.
    tracker : Tracker or None, default=None
        Its ``step`` is called after every epoch, in the first process.

    Raises
    ------
    ImportError
        If lightning is not installed.
    ValueError
        When training begins, if the module optimises by hand: add the term in its
        ``training_step``.

    Notes
    -----
    The state of the regulariser is part of Lightning's checkpoints.
    """

    def __init__(
        self,
        regularizer: SelfSimilarityRegularizer | None = None,
        *,
        tracker: Tracker | None = None,
    ) -> None:
        super().__init__()
        self.regularizer = regularizer
        self.tracker = tracker
        self._before: dict[str, Any] | None = None

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Put the term into what ``training_step`` returns."""
        if self.regularizer is None:
            return
        if not pl_module.automatic_optimization:
            raise ValueError(
                "the LightningModule must have automatic_optimization=True for the term to be "
                "added here, got False; add regularizer() to the loss in its training_step"
            )
        step = pl_module.training_step
        kept = vars(pl_module).get("training_step")  # compiled modules have one of their own
        self._before = {} if kept is None else {"training_step": kept}

        @functools.wraps(step)
        def training_step(*args: Any, **kwargs: Any) -> Any:
            return self._add_term(pl_module, step(*args, **kwargs))

        pl_module.training_step = training_step

    def _add_term(self, pl_module: Any, returned: Any) -> object:
        if returned is None or self.regularizer is None:
            return returned
        term = self.regularizer()
        pl_module.log_dict(describe_call(self.regularizer, term), on_step=True, on_epoch=False)
        if isinstance(returned, dict):
            return {**returned, "loss": returned["loss"] + term}
        return returned + term

    def on_train_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Tell the gate, and let the tracker record."""
        if self.regularizer is not None:
            self.regularizer.end_epoch()
        if self.tracker is not None and trainer.is_global_zero:
            self.tracker.step(trainer.current_epoch)

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Give the module its own ``training_step`` back."""
        if self._before is not None:
            vars(pl_module).pop("training_step", None)
            vars(pl_module).update(self._before)
            self._before = None

    def state_dict(self) -> dict[str, Any]:
        """Return the state of the regulariser for Lightning's checkpoint."""
        return {} if self.regularizer is None else {"regularizer": self.regularizer.state_dict()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a checkpoint of Lightning."""
        if self.regularizer is not None and "regularizer" in state_dict:
            self.regularizer.load_state_dict(state_dict["regularizer"])
