"""Global magnitude pruning, and how similarity and self-similarity survive it."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from featgraph.core.checks import naming
from featgraph.core.progress import track_progress
from featgraph.core.result import Result
from featgraph.core.rules import Rule
from featgraph.features.feature_matrix import FeatureMatrix
from featgraph.similarity.layer_matrix import compare_layers, layers_of_both
from featgraph.similarity.predictions import Predictions, hold_batches, observe

if TYPE_CHECKING:
    from featgraph.features.feeding import Forward
    from featgraph.features.layers import Layers
    from featgraph.selfsimilarity.estimators import EstimatorName

__all__ = ["PruningSweep", "prune_globally", "sweep_pruning"]

Floats: TypeAlias = NDArray[np.float64]
SPARSITIES = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
_PRUNED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


@dataclass(frozen=True, repr=False, eq=False)
class PruningSweep(Result):
    """What pruning does to two networks, level by level.

    All arrays have one row per sparsity; those of layers one column per layer. NaN where a
    value is not defined: no labels, a layer that pruning silenced, too few box sizes for a
    dimension.

    Attributes
    ----------
    sparsities : ndarray of float, shape (n_levels,)
        Share of weights set to zero.
    layers_a, layers_b : tuple of str
        Layers of the two networks.
    accuracy_a, accuracy_b : ndarray of float, shape (n_levels,)
        Share of right answers.
    own_a, own_b : ndarray of float, shape (n_levels, n_layers)
        CKA of each layer with itself before pruning.
    cross : ndarray of float, shape (n_levels,)
        Mean CKA of matching layers of the two pruned networks (same place in the list; where
        the numbers of layers differ, of each layer of A with its most similar layer of B).
    ss_rate_a, ss_rate_b : ndarray of float, shape (n_levels, n_layers)
        SS_rate of G_M.
    dimension_a, dimension_b : ndarray of float, shape (n_levels, n_layers)
        Box dimension d_θ of the layer over the whole range of θ.
    estimator : str
        How boxes were counted.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 3))
    >>> sweep_pruning(net, net, torch.randn(40, 6), sparsities=(0.0, 0.5), layers=["1"])
    PruningSweep(n_levels=2, layers_a=('1'), layers_b=('1'), estimator='linkage')
    """

    _picture: ClassVar = "plot_pruning"
    _shown: ClassVar = ("n_levels", "layers_a", "layers_b", "estimator")
    _rules: ClassVar = {
        "sparsities": Rule("n_levels", least=0, most=1),
        **dict.fromkeys(("accuracy_a", "accuracy_b", "cross"), Rule("n_levels")),
        **dict.fromkeys(("own_a", "own_b", "ss_rate_a", "ss_rate_b"), Rule("n_levels *")),
        **dict.fromkeys(("dimension_a", "dimension_b"), Rule("n_levels *")),
    }

    sparsities: Floats
    layers_a: tuple[str, ...]
    layers_b: tuple[str, ...]
    accuracy_a: Floats
    accuracy_b: Floats
    own_a: Floats
    own_b: Floats
    cross: Floats
    ss_rate_a: Floats
    ss_rate_b: Floats
    dimension_a: Floats
    dimension_b: Floats
    estimator: str

    def _columns(self) -> Mapping[str, object]:
        return {
            "sparsity": self.sparsities,
            "accuracy_a": self.accuracy_a,
            "accuracy_b": self.accuracy_b,
            "cka_own_a": mean_known(self.own_a),
            "cka_own_b": mean_known(self.own_b),
            "cka_cross": self.cross,
            **{f"ss_rate_{side}": mean_known(getattr(self, f"ss_rate_{side}")) for side in "ab"},
            **{
                f"dimension_{side}": mean_known(getattr(self, f"dimension_{side}")) for side in "ab"
            },
        }


def prune_globally(model: nn.Module, sparsity: float) -> nn.Module:
    """Return a copy of a network with its weakest weights set to zero.

    Parameters
    ----------
    model : Module
        Any network; it is not changed.
    sparsity : float
        Share of the weights of all linear and convolutional layers together that become
        zero, in [0, 1). Biases and normalisations stay.

    Returns
    -------
    Module
        Exactly round(sparsity · n_weights) weights, the smallest by magnitude over the whole
        network, are zero; of equal ones those that come first.

    Raises
    ------
    ValueError
        If ``sparsity`` is outside [0, 1), a weight is not finite, or there is nothing to prune.

    Notes
    -----
    O(n_weights log n_weights).

    References
    ----------
    .. [1] S. Han, J. Pool, J. Tran, W. Dally, "Learning both weights and connections for
       efficient neural networks", NeurIPS 2015, arXiv:1506.02626.

    Examples
    --------
    >>> net = nn.Linear(4, 1)
    >>> _ = net.weight.data.copy_(torch.tensor([[0.1, -0.4, 0.3, -0.2]]))
    >>> prune_globally(net, 0.5).weight.tolist()[0]
    [0.0, -0.4000000059604645, 0.30000001192092896, 0.0]
    """
    share = _check_sparsity(sparsity)
    pruned = copy.deepcopy(model)
    weights = {
        name: module.weight
        for name, module in pruned.named_modules()
        if isinstance(module, _PRUNED)
    }
    if not weights:
        raise ValueError("the model must hold a linear or convolutional layer to prune, got none")
    for name, weight in weights.items():
        if not bool(weight.isfinite().all()):
            raise ValueError(f"layer {name!r} must have finite weights, got NaN or infinity")
    sizes = torch.cat([weight.detach().abs().flatten().double() for weight in weights.values()])
    count = round(share * len(sizes))
    weakest = sizes.argsort(stable=True)[:count]
    keep = torch.ones(len(sizes), dtype=torch.bool, device=sizes.device)
    keep[weakest] = False
    parts = torch.split(keep, [weight.numel() for weight in weights.values()])
    with torch.no_grad():
        for weight, part in zip(weights.values(), parts, strict=True):
            weight.masked_fill_(~part.view_as(weight), 0.0)
    return pruned


def sweep_pruning(
    model_a: nn.Module,
    model_b: nn.Module,
    data: object,
    *,
    sparsities: Sequence[float] = SPARSITIES,
    layers: Layers = "auto",
    layers_b: Layers | None = None,
    estimator: EstimatorName = "linkage",
    forward: Forward | None = None,
    batch_size: int = 128,
    max_batches: int | None = None,
    progress: bool | None = None,
) -> PruningSweep:
    """Prune two networks to rising sparsity and watch accuracy, similarity and SS_rate.

    Parameters
    ----------
    model_a, model_b : Module
        Networks on the same inputs; neither is changed.
    data : DataLoader, Dataset, Tensor, ndarray, or iterable of batches
        Read once and held. Labels in the batches give accuracies.
    sparsities : sequence of float, default=(0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95)
        Rising levels in [0, 1).
    layers : str, module type, or list of these, default="auto"
        As in ``select_layers``; the same for both unless ``layers_b`` is given.
    layers_b : str, module type, or list of these, optional
        Layers of ``model_b``.
    estimator : str, default="linkage"
        How boxes are counted for SS_rate and d_θ.
    forward, batch_size, max_batches, progress
        As in ``extract_features``.

    Returns
    -------
    PruningSweep
        One row per level.

    Raises
    ------
    ValueError
        Sparsities that do not rise or leave [0, 1), layers that match nothing.

    References
    ----------
    .. [1] Sirikova and Chan, "Triangle of similarity", arXiv:2601.17093.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> net = nn.Sequential(nn.Linear(6, 12), nn.ReLU(), nn.Linear(12, 3))
    >>> sweep = sweep_pruning(net, net, torch.randn(40, 6), sparsities=(0.0, 0.5), layers=["1"])
    >>> round(float(sweep.own_a[0, 0]), 6), round(float(sweep.cross[0]), 6)
    (1.0, 1.0)
    """
    levels = check_sparsities(sparsities)
    chosen = layers_of_both(model_b, layers, layers_b)
    batches = hold_batches(data, batch_size=batch_size, max_batches=max_batches)
    first = second = PrunedSide(model_a, chosen[0], batches, estimator, forward)
    if model_b is not model_a or layers_b is not None:
        second = PrunedSide(model_b, chosen[1], batches, estimator, forward)
    return run_sweep((first, second), levels, estimator, progress)


def run_sweep(
    sides: tuple[PrunedSide, PrunedSide], levels: list[float], estimator: str, progress: bool | None
) -> PruningSweep:
    """Take both networks through all levels."""
    cross = []
    for level in track_progress(levels, progress=progress, label="pruning"):
        features = [side.prune(level) for side in dict.fromkeys(sides)]
        cross.append(_match(features[0], features[-1]))
    found: dict[str, Any] = {
        f"{name}_{end}": np.array(getattr(side, name))
        for end, side in zip("ab", sides, strict=True)
        for name in ("accuracy", "own", "ss_rate", "dimension")
    }
    found |= {f"layers_{end}": side.names for end, side in zip("ab", sides, strict=True)}
    found |= {"sparsities": np.array(levels), "cross": np.array(cross), "estimator": estimator}
    return PruningSweep(**found)


def mean_known(values: Floats) -> Floats:
    """Mean over layers of what is known; NaN where nothing is."""
    known = ~np.isnan(values)
    sums = np.where(known, values, 0.0).sum(axis=1)
    counts = known.sum(axis=1)
    means: Floats = np.full(len(values), np.nan)
    np.divide(sums, counts, out=means, where=counts > 0)
    return means


class PrunedSide:
    """One network: its features and scores before pruning, and what each level gave."""

    def __init__(
        self,
        model: nn.Module,
        layers: Layers,
        batches: list[object],
        estimator: EstimatorName,
        forward: Forward | None,
    ) -> None:
        self.model, self.layers, self.batches = model, layers, batches
        self.estimator, self.forward = estimator, forward
        self.whole, self.scores = self._observe(model)
        self.names = tuple(self.whole)
        self.accuracy: list[float] = []
        self.own: list[list[float]] = []
        self.ss_rate: list[list[float]] = []
        self.dimension: list[list[float]] = []

    def _observe(self, model: nn.Module) -> tuple[dict[str, FeatureMatrix], Predictions]:
        return observe(model, self.batches, layers=self.layers, forward=self.forward)

    def prune(self, level: float) -> dict[str, FeatureMatrix]:
        """Prune to one level, keep its numbers, return its features."""
        features, scores = self.whole, self.scores
        if level > 0:
            features, scores = self._observe(prune_globally(self.model, level))
        self.accuracy.append(math.nan if scores.accuracy is None else scores.accuracy)
        self.own.append([_cka(self.whole[k], features[k]) for k in self.names])
        described = [describe_network(features[k], self.estimator) for k in self.names]
        self.ss_rate.append([rate for rate, _ in described])
        self.dimension.append([dimension for _, dimension in described])
        return features


def describe_network(features: FeatureMatrix, estimator: EstimatorName) -> tuple[float, float]:
    """SS_rate and d_θ of one layer; NaN where they are not defined."""
    from featgraph.dimension.fit import fit_curve
    from featgraph.distances.distance_matrix import feature_distances
    from featgraph.selfsimilarity.grid import theta_grid
    from featgraph.selfsimilarity.numbers import count_boxes
    from featgraph.selfsimilarity.rate import ss_rate_of_distances

    distances = feature_distances(features)
    off = distances[~torch.eye(len(distances), dtype=torch.bool, device=distances.device)]
    if not bool(off.min() < off.max()):
        return math.nan, math.nan  # a silenced layer: all neurons equally far apart
    rate = float(ss_rate_of_distances(distances, estimator=estimator))
    theta = theta_grid(distances)
    counts = count_boxes(distances, theta, estimator=estimator).cpu().numpy()
    if np.count_nonzero(counts > 1) < 4:
        return rate, math.nan
    sizes = theta.double().cpu().numpy()
    return rate, fit_curve(sizes, counts, window="all", space="metric").dimension


def _cka(first: FeatureMatrix, second: FeatureMatrix) -> float:
    table = _try_cka({"x": first}, {"x": second})
    return float(table[0, 0])


def _match(first: Mapping[str, FeatureMatrix], second: Mapping[str, FeatureMatrix]) -> float:
    alive = [{k: F for k, F in side.items() if _varies(F)} for side in (first, second)]
    if not all(alive):
        return math.nan
    if len(first) == len(second):
        scores = np.array(
            [_cka(a, b) for a, b in zip(first.values(), second.values(), strict=True)]
        )
        return float(mean_known(scores[None, :])[0])
    return float(_try_cka(alive[0], alive[1]).max(axis=1).mean())


def _varies(features: FeatureMatrix) -> bool:
    values = features.values
    spread = (values - values.mean(dim=1, keepdim=True)).abs().amax(dim=1)
    noise = 8 * torch.finfo(values.dtype).eps * values.abs().amax(dim=1)
    return bool((spread > noise).any())


def _try_cka(first: Mapping[str, FeatureMatrix], second: Mapping[str, FeatureMatrix]) -> Floats:
    if not all(_varies(F) for side in (first, second) for F in side.values()):
        return np.full((len(first), len(second)), math.nan)  # pruned to silence
    return compare_layers(first, second).values


def _check_sparsity(sparsity: float) -> float:
    number = float(sparsity)
    if not 0 <= number < 1:
        raise ValueError(
            f"sparsity must lie in [0, 1), got {sparsity!r}; it is the share of weights set to zero"
        )
    return number


def check_sparsities(sparsities: Sequence[float]) -> list[float]:
    """Rising levels in [0, 1)."""
    with naming("sparsities"):
        levels = [_check_sparsity(level) for level in sparsities]
    if not levels or any(b <= a for a, b in pairwise(levels)):
        raise ValueError(f"sparsities must rise, got {list(sparsities)}")
    return levels
