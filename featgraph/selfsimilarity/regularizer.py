"""SelfSimilarityRegularizer: a loss term that draws SS_rate of the layers towards a target."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from featgraph.core.checks import choice, integer, need_keys, positive
from featgraph.core.processes import agree_on, is_distributed
from featgraph.features.hooks import ActivationHooks
from featgraph.features.layers import Calls, Layers, base_name
from featgraph.features.masks import MaskOption
from featgraph.features.module_calls import is_within
from featgraph.features.reduce import Reduce
from featgraph.features.running import unwrap_model
from featgraph.selfsimilarity._training_layers import (
    TrainingLayers,
    device_of,
    gather_samples,
    is_constant,
)
from featgraph.selfsimilarity.estimators import ESTIMATORS, EstimatorName
from featgraph.selfsimilarity.grid import EqualDistancesError
from featgraph.selfsimilarity.rate import ss_rate
from featgraph.selfsimilarity.schedules import ReleasedGate, Target, as_targets, describe_target
from featgraph.selfsimilarity.sensitivity import bootstrap_ss_rate

__all__ = ["DRAWS", "RegularizerRecord", "SelfSimilarityRegularizer"]

Draw: TypeAlias = Literal["one", "all"]

DRAWS = {
    "one": "one layer per call, drawn at random, as published",
    "all": "the mean over all layers",
}


@dataclass(frozen=True)
class RegularizerRecord:
    """What the last call saw in one layer.

    Attributes
    ----------
    layer : str
        Name of the layer.
    ss_rate : float or None
        Its SS_rate; None where all distances are equal, so that it has none.
    target : float or None
        γ at this step.
    gate : float
        Factor of the gate, 1 without one.
    """

    layer: str
    ss_rate: float | None
    target: float | None
    gate: float


class SelfSimilarityRegularizer:
    """The term ``α · (SS_rate − γ)²`` of the layers of a model, ready to be added to a loss.

    Hooks keep the mean activations of the chosen layers in each forward pass in training mode.
    A call of the object returns the term for the last forward pass and draws the next layer.
    In evaluation mode nothing is kept or computed.

    Parameters
    ----------
    model : Module
        Any network; also one inside torch.compile or DistributedDataParallel. A compiled model
        must not have run before.
    layers : str, module type, or list of these, default="auto"
        As in :func:`featgraph.features.select_layers`. Of a rule ("auto", "all"), layers of
        fewer than 8 nodes are left out with a warning; named layers of fewer are refused.
    target : float, schedule, callable, or mapping of these by layer, default=0.3
        γ in [0, 1]; ``LinearTarget``, ``CosineTarget``, ``TrackingTarget``, or a function of
        (step, layer).
    weight : float, default=1e-4
        α, at least 0.
    estimator : str, default="released"
        How boxes are counted, a differentiable key of ``ESTIMATORS``. "released" is the
        published formula; "linkage" and "packing" move true box counts, "midpoint" has the SS_rate
        nearest to that of the smallest number of boxes.
    numerics : {"auto", "exact", "released"}, default="auto"
        As in :func:`ss_rate`; "auto": "released" for formulas as published, else "exact".
    draw : {"one", "all"}, default="one"
        One random layer per call, or the mean of the terms of all layers.
    gate : ReleasedGate or None, default=None
        The gate of the released code; needs :meth:`end_epoch` after each epoch.
    factor : float, default=1.0
        Multiplies the term; the released code has 0.5.
    reduce : str or mapping, default="auto"
        How an activation (B, ...) becomes (B, D), see ``reduce_mean``; a mapping by layer.
    output, calls : optional
        As in ``extract_features``: which member of a tuple, which call of a module that runs
        several times. Under "each" every call is a layer of its own ("relu", "relu#1", ...).
    mask : str, callable, mapping, False or None, default=None
        Which tokens are real, as in ``extract_features``: read from the arguments of the model
        (``attention_mask`` and others), or the name of one, or a function of the inputs, which
        are a dict by name where there are several.
    gather : bool, default=True
        Take the samples of all processes (``torch.distributed``), which must all call the object.
    n_resamples : int, default=64
        Resamples behind the interval in the warning about small batches, at least 2; 0 gives no
        warning.
    generator : torch.Generator or None, default=None
        Source of the drawn layers; None is a generator of seed 0. Process 0 draws for all.
    **options
        Further options of :func:`ss_rate`, such as ``n_theta``, ``grid`` and ``scale``.

    Attributes
    ----------
    layers : list of str
        Names of the layers.
    records : list of RegularizerRecord
        What the last call saw.
    n_constant : Counter of str
        How often each layer had no SS_rate because all distances were equal; its term was zero.
    step : int
        Number of calls in training so far.

    Raises
    ------
    ValueError
        If a name is unknown, the estimator has no gradient, a target lies outside [0, 1], or
        weight is negative.

    Notes
    -----
    ``Eq. 6`` of the paper, L = L_task + α (SS_rate(G_M^(k)) − γ)², one random layer k per
    iteration.

    With fewer samples per batch than nodes SS_rate is noisy; it works and warns once, with a
    bootstrap interval. A layer that holds NaN, or overflows, gives a NaN term, so that a gradient
    scaler skips the step and ``train`` stops. Under autocast the term is computed in float32.
    With gradient accumulation, call once per forward pass and divide by the number of passes: the
    term then sees one pass at a time.

    Of gradient checkpointing, ``use_reentrant=False`` keeps the gradient of the term; the other
    kind, and frozen weights, do not, which is a warning.

    Under DistributedDataParallel every process sees the samples of all and returns the same
    term; the mean of the gradients over the processes is its gradient.

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Eq. 6, and the code released with it.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 2))
    >>> reg = SelfSimilarityRegularizer(net, target=0.2, weight=1.0)
    >>> scores = net(torch.randn(32, 4, generator=torch.Generator().manual_seed(0)))
    >>> term = reg()
    >>> term.requires_grad, reg.records[0].layer
    (True, '1')
    >>> bool(torch.isclose(term, torch.tensor((reg.records[0].ss_rate - 0.2) ** 2)))
    True
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        layers: Layers = "auto",
        target: Target | Mapping[str, Target] = 0.3,
        weight: float = 1e-4,
        estimator: EstimatorName = "released",
        numerics: Literal["auto", "exact", "released"] = "auto",
        draw: Draw = "one",
        gate: ReleasedGate | None = None,
        factor: float = 1.0,
        reduce: Reduce | Mapping[str, Reduce] = "auto",
        output: int | str | None = None,
        calls: Calls = "each",
        mask: MaskOption = None,
        gather: bool = True,
        n_resamples: int = 64,
        generator: torch.Generator | None = None,
        **options: Any,
    ) -> None:
        choice(estimator, [n for n, row in ESTIMATORS.items() if row.differentiable], "estimator")
        choice(numerics, ("auto", "exact", "released"), "numerics")
        self.draw = choice(draw, DRAWS, "draw")
        self.weight = positive(weight, "weight", zero=True)
        self.factor = positive(factor, "factor")
        if numerics == "auto":
            plain = {"grid": "range", "scale": "log1p"}
            is_published = {**plain, **options}.items() >= plain.items()
            numerics = (
                "released" if is_published and estimator in ("paper", "released") else "exact"
            )
        self.recipe: dict[str, Any] = {"estimator": estimator, "numerics": numerics, **options}
        ss_rate(torch.tensor([[0.0], [1.0], [3.0]]), **self.recipe)  # refuses bad options now
        self.gate, self.gather = gate, gather
        self.generator = torch.Generator().manual_seed(0) if generator is None else generator
        self._hooks = ActivationHooks(
            unwrap_model(model),
            layers,
            reduce=reduce,
            output=output,
            calls=calls,
            mask=mask,
            for_training=True,
        )
        self._layers = TrainingLayers(self._hooks)
        names = self._layers.names
        self._targets = dict(zip(names, as_targets(target, names), strict=True))
        self.step = 0
        self.records: list[RegularizerRecord] = []
        self.n_constant: Counter[str] = Counter()
        self.n_resamples = integer(n_resamples, "n_resamples")
        if self.n_resamples == 1:
            raise ValueError("n_resamples must be 0 for no warning, or at least 2, got 1")
        self._has_warned = self.n_resamples == 0
        self._is_still = False
        self._hooks.attach()  # last: what is refused leaves no hooks behind

    @property
    def layers(self) -> list[str]:
        """Names of the layers."""
        return self._layers.names

    def __call__(self) -> Tensor:
        """Return the term for the last forward pass, a 0-d tensor; 0 in evaluation mode.

        Raises
        ------
        ValueError
            If no forward pass in training mode came before, or at the first call the chosen
            layers have fewer than 8 nodes or are not called.
        """
        layers, model = self._layers, self._hooks.model
        device = device_of(model)
        if not model.training:
            return torch.zeros((), device=device)
        is_first = not layers.is_settled
        caught = layers.take()
        if is_first:
            self._draw_next(device)
        names = layers.names if layers.drawn is None else [layers.drawn]
        self.records = []
        with torch.autocast(device.type, enabled=False):
            terms = []
            for name in names:  # no comprehension: it would be a frame between warning and caller
                terms.append(self._term(name, caught[name]))
        self.step += 1
        self._draw_next(device)
        return torch.stack(terms).mean()

    def end_epoch(self) -> None:
        """Tell the gate that an epoch has ended; without a gate nothing happens."""
        if self.gate is not None:
            self.gate.end_epoch()

    def remove(self) -> None:
        """Take the hooks off the model."""
        self._hooks.detach()
        self._hooks.begin()

    def state_dict(self) -> dict[str, Any]:
        """Return what changes in training: step, drawn layer, random state, gate, targets."""
        layers = self._layers
        return {
            "step": self.step,
            "wanted": layers.drawn,
            "layers": list(layers.names) if layers.is_settled else None,
            "generator": self.generator.get_state(),
            "n_constant": dict(self.n_constant),
            "has_warned": self._has_warned,
            "gate": None if self.gate is None else self.gate.state_dict(),
            "targets": {name: target.state_dict() for name, target in self._targets.items()},
            "options": self._options(),
        }

    def _options(self) -> dict[str, object]:
        return {
            "weight": self.weight,
            "factor": self.factor,
            "draw": self.draw,
            "gate": None if self.gate is None else [self.gate.limit, self.gate.refresh],
            **{f"target of layer {key!r}": describe_target(t) for key, t in self._targets.items()},
            **{name: str(value) for name, value in self.recipe.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state.

        Raises
        ------
        ValueError
            If the state belongs to other layers or options.
        """
        need_keys(state, ("targets", "options", "step", "wanted", "layers"), "state")
        if set(state["targets"]) != set(self._targets):
            raise ValueError(
                f"state must be that of the layers {sorted(self._targets)}, "
                f"got {sorted(state['targets'])}"
            )
        for name, value in self._options().items():
            found = state["options"].get(name)
            if found != value:
                raise ValueError(
                    f"state must be that of a regulariser with {name} {value}, got {found}"
                )
        self.step = int(state["step"])
        self._layers.drawn = state["wanted"]
        if state["layers"] is not None:
            self._layers.names, self._layers.is_settled = list(state["layers"]), True
        self.generator.set_state(state["generator"])
        self.n_constant = Counter(state["n_constant"])
        self._has_warned = bool(state["has_warned"]) or self.n_resamples == 0
        if self.gate is not None:
            self.gate.load_state_dict(state["gate"])
        for name, target in self._targets.items():
            target.load_state_dict(state["targets"][name])

    def _draw_next(self, device: torch.device) -> None:
        if self.draw == "all":
            return
        names = self._layers.names
        own = self.generator
        number = int(torch.randint(len(names), (), generator=own, device=own.device))
        self._layers.drawn = names[agree_on(number, device) if self.gather else number]

    def _term(self, name: str, activation: Tensor) -> Tensor:
        if self.gather and is_distributed():
            activation = gather_samples(activation)
        values = activation.T
        # Squares that overflow give no distances either.
        if not bool(torch.isfinite(values.detach().square().sum())):
            self.records.append(RegularizerRecord(name, float("nan"), None, 1.0))
            return values.sum() * float("nan")
        if not self._has_warned and values.shape[1] < values.shape[0]:
            self._warn_of_noise(name, values.detach())
        if torch.is_grad_enabled() and not values.requires_grad:
            self._warn_of_stillness(name)
        if is_constant(values.detach()):
            return self._skip_constant(name, values)
        try:
            rate = ss_rate(values, **self.recipe)
        except EqualDistancesError:
            return self._skip_constant(name, values)
        measured = float(rate.detach())
        # A further call of a module has the target of the first.
        chosen = [layer for layer in self._targets if is_within(base_name(name), layer)]
        target = self._targets[max(chosen, key=len)].value(self.step, name, measured)
        gate = 1.0 if self.gate is None else self.gate.factor(name, measured)
        self.records.append(RegularizerRecord(name, measured, target, gate))
        return self.weight * self.factor * gate * (rate - target).square()

    def _skip_constant(self, name: str, values: Tensor) -> Tensor:
        if not self.n_constant[name]:
            warnings.warn(
                f"layer {name!r} is constant at step {self.step}: all distances are equal and "
                "SS_rate is not defined; its term is zero while that lasts (n_constant counts)",
                stacklevel=4,
            )
        self.n_constant[name] += 1
        self.records.append(RegularizerRecord(name, None, None, 1.0))
        return values.sum() * 0.0

    def _warn_of_noise(self, name: str, values: Tensor) -> None:
        self._has_warned = True
        n_nodes, n_samples = values.shape
        try:
            low, high = bootstrap_ss_rate(
                values, n_resamples=self.n_resamples, rng=0, **self.recipe
            )
        except EqualDistancesError:
            low = high = float("nan")
        warnings.warn(
            f"the batch holds {n_samples} samples for the {n_nodes} nodes of layer {name!r}: "
            "distances, and so SS_rate, change from batch to batch; 95 % bootstrap interval of "
            f"SS_rate here [{low:.3f}, {high:.3f}]. Larger batches narrow it",
            stacklevel=4,
        )

    def _warn_of_stillness(self, name: str) -> None:
        if not self._is_still:
            warnings.warn(
                f"the activations of layer {name!r} carry no gradient, so its term moves nothing: "
                "its weights are frozen, the forward pass ran without gradients, or it lies in a "
                "checkpoint with use_reentrant=True",
                stacklevel=4,
            )
        self._is_still = True
