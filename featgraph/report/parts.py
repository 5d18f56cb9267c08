"""One finished layer on disk, so that a stopped run can go on where it was."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from featgraph.boxes.counts import BoxCounts
from featgraph.boxes.cover import BoxCover
from featgraph.core.files import write_text
from featgraph.dimension.compare import ComparisonRow, DimensionComparison
from featgraph.dimension.fit import DimensionFit
from featgraph.dimension.sweep import EpsilonSweep
from featgraph.graph.csr_graph import FeatureGraph
from featgraph.report.layer_analysis import LayerAnalysis
from featgraph.selfsimilarity.null_scores import NullComparison

__all__ = ["load_part", "save_part"]

_FILES = ("graph.npz", "counts.npz", "cover.npz", "fit.json", "sweep.json", "layer.json")


def save_part(analysis: LayerAnalysis, folder: Path, *, fingerprint: str) -> list[Path]:
    """Write one layer as files of its own; ``layer.json``, written last, makes it valid.

    Parameters
    ----------
    analysis : LayerAnalysis
        The finished layer.
    folder : Path
        Made if missing.
    fingerprint : str
        Names features and settings; :func:`load_part` asks for the same.

    Returns
    -------
    list of Path
        The files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "layer.json").unlink(missing_ok=True)  # while files are exchanged, nothing is valid
    graph, counts, cover, fit, sweep, layer = (folder / name for name in _FILES)
    files = [analysis.graph.save(graph), analysis.counts.save(counts), analysis.cover.save(cover)]
    if analysis.fit is not None:
        files.append(analysis.fit.save(fit))
    if analysis.sweep is not None:
        files.append(analysis.sweep.save(sweep))
    comparison = analysis.comparison
    values: dict[str, Any] = {
        "fingerprint": fingerprint,
        "layer": analysis.layer,
        "state": analysis.state,
        "n_samples": analysis.n_samples,
        "n_silent": analysis.n_silent,
        "has_fit": analysis.fit is not None,
        "has_sweep": analysis.sweep is not None,
        "positions": analysis.positions.tolist(),
        "share": analysis.share,
        "groups": analysis.groups.tolist(),
        "null": None if analysis.null is None else asdict(analysis.null),
        "other_nulls": [asdict(null) for null in analysis.other_nulls],
        "seconds": analysis.seconds,
        "theta": comparison.theta.tolist(),
        "curves": {name: curve.tolist() for name, curve in comparison.curves.items()},
        "best": comparison.best.tolist(),
        "lower": comparison.lower.tolist(),
        "rows": comparison.to_rows(),
        "epsilon": comparison.epsilon,
    }
    files.append(write_text(layer, json.dumps(values) + "\n"))
    return files


def load_part(folder: Path, *, fingerprint: str) -> LayerAnalysis | None:
    """Read a layer written by :func:`save_part`.

    Returns
    -------
    LayerAnalysis or None
        None if there is none, it is damaged, or it belongs to other features or settings.
    """
    try:
        values = json.loads((folder / "layer.json").read_text(encoding="utf-8"))
        if values["fingerprint"] != fingerprint:
            return None
        return _rebuild(folder, values)
    except (OSError, ValueError, KeyError, TypeError):  # whatever is damaged is computed again
        return None


def _rebuild(folder: Path, values: dict[str, Any]) -> LayerAnalysis:
    graph = FeatureGraph.load(folder / "graph.npz")
    return LayerAnalysis(
        layer=values["layer"],
        state=values["state"],
        n_samples=values["n_samples"],
        n_silent=values["n_silent"],
        graph=graph,
        counts=BoxCounts.load(folder / "counts.npz"),
        fit=DimensionFit.load(folder / "fit.json") if values["has_fit"] else None,
        cover=BoxCover.load(folder / "cover.npz"),
        comparison=DimensionComparison(
            theta=_array(values["theta"]),
            curves={name: _array(curve) for name, curve in values["curves"].items()},
            best=_array(values["best"]),
            lower=_array(values["lower"]),
            rows=tuple(ComparisonRow(**row) for row in values["rows"]),
            n_nodes=graph.n_nodes,
            hop_counts=(),
            hop_fits=(),
            epsilon=values["epsilon"],
            layer=values["layer"],
        ),
        positions=_array(values["positions"]),
        share=values["share"],
        groups=np.asarray(values["groups"], dtype=np.int64),
        null=None if values["null"] is None else NullComparison(**values["null"]),
        seconds=values["seconds"],
        other_nulls=tuple(NullComparison(**null) for null in values["other_nulls"]),
        sweep=EpsilonSweep.load(folder / "sweep.json") if values["has_sweep"] else None,
    )


def _array(values: list[Any]) -> NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64)
