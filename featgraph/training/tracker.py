"""``track``: record measures of G_M while any training loop runs."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from featgraph.core.checks import choice, integer
from featgraph.core.notebook import Drawing, draw
from featgraph.features.capture import extract_features
from featgraph.features.feature_matrix import FeatureMatrix
from featgraph.features.layers import Layers
from featgraph.graph.construct import feature_graph
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.training.measures import WeightRecord, compare_partitions, measure_layer

if TYPE_CHECKING:
    from featgraph.models.training import TrainingRow

__all__ = ["Measure", "Tracker", "track", "track_training"]

What: TypeAlias = Literal["features", "weights"]
#: A measure of one's own: features and graph of a layer to a number.
Measure = Callable[[FeatureMatrix, FeatureGraph], float]


def track(
    model: nn.Module,
    loader: Any = None,
    *,
    what: What = "features",
    every: int = 1,
    layers: Layers = "auto",
    epsilon: Any = "percolation",
    measures: Mapping[str, Measure] | None = None,
    n_references: int = 5,
    keep_graphs: bool = True,
    rng: int = 0,
    **capture: Any,
) -> Tracker:
    """Return a recorder of G_M over training; call its ``step`` once per epoch.

    Parameters
    ----------
    model : Module
        The model that will be trained; only read.
    loader : DataLoader, Dataset, Tensor, ndarray or iterable of batches, default=None
        Inputs for the features, the same at every record; it must be possible to go through
        it again and again. Weights need none.
    what : {"features", "weights"}, default="features"
        Record G_M of layers, or the network of the model's own weights, as one layer "weights":
        a sample of neurons, the same at all times, with α₀, width and degree of emergence of
        both analyses of :func:`featgraph.multifractal_weights`.
    every : int, default=1
        Record every so many calls of ``step``, the first included.
    layers : str, module type, or list of these, default="auto"
        Layers, as in :func:`extract_features`; of weights linear maps by name, "auto" for all.
    epsilon : float, str or tuple, default="percolation"
        Threshold of G_M or its rule, as in :func:`feature_graph`; this and the next two are
        refused for weights.
    measures : mapping of str to callable, optional
        More columns: name to a function of features and graph that returns a number.
    n_references : int, default=5
        Random graphs behind the small-world σ; 0 leaves σ out.
    keep_graphs : bool, default=True
        Keep every G_M for :meth:`Tracker.write_gexf`.
    rng : int, default=0
        Seed of covers, communities and references, the same at every record.
    **capture
        Options of :func:`extract_features`, such as ``max_batches``; of weights ``sample``,
        ``n_samples``, ``variants``, ``n_strongest`` (edges from a neuron into a layer that the
        kept graphs hold) and ``attention``, as in :func:`featgraph.weight_graph`.

    Returns
    -------
    Tracker
        With ``step``, ``rows``, ``write`` and ``write_gexf``; also a context manager that
        records on entry and, if the last step was not recorded, on leaving.

    Raises
    ------
    ValueError
        If an option breaks its rule.

    Notes
    -----
    Recording does not touch the training: the model runs in evaluation mode and is put back,
    and torch's global generators are put back as well. A record costs one pass over ``loader``
    and O(n_nodes²) per layer.

    Examples
    --------
    >>> net = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 2))
    >>> inputs = torch.randn(32, 4, generator=torch.Generator().manual_seed(0))
    >>> tracker = track(net, inputs, layers=["1"], every=2)
    >>> for epoch in range(4):
    ...     recorded = tracker.step(epoch)  # after the epoch's updates
    >>> [row["time"] for row in tracker.rows]
    [0.0, 2.0]
    """
    if choice(what, ("features", "weights"), "what") == "features" and loader is None:
        raise ValueError('loader must be given to record features, got None; what="weights"')
    weights = None
    if what == "weights":
        given = {"epsilon": epsilon, "measures": measures, "n_references": n_references}
        plain = {"epsilon": "percolation", "measures": None, "n_references": 5}
        for name, value in given.items():
            if value != plain[name]:
                raise ValueError(f'{name} is about features, what="weights" takes none: {value!r}')
        named: Any = "all" if layers == "auto" else layers
        weights = WeightRecord(seed=rng, layers=named, **capture)
    return Tracker(
        model,
        loader,
        weights=weights,
        every=every,
        layers=layers,
        epsilon=epsilon,
        measures=dict(measures or {}),
        n_references=n_references,
        keep_graphs=keep_graphs,
        seed=integer(rng, "rng"),
        capture=capture,
    )


class Tracker:
    """Rows of measures, one per layer and recorded time; made by :func:`track`.

    Attributes
    ----------
    rows : list of dict
        ``time``, ``layer``, size and density of G_M, ``ss_rate_released``,
        ``ss_rate_linkage``, ``dimension`` with ``verdict``, ``sigma``, ``clustering``,
        ``n_communities``, ``modularity``, ``community_stability`` (adjusted Rand index with
        the record before; nan at the first), and the measures of one's own. A layer without
        a G_M, all of whose neurons say the same, has only ``n_nodes`` and a ``note`` that
        says why.
    graphs : dict of str to dict of float to FeatureGraph
        Layer to time to G_M, with node attributes ``community`` and ``mean_activation``.
    """

    def __init__(
        self,
        model: nn.Module,
        loader: Any,
        *,
        weights: WeightRecord | None = None,
        every: int,
        layers: Layers,
        epsilon: Any,
        measures: dict[str, Measure],
        n_references: int,
        keep_graphs: bool,
        seed: int,
        capture: dict[str, Any],
    ) -> None:
        self.model = model
        self.loader = loader
        self.every = every
        self.rows: list[dict[str, Any]] = []
        self.graphs: dict[str, dict[float, FeatureGraph]] = {}
        self._layers = layers
        self._weights = weights
        self._epsilon = epsilon
        self._measures = measures
        self._n_references = n_references
        self._keep_graphs = keep_graphs
        self._seed = seed
        self._capture = capture
        self._n_calls = 0
        self._latest: float | None = None
        self._communities: dict[str, NDArray[np.int64]] = {}

    @property
    def times(self) -> list[float]:
        """Recorded times, rising."""
        return list(dict.fromkeys(row["time"] for row in self.rows))

    def step(self, time: float | None = None) -> bool:
        """Count a call, record if it is the turn of one, and say whether it was.

        ``time`` is the epoch, the step or whatever runs; None takes the number of calls so far.
        """
        now = float(self._n_calls if time is None else time)
        self._latest = now
        due = self._n_calls % self.every == 0
        self._n_calls += 1
        if due:
            self.record(now)
        return due

    def record(self, time: float) -> list[dict[str, Any]]:
        """Measure all layers now and return their rows.

        Raises ValueError if ``time`` is not finite or not after the last one.
        """
        now = float(time)
        if not math.isfinite(now) or (self.rows and now <= self.rows[-1]["time"]):
            last = self.rows[-1]["time"] if self.rows else None
            raise ValueError(f"time must be finite and after the last record {last}, got {time!r}")
        if self._weights is not None:
            row, graph = self._weights.measure(self.model)
            if self._keep_graphs:
                self.graphs.setdefault("weights", {})[now] = graph
            self.rows.append({"time": now, "layer": "weights", **row})
            return self.rows[-1:]
        devices = list(range(torch.cuda.device_count())) if torch.cuda.is_available() else []
        # shuffling and dropout of the training draw from the global generators: recording
        # starts them at the same place every time, and puts them back
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(self._seed)
            options = {"progress": False, **self._capture}
            found = extract_features(self.model, self.loader, layers=self._layers, **options)
        fresh = [self._measure(now, name, features) for name, features in found.items()]
        self.rows.extend(fresh)
        return fresh

    def _measure(self, time: float, layer: str, features: FeatureMatrix) -> dict[str, object]:
        try:
            graph = feature_graph(features, epsilon=self._epsilon)
        except ValueError as error:  # a layer that died must not end the training
            return {"time": time, "layer": layer, "n_nodes": features.n_nodes, "note": str(error)}
        measured, communities = measure_layer(
            features, graph, seed=self._seed, n_references=self._n_references
        )
        before = self._communities.get(layer)
        measured["community_stability"] = (
            math.nan if before is None else compare_partitions(before, communities)
        )
        self._communities[layer] = communities
        for name, measure in self._measures.items():
            measured[name] = float(measure(features, graph))
        if self._keep_graphs:
            activation = features.numpy().mean(axis=1).astype(np.float64)
            self.graphs.setdefault(layer, {})[time] = graph.with_attributes(
                community=communities, mean_activation=activation
            )
        return {"time": time, "layer": layer, **measured, "note": ""}

    def of_layer(self, layer: str) -> list[dict[str, Any]]:
        """Return the rows of one layer."""
        return [row for row in self.rows if row["layer"] == self._known(layer)]

    def _known(self, layer: str | None) -> str:
        names = list(dict.fromkeys(row["layer"] for row in self.rows))
        if not names:
            raise ValueError("nothing is recorded yet; call step or record first")
        return names[-1] if layer is None else choice(layer, names, "layer")

    def plot(self, **options: Any) -> Drawing:
        """Draw the measures over training, with options of :func:`featgraph.plot.plot_tracking`."""
        return draw("plot_tracking", self.rows, **options)

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write all rows as .csv, .json or .md and return the path."""
        from featgraph.io.tables import write_rows

        return write_rows(self.rows, path)

    def write_gexf(
        self, path: str | os.PathLike[str], *, layer: str | None = None, **looks: Any
    ) -> Path:
        """Write G_M of one layer (default: the last) over time for Gephi's timeline.

        ``looks`` are options of :func:`write_dynamic_gexf`.
        """
        from featgraph.io.dynamic_gexf import write_dynamic_gexf

        name = self._known(layer)
        if name not in self.graphs:
            raise ValueError("graphs were not kept; track with keep_graphs=True")
        return write_dynamic_gexf(self.graphs[name], path, **looks)

    def __enter__(self) -> Tracker:
        if not self.rows:
            self.record(-1.0)  # before any update; epochs count from 0
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        unseen = self._latest is not None and self._latest > self.rows[-1]["time"]
        if kind is None and unseen and self._latest is not None:
            self.record(self._latest)

    def __repr__(self) -> str:
        layers = len({row["layer"] for row in self.rows})
        return f"Tracker(every={self.every}, n_times={len(self.times)}, n_layers={layers})"


def track_training(
    model: nn.Module,
    dataset: Any,
    loader: Any = None,
    *,
    every: int = 1,
    layers: Layers = "auto",
    tracking: Mapping[str, Any] | None = None,
    **training: Any,
) -> tuple[Tracker, list[TrainingRow]]:
    """Train a small classifier with :func:`train_classifier` and record G_M on the way.

    Parameters
    ----------
    model : Module
        Maps images to class scores; changed in place.
    dataset : Dataset
        Pairs of an image and a class number.
    loader : DataLoader, Tensor or iterable of batches, default=None
        Inputs for the features; None takes the first 256 samples of ``dataset``.
    every : int, default=1
        Record after every so many epochs; before the first and after the last in any case.
    layers : str, module type, or list of these, default="auto"
        Layers that are recorded.
    tracking : mapping, optional
        More options of :func:`track`.
    **training
        Options of :func:`train_classifier`.

    Returns
    -------
    tuple of Tracker and list of TrainingRow
        The record, and loss and accuracy of each epoch. Time −1 is before training, time e is
        after epoch e, counted from 0.

    Examples
    --------
    >>> from torch.utils.data import TensorDataset
    >>> x = torch.randn(64, 6, generator=torch.Generator().manual_seed(0))
    >>> net = nn.Sequential(nn.Linear(6, 20), nn.ReLU(), nn.Linear(20, 2))
    >>> data = TensorDataset(x, (x[:, 0] > 0).long())
    >>> tracker, rows = track_training(net, data, epochs=3, every=2, layers=["1"])
    >>> tracker.times
    [-1.0, 0.0, 2.0]
    """
    from featgraph.models.training import train_classifier

    if loader is None:
        loader = torch.stack(
            [torch.as_tensor(dataset[i][0]) for i in range(min(256, len(dataset)))]
        )
    tracker = track(model, loader, every=every, layers=layers, **(tracking or {}))
    with tracker:
        rows = train_classifier(model, dataset, after_epoch=tracker.step, **training)
    return tracker, rows
