"""The sentence as code: features → distances → graph → boxes → dimension → report."""

from __future__ import annotations

import hashlib
import time
import warnings
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.api import box_counts, box_cover, minimum_box_counts, minimum_box_cover
from featgraph.boxes.counts import BoxCounts
from featgraph.boxes.methods import METHODS
from featgraph.core.caller import caller_level
from featgraph.core.checks import choice, integer, positive
from featgraph.core.progress import track_progress
from featgraph.core.random import RandomState, as_rng
from featgraph.core.sources import hash_sources
from featgraph.core.threads import small_on_one_thread
from featgraph.dimension.compare import CURVES, compare_dimensions
from featgraph.dimension.fit import MIN_POINTS, fit_dimension
from featgraph.graph.epsilon import split_rule
from featgraph.report.folder import file_key
from featgraph.report.layer_analysis import LayerAnalysis, SkippedLayer
from featgraph.report.provenance import describe_run
from featgraph.report.report import Report
from featgraph.report.states import collect_states, pair_up
from featgraph.report.writer import ReportWriter
from featgraph.selfsimilarity.ladders import GRIDS, SCALES, Grid, Scale

if TYPE_CHECKING:
    import os

    from torch import nn

    from featgraph.boxes.cover import BoxCover
    from featgraph.distances.distance_matrix import DistanceMatrix
    from featgraph.features.feature_matrix import FeatureMatrix
    from featgraph.graph.csr_graph import FeatureGraph

__all__ = ["AnalysisSettings", "analyze", "analyze_layer"]

#: The drawn covering has at most this many boxes: more colours nobody tells apart.
_DRAWN_BOXES = 12
_N_GROUPS = 7
_NOT_KEPT = "Activations were not kept: the null model of shuffled activations is left out."


@dataclass(frozen=True)
class AnalysisSettings:
    """Settings of the analysis of one layer.

    Attributes
    ----------
    epsilon : float, str or tuple, default="percolation"
        Threshold of G_M or the rule that chooses it; see ``choose_epsilon``.
    method : str, default="optimum"
        Covering method in hop space, a key of METHODS. "optimum": the smallest number of boxes,
        proven within ``time_limit``; networks of some hundred neurons take less than a second.
    repeats : int, default=3
        Runs per size of random covering methods; the smallest count is kept.
    curves : tuple of str
        Curves of N_θ to compare.
    n_theta : int, default=256
        Number of box sizes θ.
    time_limit : float or None, default=10.0
        Seconds per layer for proving the smallest number of boxes at every θ (see
        ``compare_dimensions``), and for method "optimum" the same in hop space.
    n_null : int, default=39
        Draws of each null model behind z-score and p-value of SS_rate, at least 2; 0 leaves it out.
    n_sweep : int, default=8
        Thresholds ε beside the chosen one at which G_M is measured, at least 2; 0 leaves it out.
    grid, scale : str
        Where the θ of SS_rate begin and end, and on which scale they are uniform: as published
        ("range", "log1p"), or hardly moved by a few loud neurons ("quantile") and free of the unit
        of the activations ("log"); see ``ss_rate``.
    """

    epsilon: Any = "percolation"
    method: str = "optimum"
    repeats: int = 3
    curves: tuple[str, ...] = CURVES
    n_theta: int = 256
    time_limit: float | None = 10.0
    n_null: int = 39
    n_sweep: int = 8
    grid: Grid = "range"
    scale: Scale = "log1p"

    def __post_init__(self) -> None:
        # Here, not layer by layer: a wrong setting is an error, a difficult layer a gap.
        split_rule(self.epsilon)
        box_methods = [name for name, row in METHODS.items() if row.box in ("diameter", "radius")]
        choice(self.method, box_methods, "method")
        integer(self.repeats, "repeats", least=1)
        integer(self.n_theta, "n_theta", least=4)
        if self.time_limit is not None:
            positive(self.time_limit, "time_limit", zero=True)
        if self.n_null != 0:
            integer(self.n_null, "n_null", least=2)
        if self.n_sweep != 0:
            integer(self.n_sweep, "n_sweep", least=2)
        choice(self.grid, GRIDS, "grid")
        choice(self.scale, SCALES, "scale")

    def describe(self) -> dict[str, str | int | float | None]:
        """Return the settings as plain values."""
        values: dict[str, str | int | float | None] = {
            name: value if isinstance(value, int | float) else str(value)
            for name, value in vars(self).items()
        }
        values["curves"] = " ".join(self.curves)
        return values


def analyze(
    model: nn.Module | Mapping[str, Any],
    data: Any = None,
    *,
    layers: Any = "auto",
    baseline: nn.Module | Mapping[str, Any] | bool | None = None,
    settings: AnalysisSettings | None = None,
    epsilon: Any = None,
    rng: RandomState = 0,
    folder: str | os.PathLike[str] | None = None,
    force: bool = False,
    states: tuple[str, str] = ("untrained", "trained"),
    title: str | None = None,
    notes: Sequence[str] = (),
    command: str = "featgraph.analyze(...)",
    progress: bool | None = None,
    **capture: Any,
) -> Report:
    """Analyse the layers of a model: networks, boxes, dimension, SS_rate.

    Parameters
    ----------
    model : Module, or mapping of str to FeatureMatrix, DistanceMatrix, Tensor or ndarray
        The model; or the features of its layers, each of shape (n_nodes, n_samples); or, where
        these are too large to keep, the distances that ``stream_distances`` returns.
    data : DataLoader, Dataset, Tensor, ndarray or iterable of batches, default=None
        Inputs, see :func:`featgraph.features.extract_features`; not used with features.
    layers : str, module type, or list of these, default="auto"
        Layers, see :func:`featgraph.features.select_layers`.
    baseline : Module, mapping, True or None, default=None
        What to compare with: an untrained twin of the model, or its features. True builds
        the twin: a copy whose layers draw new weights.
    settings : AnalysisSettings or None, default=None
        Everything about the analysis itself.
    epsilon : float, str, tuple or None, default=None
        Short for ``settings`` with this ε.
    rng : int, Generator or None, default=0
        Seed. The result of a layer depends on the seed and its name, not on other layers.
    folder : str, path-like or None, default=None
        Write the report here while layers come in. A run that was stopped goes on where it
        was: layers with the same features and settings are read, not computed again.
    force : bool, default=False
        Write into a folder that holds other things.
    states : tuple of str, default=("untrained", "trained")
        What to call ``baseline`` and ``model``.
    title : str or None, default=None
        Headline of the report.
    notes : sequence of str, default=()
        Sentences for its head.
    command : str, default="featgraph.analyze(...)"
        How the run was started, for its provenance.
    progress : bool or None, default=None
        Show bars; None shows them on a terminal.
    **capture
        Further options of :func:`featgraph.features.extract_features`.

    Returns
    -------
    Report
        Rows and objects of every layer; ``report.write(folder)`` writes them.

    Raises
    ------
    ValueError
        If no layer could be analysed, or an argument breaks its rule. A single layer that
        cannot be analysed (all activations equal, or too many nodes for the memory there is) is
        listed in ``report.skipped``.
    KeyboardInterrupt
        After Ctrl-C; with ``folder`` the message says what was saved.

    Notes
    -----
    Time per layer is dominated by the coverings: about a second for 128 nodes and 256 θ.

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> net = nn.Sequential(nn.Linear(4, 24), nn.ReLU(), nn.Linear(24, 24))
    >>> quick = AnalysisSettings(n_theta=16, n_null=0, n_sweep=0)
    >>> inputs = torch.randn(40, 4, generator=torch.Generator().manual_seed(0))
    >>> report = analyze(net, inputs, layers=["0"], settings=quick)
    >>> report.layers, report.states
    (('0',), ('trained',))
    """
    from featgraph.distances.distance_matrix import DistanceMatrix

    settings = AnalysisSettings() if settings is None else settings
    settings = settings if epsilon is None else replace(settings, epsilon=epsilon)
    seed = int(rng) if isinstance(rng, int | np.integer) else int(as_rng(rng).integers(2**31))
    provenance = describe_run(command, {**settings.describe(), "seed": seed})
    writer = None if folder is None else ReportWriter(folder, force=force)
    started = time.perf_counter()
    capture["progress"] = progress
    features = collect_states(model, baseline, data, states, seed, {**capture, "layers": layers})
    tasks = list(pair_up(features))
    source = next((F.source for _, F in tasks if F.source), None) or "the network"
    if any(isinstance(F, DistanceMatrix) for _, F in tasks):
        notes = (*notes, _NOT_KEPT)
    report = Report(
        title=title or f"Feature networks of {source}",
        source=source,
        analyses=(),
        skipped=(),
        planned=tuple((state, F.layer or "") for state, F in tasks),
        provenance=provenance,
        notes=tuple(notes),
    )
    try:
        for state, F in track_progress(tasks, progress=progress, label="layers", total=len(tasks)):
            outcome = _analyze_or_resume(F, state, settings, seed, writer)
            report = _extend(report, outcome, time.perf_counter() - started)
            if writer is not None and report.analyses:
                writer.write(report)
    except KeyboardInterrupt:
        if writer is None or not report.analyses:
            raise
        page = writer.write(report)  # again: Ctrl-C may have come while it was written
        raise KeyboardInterrupt(
            f"{len(report.analyses)} of {report.n_planned} layers are finished, their report is "
            f"{page}; the same call goes on from there"
        ) from None
    if not report.analyses:
        reasons = "; ".join(f"{item.layer}: {item.reason}" for item in report.skipped)
        raise ValueError(f"no layer could be analysed ({reasons})")
    ruled = [a for a in report.analyses if a.leverage is not None and a.leverage.is_ruled_by_few]
    if ruled:
        found = "; ".join(_tell_leverage(item) for item in ruled)
        warnings.warn(
            f"a handful of neurons rules SS_rate of {len(ruled)} of {len(report.analyses)} layers: "
            f"{found}. See ruled_by_few and leverage in the table; grid='quantile' is hardly "
            "moved by few neurons",
            stacklevel=caller_level(),
        )
    return report


def _tell_leverage(item: LayerAnalysis) -> str:
    leverage = item.leverage
    if leverage is None:
        raise RuntimeError(f"layer {item.layer!r} was analysed without leverage")
    largest = leverage.nodes.size
    return (
        f"{item.layer} ({item.state}) {leverage.rate:.2f}, "
        f"{leverage.rate + leverage.change:.2f} without up to {largest} of {item.n_nodes}"
    )


@small_on_one_thread
def analyze_layer(
    features: Any,
    *,
    state: str = "trained",
    settings: AnalysisSettings | None = None,
    rng: RandomState = 0,
) -> LayerAnalysis:
    """Analyse the features of one layer, one call per stage.

    Parameters
    ----------
    features : FeatureMatrix, Tensor or ndarray, shape (n_nodes, n_samples), or DistanceMatrix
        F, or its distances: these have no null model of shuffled activations.
    state : str, default="trained"
        State of the network, for the report.
    settings : AnalysisSettings or None, default=None
        Settings; None takes the defaults.
    rng : int, Generator or None, default=0
        Source of random coverings and null models.

    Returns
    -------
    LayerAnalysis
        Graph, boxes, dimension and comparison.

    Raises
    ------
    ValueError
        If all distances are equal, so that there is nothing to measure.

    Examples
    --------
    >>> F = np.random.default_rng(0).normal(size=(30, 8))
    >>> analyze_layer(F, settings=AnalysisSettings(n_theta=16, n_null=0)).sweep.n_nodes
    30
    """
    from featgraph.dimension.sweep import epsilon_sweep
    from featgraph.distances.distance_matrix import as_distance_matrix
    from featgraph.graph.construct import feature_graph
    from featgraph.plot.positions import scale_distances
    from featgraph.selfsimilarity.leverage import measure_leverage
    from featgraph.selfsimilarity.null_scores import compare_with_nulls

    settings = AnalysisSettings() if settings is None else settings
    generator = as_rng(rng)
    started = time.perf_counter()
    C = as_distance_matrix(features)
    distances = C.values.cpu().numpy().astype(np.float64)
    graph = feature_graph(C, epsilon=settings.epsilon)
    counts, cover = _cover_hops(graph, settings, generator)
    fit = fit_dimension(counts) if np.count_nonzero(counts.counts > 1) >= MIN_POINTS else None
    comparison = compare_dimensions(
        C,
        curves=settings.curves,
        n_theta=settings.n_theta,
        time_limit=settings.time_limit,
        grid=settings.grid,
        scale=settings.scale,
        epsilon=graph.epsilon,
        hop_methods=(),
        repeats=settings.repeats,
        rng=generator,
        progress=False,
    )
    seed = int(generator.integers(2**63))  # so that no null model moves with the sweep
    sweep = (
        epsilon_sweep(C, n_steps=settings.n_sweep, n_references=2, rng=seed, progress=False)
        if settings.n_sweep
        else None
    )
    # Last, so that which null models there are changes no other draw.
    how: dict[str, Any] = {"rng": generator, "grid": settings.grid, "scale": settings.scale}
    how["n_draws"] = settings.n_null
    nulls = compare_with_nulls(features, **how) if settings.n_null else []
    positions, share = scale_distances(distances)
    return LayerAnalysis(
        layer=C.layer or "layer",
        state=state,
        n_samples=C.n_samples,
        n_silent=int(C.is_silent.sum()),
        graph=graph,
        counts=counts,
        fit=fit,
        cover=cover,
        comparison=comparison,
        positions=positions,
        share=share,
        groups=_group_nodes(distances),
        null=nulls[0] if nulls else None,
        seconds=time.perf_counter() - started,
        other_nulls=tuple(nulls[1:]),
        sweep=sweep,
        leverage=measure_leverage(features, **how) if C.n_nodes > 2 else None,
    )


def _cover_hops(
    graph: FeatureGraph, settings: AnalysisSettings, rng: np.random.Generator
) -> tuple[BoxCounts, BoxCover]:
    """Return the counts of all sizes, and the boxes of the size that is drawn."""
    if settings.method == "optimum":
        # A seed of its own: what a search draws until its time is up moves nothing that follows.
        limited: dict[str, Any] = {
            "time_limit": settings.time_limit,
            "rng": int(rng.integers(2**63)),
            "progress": False,
        }
        counts = minimum_box_counts(graph, **limited)
        return counts, minimum_box_cover(graph, _drawn_size(counts), **limited)
    how: dict[str, Any] = {"method": settings.method, "rng": rng}
    counts = box_counts(graph, repeats=settings.repeats, bounds=True, progress=False, **how)
    return counts, box_cover(graph, _drawn_size(counts), **how)


def _drawn_size(counts: BoxCounts) -> float:
    """Return the smallest size with few enough boxes to tell their colours apart."""
    few = np.flatnonzero(counts.counts <= _DRAWN_BOXES)
    return float(counts.sizes[few[0] if few.size else -1])


def _group_nodes(distances: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return complete-linkage clusters: boxes of one diameter, at most seven of them."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    tree = linkage(squareform(distances, checks=False), "complete")
    groups: NDArray[np.int64] = fcluster(tree, _N_GROUPS, "maxclust").astype(np.int64) - 1
    return groups


def _analyze_or_resume(
    F: FeatureMatrix | DistanceMatrix,
    state: str,
    settings: AnalysisSettings,
    seed: int,
    writer: ReportWriter | None,
) -> LayerAnalysis | SkippedLayer:
    layer = F.layer or "layer"
    fingerprint = _fingerprint(F, settings, seed)
    if writer is not None:
        earlier = writer.load(file_key(state, layer), fingerprint=fingerprint)
        if earlier is not None:
            return earlier
    rng = np.random.default_rng([seed, zlib.crc32(f"{state}/{layer}".encode())])
    try:
        analysis = analyze_layer(F, state=state, settings=settings, rng=rng)
    except (ValueError, MemoryError) as error:
        return SkippedLayer(state, layer, " ".join(str(error).split()))
    if writer is not None:
        writer.save(replace(analysis, fingerprint=fingerprint))
    return analysis


def _fingerprint(F: FeatureMatrix | DistanceMatrix, settings: AnalysisSettings, seed: int) -> str:
    kind = type(F).__name__, F.n_samples, F.values.shape
    digest = hashlib.sha256(repr((hash_sources(), settings, seed, *kind)).encode())
    digest.update(np.ascontiguousarray(F.values.detach().cpu().numpy()).tobytes())
    return digest.hexdigest()


def _extend(report: Report, outcome: LayerAnalysis | SkippedLayer, seconds: float) -> Report:
    provenance = replace(report.provenance, seconds=seconds)
    if isinstance(outcome, SkippedLayer):
        return replace(report, skipped=(*report.skipped, outcome), provenance=provenance)
    return replace(report, analyses=(*report.analyses, outcome), provenance=provenance)
