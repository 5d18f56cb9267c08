"""Distances that add up over batches of samples, so that F is never held whole."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from featgraph.core.processes import fail_together, is_distributed
from featgraph.core.resources import check_pairs
from featgraph.distances.distance_matrix import DistanceMatrix, NodeMoments
from featgraph.distances.gram import pairwise_distances, working_dtype
from featgraph.features.capture import iterate_features
from featgraph.features.feature_matrix import Array, FeatureMatrix, as_feature_matrix
from featgraph.features.feeding import Forward
from featgraph.features.layers import Calls, Layers
from featgraph.features.masks import MaskOption
from featgraph.features.reduce import Reduce
from featgraph.features.running import unwrap_model

__all__ = ["SquaredDistanceSum", "stream_distances"]


class SquaredDistanceSum:
    """Sum of squared distances of the nodes over all samples seen so far.

    Squared distances add up over samples, whatever way they are cut into batches, so partial
    sums of batches, runs and processes can be joined.

    Parameters
    ----------
    layer : str or None, default=None
        Name for messages.

    Attributes
    ----------
    squares : Tensor of float64, shape (n_nodes, n_nodes), or None
        The sum; None before the first batch.
    n_samples : int
        Number of samples in it.

    Examples
    --------
    >>> import torch
    >>> from featgraph.distances import SquaredDistanceSum, feature_distances
    >>> F = torch.arange(12.0).view(3, 4) ** 2
    >>> total = SquaredDistanceSum()
    >>> total.update(F[:, :3])
    >>> total.update(F[:, 3:])
    >>> total
    SquaredDistanceSum(n_nodes=3, n_samples=4)
    >>> torch.allclose(total.distances().float(), feature_distances(F))
    True
    """

    def __init__(self, *, layer: str | None = None) -> None:
        self.layer = layer
        self.squares: Tensor | None = None
        self.n_samples = 0

    def __repr__(self) -> str:
        n_nodes = 0 if self.squares is None else len(self.squares)
        layer = "" if self.layer is None else f", layer={self.layer!r}"
        return f"SquaredDistanceSum(n_nodes={n_nodes}, n_samples={self.n_samples}{layer})"

    def update(self, features: FeatureMatrix | Array) -> None:
        """Add a batch.

        Parameters
        ----------
        features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, batch)
            The nodes at further samples, at least 1; any gradient is left out.

        Raises
        ------
        ValueError
            If the batch is not finite, or its number of nodes differs from that of the sum.

        Notes
        -----
        Time O(n_nodes² · batch), memory O(n_nodes²). Each batch is as accurate as
        ``feature_distances``; the sum is kept in float64.
        """
        values = as_feature_matrix(features).values.detach()
        self._check_nodes(len(values))
        if self.squares is None and values.device.type == "cpu":
            check_pairs(len(values), "summed distances", bytes_per_pair=24)
        squares = pairwise_distances(values.to(working_dtype(values.dtype)), 1.0, None).square_()
        self._add(squares, values.shape[1])

    def merge(self, other: SquaredDistanceSum) -> None:
        """Add the sum of other samples of the same nodes.

        Parameters
        ----------
        other : SquaredDistanceSum
            Left as it is.

        Raises
        ------
        ValueError
            If the numbers of nodes differ.
        """
        if other.squares is not None:
            self._check_nodes(len(other.squares))
            self._add(other.squares, other.n_samples)

    def all_reduce(self) -> None:
        """Replace the sum by the sum over all processes of ``torch.distributed``.

        Does nothing where no process group is initialised. Every process must call it.

        Raises
        ------
        ValueError
            If there is no batch yet.
        """
        if not is_distributed():
            return
        squares = self._some_squares()
        n_samples = torch.tensor(self.n_samples, device=squares.device)
        torch.distributed.all_reduce(squares)
        torch.distributed.all_reduce(n_samples)
        self.n_samples = int(n_samples)

    def distances(self, *, scaled: bool = True) -> Tensor:
        """Return C over all samples.

        Parameters
        ----------
        scaled : bool, default=True
            Divide by √n_samples (Eq. 8).

        Returns
        -------
        Tensor of float64, shape (n_nodes, n_nodes)
            Symmetric with zero diagonal.

        Raises
        ------
        ValueError
            If there is no batch yet.
        """
        squares = self._some_squares()
        return squares.div(self.n_samples if scaled else 1).sqrt_()

    def _some_squares(self) -> Tensor:
        if self.squares is None:
            where = "" if self.layer is None else f" of layer {self.layer!r}"
            raise ValueError(f"distances{where} need at least one batch; call update first")
        return self.squares

    def _check_nodes(self, n_nodes: int) -> None:
        if self.squares is not None and len(self.squares) != n_nodes:
            where = "" if self.layer is None else f" of layer {self.layer!r}"
            raise ValueError(
                f"features{where} must have the nodes of the batches before, "
                f"got {n_nodes} after {len(self.squares)}"
            )

    def _add(self, squares: Tensor, n_samples: int) -> None:
        if self.squares is None:
            self.squares = squares.to(torch.float64, copy=True)
        else:
            self.squares += squares.to(self.squares.device)
        self.n_samples += n_samples


def stream_distances(
    model: nn.Module,
    data: object,
    *,
    layers: Layers = "auto",
    reduce: Reduce | Mapping[str, Reduce] = "auto",
    output: int | str | None = None,
    calls: Calls = "each",
    mask: MaskOption = None,
    forward: Forward | None = None,
    batch_size: int = 128,
    max_batches: int | None = None,
    device: torch.device | str | None = None,
    source: str | None = None,
    progress: bool | None = None,
) -> dict[str, DistanceMatrix]:
    """Run a model over data and return the distances of each chosen layer.

    The same as ``feature_distances`` of ``extract_features``, without holding F: memory does
    not grow with the number of samples. Where ``torch.distributed`` is initialised, each process
    runs over its own data and all receive the distances over the samples of all; what goes
    wrong in one of them stops all.

    Parameters
    ----------
    model : Module
        Any network, run in evaluation mode without gradients.
    data : DataLoader, Dataset, Tensor, ndarray, or iterable of batches
        As in ``extract_features``.
    layers, reduce, output, calls, mask, forward, batch_size, max_batches, device, source, progress
        As in ``extract_features``.

    Returns
    -------
    dict of str to DistanceMatrix
        Layer name to C in float64, on the device of the run; takes the place of features in
        ``analyze`` and in whatever works on distances.

    Raises
    ------
    TypeError, ValueError
        As ``extract_features``; the message names the layer.

    Notes
    -----
    Time O(n_nodes² · n_samples) per layer beside the model, memory O(n_nodes²) per layer and
    one batch.

    Examples
    --------
    >>> import torch
    >>> from featgraph.distances import stream_distances
    >>> net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU())
    >>> stream_distances(net, torch.ones(5, 3), layers="1", batch_size=2)["1"]
    DistanceMatrix(n_nodes=4, n_samples=5, dtype=float64, layer='1', reduce='none', \
source='Sequential')
    """
    source = type(unwrap_model(model)).__name__ if source is None else source
    totals: dict[str, _Total] = {}
    with fail_together():
        batches = iterate_features(
            model,
            data,
            layers=layers,
            reduce=reduce,
            output=output,
            calls=calls,
            mask=mask,
            forward=forward,
            batch_size=batch_size,
            max_batches=max_batches,
            device=device,
            progress=progress,
        )
        with contextlib.closing(batches):
            for batch in batches:
                for name, F in batch.items():
                    if name not in totals:
                        totals[name] = _Total(SquaredDistanceSum(layer=name), None, F.reduce)
                    totals[name].update(F)
        counts = {name: total.n_batches for name, total in totals.items()}
        if len(set(counts.values())) > 1:
            raise ValueError(
                f"every batch must pass every chosen layer, got batches per layer {counts}; "
                "choose other layers, or calls="
            )
    # Taken out one by one: two matrices per layer are never held for all layers at once.
    return {name: totals.pop(name).finish(name, source) for name in list(totals)}


@dataclass
class _Total:
    """Sums of one layer over the samples of this process so far."""

    distances: SquaredDistanceSum
    moments: NodeMoments | None
    reduce: str | None
    n_batches: int = 0

    def update(self, features: FeatureMatrix) -> None:
        self.distances.update(features)
        self.n_batches, self.reduce = self.n_batches + 1, features.reduce
        moments = NodeMoments.of(features.values)
        if self.moments is None:
            self.moments = moments
        else:
            self.moments.add(moments)

    def finish(self, layer: str, source: str) -> DistanceMatrix:
        """Join the processes and return the distances."""
        if self.moments is None:
            raise RuntimeError(f"layer {layer!r} has a sum but no batch")
        self.distances.all_reduce()
        if is_distributed():
            self.moments.all_reduce(self.distances.n_samples)
        return DistanceMatrix(
            values=self.distances.distances(),
            n_samples=self.distances.n_samples,
            mean=self.moments.mean,
            deviation=self.moments.deviation,
            is_silent=self.moments.is_silent,
            layer=layer,
            reduce=self.reduce,
            source=source,
        )
