"""TrainingChange: the same neurons on the same images, untrained and trained (Figure 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from featgraph.core.checks import naming, nearest
from featgraph.core.result import Result
from featgraph.features.feature_matrix import FeatureMatrix
from featgraph.invariance._layers import name_layers
from featgraph.invariance.linearity import Linearity, measure_linearity

if TYPE_CHECKING:
    from featgraph.invariance._layers import Layers

__all__ = ["LayerChange", "TrainingChange", "compare_training", "pair_layers"]


@dataclass(frozen=True, repr=False, eq=False)
class LayerChange(Result):
    """Features and linearity of one layer before and after training."""

    _picture: ClassVar = "plot_node_clusters"
    _shown: ClassVar = ("layer",)

    layer: str
    before: FeatureMatrix
    after: FeatureMatrix
    before_linearity: Linearity
    after_linearity: Linearity

    def _columns(self) -> Mapping[str, Any]:
        sides = ((self.before, self.before_linearity), (self.after, self.after_linearity))
        row: dict[str, Any] = {"layer": self.layer, "state": ["untrained", "trained"]}
        row |= {k: [getattr(F, k) for F, _ in sides] for k in ("n_nodes", "n_samples")}
        return row | {
            k: [getattr(one, k) for _, one in sides] for k in self.before_linearity._fields
        }


@dataclass(frozen=True, repr=False, eq=False)
class TrainingChange(Result):
    """What training did to the clouds of neurons, layer by layer."""

    _picture: ClassVar = "plot_figure2"
    _shown: ClassVar = ("n_layers",)

    layers: tuple[LayerChange, ...]

    @property
    def n_layers(self) -> int:
        """Number of layers."""
        return len(self.layers)

    def to_rows(self) -> list[dict[str, Any]]:
        """Return two flat rows per layer, before and after."""
        return [row for layer in self.layers for row in layer.to_rows()]


def compare_training(
    before: Layers, after: Layers, *, remove_means: bool = False
) -> TrainingChange:
    """Compare the clouds of neurons of a network before and after training.

    Parameters
    ----------
    before, after : FeatureMatrix, array, or mapping or sequence of these
        F of each layer, shape (n_nodes, n_samples): the same layers with the same neurons on
        the same samples in the same order.
    remove_means : bool, default=False
        Subtract from each neuron its mean over the samples first. What is left is how neurons
        answer to different samples; the means alone often make the cloud a line.

    Returns
    -------
    TrainingChange
        Explained variance of the leading axes, participation ratio and isotropy per layer.

    Raises
    ------
    ValueError
        If layers, widths or numbers of samples differ between the two, or a layer holds only
        equal neurons.

    Notes
    -----
    Time O(D · B · min(D, B)) per layer and state.

    References
    ----------
    Ding et al. 2025, arXiv:2507.17785, Figure 2.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> ball = rng.normal(size=(40, 60))
    >>> line = np.outer(rng.normal(size=40), rng.normal(size=60))
    >>> rows = compare_training({"fc1": ball}, {"fc1": line}).to_rows()
    >>> [(row["state"], round(row["first"], 2), round(row["isotropy"], 2)) for row in rows]
    [('untrained', 0.07, 0.98), ('trained', 1.0, 0.04)]
    """
    rows = []
    for name, pair in pair_layers(before, after).items():
        one, other = (_without_means(matrix) if remove_means else matrix for matrix in pair)
        rows.append(LayerChange(name, one, other, measure_linearity(one), measure_linearity(other)))
    return TrainingChange(tuple(rows))


def _without_means(matrix: FeatureMatrix) -> FeatureMatrix:
    values = matrix.values.detach()
    return replace(matrix, values=values - values.mean(dim=1, keepdim=True))


def pair_layers(before: Layers, after: Layers) -> dict[str, tuple[FeatureMatrix, FeatureMatrix]]:
    """Return the layers of both states side by side, checked to hold the same neurons."""
    with naming("before"):
        first = name_layers(before)
    with naming("after"):
        second = name_layers(after)
    for missing in sorted(set(first) ^ set(second)):
        where = "after" if missing in first else "before"
        others = second if missing in first else first
        raise ValueError(
            f"{where} must hold the layer {missing!r}, got {sorted(others)}, as before and after "
            f"hold the same layers"
            f"{nearest(missing, others)}"
        )
    pairs = {name: (matrix, second[name]) for name, matrix in first.items()}
    for name, (one, other) in pairs.items():
        if one.n_nodes != other.n_nodes:
            raise ValueError(
                f"layer {name!r} must have the same neurons before and after, got widths "
                f"{one.n_nodes} and {other.n_nodes}; compare one architecture with itself"
            )
        if one.n_samples != other.n_samples:
            raise ValueError(
                f"layer {name!r} must see the same samples before and after, got "
                f"{one.n_samples} and {other.n_samples}"
            )
    return pairs
