"""How the spectrum of a network of weights changes over the checkpoints of a training."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.weights.multifractal import CONFIDENCE, Variant, multifractal_weights
from featgraph.weights.spectrum import WeightSpectrum

if TYPE_CHECKING:
    from torch import nn

__all__ = ["EmergenceCurve", "degree_of_emergence", "measure_emergence"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, repr=False, eq=False)
class EmergenceCurve(Result):
    """α₀, width and degree of emergence over the checkpoints of a model.

    Attributes
    ----------
    times : ndarray of float, shape (n_times,)
        Steps or epochs of the checkpoints, rising.
    alpha0, width, emergence : ndarray of float, shape (n_times,)
        Means over samples, and E_t = (width_t / width_0) · ln(α₀,₀ / α₀,t).
    alpha0_interval, width_interval, emergence_interval : ndarray of float, shape (n_times, 2)
        95 % bootstrap intervals over samples; the neurons of a sample are the same at all times.
    variant : {"released", "paths"}
        The analysis.
    source : str or None
        The model.
    """

    _shown: ClassVar = ("variant", "n_times", "source")
    _rules: ClassVar = {
        "times": Rule("n_times", rising=True),
        "alpha0": Rule("n_times"),
        "width": Rule("n_times"),
        "emergence": Rule("n_times"),
        "alpha0_interval": Rule("n_times *"),
        "width_interval": Rule("n_times *"),
        "emergence_interval": Rule("n_times *"),
    }

    times: Floats
    alpha0: Floats
    width: Floats
    emergence: Floats
    alpha0_interval: Floats
    width_interval: Floats
    emergence_interval: Floats
    variant: str
    source: str | None = None

    def _columns(self) -> Mapping[str, Any]:
        columns: dict[str, Any] = {"time": self.times}
        for name in ("alpha0", "width", "emergence"):
            ends = getattr(self, f"{name}_interval")
            columns |= {name: getattr(self, name), f"{name}_low": ends[:, 0]}
            columns[f"{name}_high"] = ends[:, 1]
        return columns


def measure_emergence(
    checkpoints: Mapping[float, nn.Module] | Iterable[Any],  # read one by one, as models change
    *,
    variant: Variant = "released",
    n_resamples: int = 200,
    rng: int = 0,
    **options: Any,
) -> EmergenceCurve:
    """Measure the degree of emergence of a model over its checkpoints.

    E_t = (width_t / width_0) · ln(α₀,₀ / α₀,t), with the first checkpoint as 0.

    Parameters
    ----------
    checkpoints : mapping of float to Module, or iterable of (float, Module)
        Time (step or epoch) and the model then; an iterable may change one model in place.
    variant : {"released", "paths"}, default="released"
        The analysis, as in :func:`multifractal_weights`.
    n_resamples : int, default=200
        Bootstrap draws of samples.
    rng : int, default=0
        Seed: the same neurons are drawn at all times, as published.
    **options
        Options of :func:`multifractal_weights`, such as ``sample`` and ``n_samples``.

    Returns
    -------
    EmergenceCurve
        One row per checkpoint.

    Raises
    ------
    ValueError
        If there are fewer than two checkpoints, times do not rise, or they are of different
        models (the first parameter that differs is named).

    References
    ----------
    .. [1] X. Xiao et al., ICLR 2025, arXiv:2402.09099.

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Linear(40, 40)
    >>> half = torch.nn.Linear(40, 40)
    >>> half.weight.data = net.weight.data / 2
    >>> curve = measure_emergence({0: net, 1: half}, n_samples=2)
    >>> curve.emergence.tolist()[0]
    0.0
    """
    pairs: Iterable[Any] = checkpoints.items() if isinstance(checkpoints, Mapping) else checkpoints
    times: list[float] = []
    found: list[WeightSpectrum] = []
    shapes: dict[str, tuple[int, ...]] | None = None
    for time, model in pairs:
        now = float(time)
        if (times and not now > times[-1]) or not math.isfinite(now):
            raise ValueError(f"checkpoints must be of rising times, got {now:g} after {times[-1:]}")
        own = {name: tuple(value.shape) for name, value in model.named_parameters()}
        _check_same(shapes, own, now)
        shapes = own
        times.append(now)
        found.append(
            multifractal_weights(model, variant=variant, rng=rng, n_resamples=2, **options)
        )
    if len(found) < 2:
        raise ValueError(f"checkpoints must hold at least two models, got {len(found)}")
    return summarize_emergence(times, found, n_resamples=n_resamples, seed=rng)


def summarize_emergence(
    times: list[float], found: list[WeightSpectrum], *, n_resamples: int, seed: int
) -> EmergenceCurve:
    """Return the curve of spectra that were measured at rising times with the same seed."""
    alpha0 = np.array([one.sample_alpha0 for one in found])
    width = np.array([one.sample_width for one in found])
    n_samples = alpha0.shape[1]
    picks = np.random.default_rng(seed).integers(n_samples, size=(n_resamples, n_samples))
    own, drawn = ([side.mean(axis=-1) for side in sides]
                  for sides in ((alpha0, width), (alpha0[:, picks], width[:, picks])))  # fmt: skip
    ends = [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2]
    intervals = [np.quantile(x, ends, axis=1).T for x in (*drawn, degree_of_emergence(*drawn))]
    return EmergenceCurve(
        times=np.array(times),
        alpha0=own[0],
        width=own[1],
        emergence=degree_of_emergence(*own),
        alpha0_interval=intervals[0],
        width_interval=intervals[1],
        emergence_interval=intervals[2],
        variant=found[0].variant,
        source=found[0].source,
    )


def degree_of_emergence(alpha0: Floats, width: Floats) -> Floats:
    """Return E_t = (width_t / width_0) · ln(α₀,₀ / α₀,t), times along the first axis."""
    return np.asarray(width / width[0] * np.log(alpha0[0] / alpha0), dtype=np.float64)


def _check_same(
    known: dict[str, tuple[int, ...]] | None, own: dict[str, tuple[int, ...]], time: float
) -> None:
    if known is None or known == own:
        return
    names = [name for name in {**known, **own} if known.get(name) != own.get(name)]
    before, after = known.get(names[0], "missing"), own.get(names[0], "missing")
    raise ValueError(
        f"checkpoints must be of one model, at {time:g} parameter {names[0]!r} is {after} where "
        f"it was {before}"
    )
