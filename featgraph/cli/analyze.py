"""``featgraph analyze``: a report on the layers of a model, or on saved features."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from featgraph.cli.inputs import (
    IMAGES,
    Data,
    Images,
    ModelOptions,
    ModelSpec,
    SavedFeatures,
    Weights,
    build_model,
    check_subject,
)
from featgraph.cli.options import (
    Device,
    EpsilonRule,
    Force,
    Layers,
    MethodChoice,
    NTheta,
    NullDraws,
    Out,
    Seed,
    TimeLimit,
)
from featgraph.cli.processes import count_processes, joined_processes, own_device, stream_together
from featgraph.cli.screen import LOUD, Screen

if TYPE_CHECKING:
    from featgraph.report.report import Report

__all__ = ["analyze_network", "show_summary"]


def analyze_network(
    model: ModelSpec | None = None,
    /,
    *,
    weights: Weights = None,
    option: ModelOptions = (),
    data: Data = None,
    images: Images = IMAGES,
    features: SavedFeatures = None,
    baseline_features: Path | None = None,
    no_baseline: bool = False,
    layers: Layers = ("auto",),
    stream: bool = False,
    epsilon: EpsilonRule = "percolation",
    method: MethodChoice = "optimum",
    n_theta: NTheta = 256,
    null_draws: NullDraws = 39,
    time_limit: TimeLimit = 10.0,
    device: Device = "cpu",
    seed: Seed = 0,
    out: Out = Path("featgraph-report"),
    force: Force = False,
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """Report on the layers of a model or of features.

    Analyses a model on images, or saved features, and writes the report. Under torchrun every
    process runs the model over its share of the images, squared distances are added up over
    all, and process 0 writes.

    Parameters
    ----------
    baseline_features
        Features of the untrained network.
    no_baseline
        Do not compare with the untrained network.
    stream
        Read images as they are needed and keep distances alone, for very many images.

    Examples
    --------
    featgraph analyze net.py:build --weights net.pt --data photos/ -o out/
    featgraph analyze timm:resnet34 --data photos/ --image-size 224 --image-norm imagenet
    featgraph analyze --features features.npz --layers "blocks.*"
    """
    from featgraph.pipeline import AnalysisSettings, analyze
    from featgraph.report.provenance import command_line

    check_subject(model, features)
    stream = stream or count_processes() > 1
    settings = AnalysisSettings(
        epsilon=epsilon, method=method, n_theta=n_theta, n_null=null_draws, time_limit=time_limit
    )
    if features is not None:
        if stream:
            raise ValueError("--features are there already: give a model, or leave out --stream")
        what = _read_features(features, baseline_features)
    else:
        build = _Building(str(model), weights, option, seed, no_baseline, device)
        if stream:
            with joined_processes(device) as (rank, _):
                what = _stream(build, data, images, (list(layers), out, force), screen)
            if rank:
                return {}  # process 0 writes the report
            layers = ("all",)
        else:
            what = {**build.models(), "data": images.read(data, screen)}
    report = analyze(
        **what,
        layers=list(layers),
        settings=settings,
        rng=seed,
        folder=out,
        force=force,
        command=command_line(),
        progress=screen.progress,
    )
    return show_summary(report, Path(out), screen)


def show_summary(report: Report, folder: Path, screen: Screen) -> dict[str, Any]:
    """Show the findings of a report and where it lies; return its tables."""
    from featgraph.report.summary import summarize_report

    findings = summarize_report(report)
    for finding in findings:
        screen.say(f"{finding.question} {finding.answer}")
        screen.say(textwrap.indent(textwrap.fill(finding.detail, 76), "  "))
    for item in report.skipped:
        screen.say(f"left out: {item.layer} ({item.state}): {item.reason}")
    screen.say(f"\nreport: {(folder / 'report.html').resolve()}")
    return {
        "findings": [asdict(finding) for finding in findings],
        "layers": report.layer_rows(),
        "skipped": [asdict(item) for item in report.skipped],
    }


def _read_features(path: Path, baseline: Path | None) -> dict[str, Any]:
    from featgraph.features.files import load_features

    found: dict[str, Any] = {"model": load_features(path)}
    if baseline is None:
        found["states"] = ("untrained", "features")
    else:
        found["baseline"] = load_features(baseline)
    return found


class _Building(NamedTuple):
    """How the network of a command is built."""

    spec: str
    weights: Path | None
    option: Sequence[str]
    seed: int
    no_baseline: bool
    device: str

    def models(self) -> dict[str, Any]:
        """Return the network, and its untrained twin where it has weights to compare."""
        from featgraph.features.running import usable_device

        place = usable_device(own_device(self.device))
        made = build_model(self.spec, self.weights, self.option, self.seed).to(place)
        if self.weights is None:
            return {"model": made, "states": ("untrained", "as built")}
        if self.no_baseline:
            return {"model": made}
        return {
            "model": made,
            "baseline": build_model(self.spec, None, self.option, self.seed).to(place),
        }


def _stream(
    build: _Building,
    data: str | None,
    images: Images,
    target: tuple[list[str], Path, bool],
    screen: Screen,
) -> dict[str, Any]:
    """Return the distances of the layers; what fails in one process fails in all."""
    from featgraph.core.processes import fail_together, process_rank
    from featgraph.report.folder import claim_folder

    layers, out, force = target
    with fail_together():
        if process_rank()[0] == 0:  # refused now rather than after hours
            claim_folder(out, kind="report", force=force)
        what = {**build.models(), "data": images.open(data)}
    return stream_together(what, layers, screen.quiet)
