"""The sentence as code: features → distances → graph → boxes → dimension → report."""

from __future__ import annotations

import contextlib
import hashlib
import time
import warnings
import zlib
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from featgraph.core.package import caller_level, hash_sources
from featgraph.core.parallel import WorkerLost, run_parallel
from featgraph.core.resources import hold_threads, small_on_one_thread
from featgraph.core.values import RandomState, as_rng
from featgraph.dimension.compare import compare_dimensions
from featgraph.dimension.fit import MIN_POINTS, fit_dimension
from featgraph.report.analysis import LayerAnalysis, SkippedLayer, measure_model_weights
from featgraph.report.figures import render_layer
from featgraph.report.folder import describe_run, file_key
from featgraph.report.report import Report, ReportWriter
from featgraph.report.settings import AnalysisSettings, collect_states, cover_hops, pair_up
from featgraph.report.summary import tell_ruled_layers

if TYPE_CHECKING:
    import os

    from torch import nn

    from featgraph.distances.distance_matrix import DistanceMatrix
    from featgraph.features.feature_matrix import FeatureMatrix

__all__ = ["AnalysisSettings", "analyze", "analyze_layer"]

_N_GROUPS = 7
_NOT_KEPT = "Activations were not kept: the null model of shuffled activations is left out."


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
    weight_network: bool = False,
    jobs: int | None = None,
    writing: Mapping[str, Any] | None = None,
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
    weight_network : bool, default=False
        Add a section on the network of the model's own weights: both spectra of
        :func:`featgraph.multifractal_weights` beside null models.
    jobs : int or None, default=None
        Layers at once, each in a process of its own with one thread; None: one after another, or
        as ``joblib.parallel_config`` says. The result is the same for any number.
    writing : mapping or None, default=None
        Options of :class:`featgraph.report.ReportWriter`: standalone, graphs, vector.
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
        cannot be analysed (all activations equal, too many nodes for the memory there is, or its
        worker died twice) is listed in ``report.skipped``.
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
    started = time.perf_counter()
    capture |= {"progress": progress, "layers": layers}
    with contextlib.ExitStack() as stack:
        writer = None
        if folder is not None:  # refused before the model runs, if it must be
            writer = ReportWriter(folder, force=force, **{"jobs": jobs, **(writing or {})})
            stack.callback(writer.close)
        tasks = list(pair_up(collect_states(model, baseline, data, states, seed, capture)))
        source = next((F.source for _, F in tasks if F.source), None) or "the network"
        if any(isinstance(F, DistanceMatrix) for _, F in tasks):
            notes = (*notes, _NOT_KEPT)
        report = Report(
            title=title or f"Feature networks of {source}",
            source=source,
            analyses=(),
            skipped=(),
            planned=tuple((state, F.layer or "layer") for state, F in tasks),
            provenance=provenance,
            notes=tuple(notes),
            weights=measure_model_weights(model, seed) if weight_network else (),
        )
        outcomes = _analyze_all(tasks, settings, seed, writer, jobs, progress)
        stack.callback(outcomes.close)
        report = _gather(report, outcomes, writer, started)
    if not report.analyses:
        reasons = "; ".join(f"{item.layer}: {item.reason}" for item in report.skipped)
        raise ValueError(f"no layer could be analysed ({reasons})")
    if ruled := tell_ruled_layers(report):
        cure = "See ruled_by_few and leverage in the table; grid='quantile' is hardly moved by few"
        warnings.warn(f"{ruled}. {cure} neurons", stacklevel=caller_level())
    return report


def _gather(
    report: Report,
    outcomes: Iterator[dict[int, LayerAnalysis | SkippedLayer]],
    writer: ReportWriter | None,
    started: float,
) -> Report:
    """Return the report with all outcomes, in the planned order; write it while they come in."""
    found: dict[int, LayerAnalysis | SkippedLayer] = {}
    try:
        for new in outcomes:
            found |= new
            ordered = [found[place] for place in sorted(found)]
            report = replace(
                report,
                analyses=tuple(item for item in ordered if isinstance(item, LayerAnalysis)),
                skipped=tuple(item for item in ordered if isinstance(item, SkippedLayer)),
                provenance=replace(report.provenance, seconds=time.perf_counter() - started),
            )
            if writer is not None and report.analyses and report.is_partial:
                writer.write(report)
        if writer is not None and report.analyses:  # now that all workers are free
            writer.write(report)
    except KeyboardInterrupt:
        if writer is None or not report.analyses:
            raise
        page = writer.write(report)  # again: Ctrl-C may have come while it was written
        raise KeyboardInterrupt(
            f"{len(report.analyses)} of {report.n_planned} layers are finished, their report is "
            f"{page}; the same call goes on from there"
        ) from None
    return report


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
    from featgraph.distances.distance_matrix import DistanceMatrix, as_distance_matrix
    from featgraph.graph.construct import feature_graph
    from featgraph.plot.mds import scale_distances, scale_features
    from featgraph.selfsimilarity.sensitivity import compare_and_set_aside

    settings = AnalysisSettings() if settings is None else settings
    generator = as_rng(rng)
    started = time.perf_counter()
    C = as_distance_matrix(features)
    graph = feature_graph(C, epsilon=settings.epsilon)
    counts, cover = cover_hops(graph, settings, generator)
    fit = fit_dimension(counts) if np.count_nonzero(counts.counts > 1) >= MIN_POINTS else None
    comparison = compare_dimensions(
        C,
        **settings.curve_options,
        epsilon=graph.epsilon,
        hop_methods=(),
        rng=generator,
        progress=False,
    )
    seed = int(generator.integers(2**63))  # so that no null model moves with the sweep
    sweep = None
    if settings.n_sweep:
        sweep = epsilon_sweep(C, n_steps=settings.n_sweep, n_references=2, rng=seed, progress=False)
    # Last, so that which null models there are changes no other draw.
    theta_rule: dict[str, Any] = {"grid": settings.grid, "scale": settings.scale}
    nulls, leverage = compare_and_set_aside(features, settings.n_null, generator, **theta_rule)
    is_kept = not isinstance(features, DistanceMatrix)
    positions, share = scale_features(features) if is_kept else scale_distances(C.values.cpu())
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
        groups=_group_nodes(C.values.cpu().numpy()),
        null=nulls[0] if nulls else None,
        seconds=time.perf_counter() - started,
        other_nulls=tuple(nulls[1:]),
        sweep=sweep,
        leverage=leverage,
    )


def _group_nodes(distances: NDArray[Any]) -> NDArray[np.int64]:
    """Return complete-linkage clusters: boxes of one diameter, at most seven of them."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import squareform

    tree = linkage(squareform(distances, checks=False), "complete")
    groups: NDArray[np.int64] = fcluster(tree, _N_GROUPS, "maxclust").astype(np.int64) - 1
    return groups


def _analyze_all(
    tasks: Sequence[tuple[str, FeatureMatrix | DistanceMatrix]],
    settings: AnalysisSettings,
    seed: int,
    writer: ReportWriter | None,
    jobs: int | None,
    progress: bool | None,
) -> Generator[dict[int, LayerAnalysis | SkippedLayer], None, None]:
    """Yield outcomes by place: first all those of an earlier run, then each new one."""
    fresh, earlier, prints = [], dict[int, LayerAnalysis | SkippedLayer](), {}
    for place, (state, F) in enumerate(tasks):
        kept = None
        if writer is not None:
            prints[place] = _fingerprint(F, settings, seed)
            kept = _resume(F, state, settings, writer, prints[place])
        if kept is None:
            fresh.append(place)
        else:
            earlier[place] = kept
    if earlier:
        yield earlier
    wanted = None if writer is None else writer.wanted
    calls = [(tasks[place][1], tasks[place][0], settings, seed, wanted) for place in fresh]
    how: dict[str, Any] = {"jobs": jobs, "progress": progress, "label": "layers"}
    results = run_parallel(_analyze_and_draw, calls, done=len(tasks) - len(fresh), **how)
    with contextlib.closing(results):
        for number, found in results:
            place = fresh[number]
            state, F = tasks[place]
            if isinstance(found, WorkerLost):
                found = SkippedLayer(state, F.layer or "layer", found.reason), {}
            outcome, files = found
            if writer is not None and isinstance(outcome, LayerAnalysis):
                outcome = replace(outcome, fingerprint=prints[place])
                writer.save(outcome, files)
            yield {place: outcome}


def _analyze_and_draw(
    F: FeatureMatrix | DistanceMatrix,
    state: str,
    settings: AnalysisSettings,
    seed: int,
    wanted: Mapping[str, Any] | None,
) -> tuple[LayerAnalysis | SkippedLayer, dict[str, bytes]]:
    """Return the outcome of a layer and its files, where there is a folder for them.

    A third of the work on a layer is drawing: here all workers share it.
    """
    outcome = _analyze_or_skip(F, state, settings, seed)
    if wanted is None or isinstance(outcome, SkippedLayer):
        return outcome, {}
    return outcome, render_layer(outcome, **wanted)


def _analyze_or_skip(
    F: FeatureMatrix | DistanceMatrix, state: str, settings: AnalysisSettings, seed: int
) -> LayerAnalysis | SkippedLayer:
    layer = F.layer or "layer"
    rng = np.random.default_rng([seed, zlib.crc32(f"{state}/{layer}".encode())])
    try:
        return analyze_layer(F, state=state, settings=settings, rng=rng)
    except (ValueError, MemoryError) as error:
        return SkippedLayer(state, layer, " ".join(str(error).split()))


def _resume(
    F: FeatureMatrix | DistanceMatrix,
    state: str,
    settings: AnalysisSettings,
    writer: ReportWriter,
    fingerprint: str,
) -> LayerAnalysis | None:
    """Return what an earlier run found; the links of its graph come from the features again."""
    from featgraph.distances.distance_matrix import as_distance_matrix
    from featgraph.graph.construct import feature_graph

    earlier = writer.load(file_key(state, F.layer or "layer"), fingerprint=fingerprint)
    if earlier is None:
        return None
    with hold_threads():
        graph = feature_graph(as_distance_matrix(F), epsilon=settings.epsilon)
    return replace(earlier, graph=graph)


def _fingerprint(F: FeatureMatrix | DistanceMatrix, settings: AnalysisSettings, seed: int) -> str:
    kind = type(F).__name__, F.n_samples, F.values.shape
    digest = hashlib.sha256(repr((hash_sources(), settings, seed, *kind)).encode())
    digest.update(np.ascontiguousarray(F.values.detach().cpu().numpy()).tobytes())
    return digest.hexdigest()
