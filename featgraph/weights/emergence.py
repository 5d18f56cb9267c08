"""How the spectrum of a network of weights changes over the checkpoints of a training."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
from numpy.typing import NDArray

from featgraph.core.checks import choice, integer
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.core.values import describe
from featgraph.weights.multifractal import Variant, multifractal_weights
from featgraph.weights.spectrum import WeightSpectrum, find_interval

if TYPE_CHECKING:
    from torch import nn

__all__ = ["EmergenceCurve", "NullEmergence", "degree_of_emergence", "measure_emergence"]

Floats: TypeAlias = NDArray[np.float64]


#: Measures over time.
_NAMES = ("alpha0", "width", "emergence")
_RULES = {
    **{name: Rule("n_times") for name in _NAMES},
    **{f"{name}_interval": Rule("n_times 2") for name in _NAMES},
}


@dataclass(frozen=True, repr=False, eq=False)
class NullEmergence(Result):
    """The same curve of a null model, drawn anew at every checkpoint.

    Attributes
    ----------
    null : {"rows", "gaussian", "untrained"}
        Weights permuted within rows, Gaussian rows of equal norms, or an untrained twin.
    alpha0, width, emergence : ndarray of float, shape (n_times,)
        Means over samples, and the degree of emergence.
    alpha0_interval, width_interval, emergence_interval : ndarray of float, shape (n_times, 2)
        95 % bootstrap intervals over samples.
    emergence_difference : ndarray of float, shape (n_times, 2)
        95 % intervals of the network's degree of emergence minus that of the null model.

    Examples
    --------
    >>> import torch
    >>> nets = {0: torch.nn.Linear(40, 40), 1: torch.nn.Linear(40, 40)}
    >>> curve = measure_emergence(nets, n_samples=2, nulls=("rows",))
    >>> curve.nulls[0].null, curve.nulls[0].emergence.shape
    ('rows', (2,))
    """

    _shown: ClassVar = ("null", "n_times")
    _rules: ClassVar = {**_RULES, "emergence_difference": Rule("n_times 2")}

    null: str
    alpha0: Floats
    width: Floats
    emergence: Floats
    alpha0_interval: Floats
    width_interval: Floats
    emergence_interval: Floats
    emergence_difference: Floats

    def _columns(self) -> Mapping[str, object]:
        return _columns_of(self)


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
    nulls : tuple of NullEmergence
        The same of null models.
    source : str or None
        The model.

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Linear(40, 40)
    >>> curve = measure_emergence({0: net, 10: net}, n_samples=2)
    >>> curve.times.tolist(), curve.emergence.tolist()
    ([0.0, 10.0], [0.0, 0.0])
    """

    _picture: ClassVar = "plot_emergence"
    _shown: ClassVar = ("variant", "n_times", "source")
    _rules: ClassVar = {"times": Rule("n_times", rising=True), **_RULES}

    times: Floats
    alpha0: Floats
    width: Floats
    emergence: Floats
    alpha0_interval: Floats
    width_interval: Floats
    emergence_interval: Floats
    variant: str
    nulls: tuple[NullEmergence, ...] = ()
    source: str | None = None

    def null(self, name: str) -> NullEmergence:
        """Return the null model of a name."""
        found = {item.null: item for item in self.nulls}
        return found[choice(name, list(found), "name")]

    def _columns(self) -> Mapping[str, object]:
        columns = {"time": self.times, **_columns_of(self)}
        for item in self.nulls:
            columns |= {f"{item.null}_{name}": x for name, x in item._columns().items()}
        return columns


def _columns_of(curve: EmergenceCurve | NullEmergence) -> dict[str, object]:
    columns: dict[str, Any] = {}
    for name in _NAMES:
        low, high = getattr(curve, f"{name}_interval").T
        columns |= {name: getattr(curve, name), f"{name}_low": low, f"{name}_high": high}
    if isinstance(curve, NullEmergence):
        low, high = curve.emergence_difference.T
        columns |= {"emergence_difference_low": low, "emergence_difference_high": high}
    return columns


def measure_emergence(
    checkpoints: Mapping[float, nn.Module] | Iterable[object],  # read one by one, as models change
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
        Options of :func:`multifractal_weights`, such as ``sample``, ``n_samples`` and ``nulls``.
        Null models are drawn for every checkpoint; an untrained twin is the same at all.

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
    for pair in pairs:
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise TypeError(f"checkpoints must hold pairs of a time and a model, got {pair!r:.60}")
        time, model = pair
        if not hasattr(model, "named_parameters"):
            raise TypeError(f"checkpoints must hold models, got {describe(model)} at {time!r}")
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
    n_samples = found[0].n_samples
    n_resamples = integer(n_resamples, "n_resamples", least=2)
    picks = np.random.default_rng(seed).integers(n_samples, size=(n_resamples, n_samples))
    own, drawn = _follow(found, picks)
    nulls = []
    for item in found[0].nulls:
        fields, other = _follow([one.null(item.null) for one in found], picks)
        apart = find_interval(drawn - other)
        nulls.append(NullEmergence(null=item.null, emergence_difference=apart, **fields))
    about = {"variant": found[0].variant, "source": found[0].source, "nulls": tuple(nulls)}
    return EmergenceCurve(times=np.array(times), **{**own, **about})


def _follow(found: Sequence[object], picks: NDArray[np.int64]) -> tuple[dict[str, Any], Floats]:
    """Return means and intervals of spectra over time, and E of the draws, one row per draw."""
    samples = [np.array([getattr(one, f"sample_{n}") for one in found]) for n in _NAMES[:2]]
    own = [side.mean(axis=1) for side in samples]
    drawn = [side[:, picks].mean(axis=-1) for side in samples]
    own.append(degree_of_emergence(*own))
    drawn.append(degree_of_emergence(*drawn))
    ends = [find_interval(side.T) for side in drawn]
    intervals = dict(zip((f"{name}_interval" for name in _NAMES), ends, strict=True))
    return {**dict(zip(_NAMES, own, strict=True)), **intervals}, drawn[2].T


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
