"""``featgraph analyze``: a report on the layers of a model, or on saved features."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featgraph.boxes.methods import METHODS
from featgraph.cli.inputs import add_model, read_images, read_options
from featgraph.cli.options import (
    add_epsilon,
    add_output,
    add_quiet,
    add_seed,
    add_time_limit,
    one_of,
    whole,
)
from featgraph.cli.printing import say
from featgraph.cli.processes import capture_together, count_processes

if TYPE_CHECKING:
    from featgraph.report.report import Report

__all__ = ["add_arguments", "analyze_network"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    add_model(parser)
    parser.add_argument(
        "-f", "--features", metavar="FILE", help="saved features instead of model and data"
    )
    parser.add_argument(
        "--baseline-features", metavar="FILE", help="features of the untrained network"
    )
    parser.add_argument(
        "--no-baseline", action="store_true", help="do not compare with the untrained network"
    )
    parser.add_argument(
        "-l", "--layers", nargs="+", default=["auto"], metavar="NAME", help="layers; globs work"
    )
    add_analysis(parser)
    add_seed(parser)
    add_output(parser, "featgraph-report")
    add_quiet(parser)


def add_analysis(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the analysis itself."""
    add_epsilon(parser)
    parser.add_argument(
        "-m",
        "--method",
        type=one_of(METHODS, "--method"),
        default="greedy",
        metavar="NAME",
        help=f"covering method in hop space: {', '.join(METHODS)}",
    )
    parser.add_argument(
        "--n-theta", type=whole(4), default=256, metavar="N", help="number of box sizes θ"
    )
    add_time_limit(parser)


def analyze_network(
    *,
    model: str | None = None,
    weights: str | None = None,
    option: list[str] | None = None,
    data: str | None = None,
    size: int | None = None,
    normalize: str = "none",
    max_images: int = 512,
    features: str | None = None,
    baseline_features: str | None = None,
    no_baseline: bool = False,
    layers: list[str] | None = None,
    epsilon: Any = "percolation",
    method: str = "greedy",
    n_theta: int = 256,
    time_limit: float | None = 10.0,
    seed: int = 0,
    out: str = "featgraph-report",
    force: bool = False,
    quiet: bool = False,
) -> int:
    """Analyse a model on images, or saved features, and write the report.

    Under ``torchrun`` every process runs the model over its share of the images; process 0
    gets the features of all and writes the same report as one process alone.

    Returns
    -------
    int
        0; every problem is an exception.
    """
    from featgraph.pipeline import AnalysisSettings, analyze
    from featgraph.report.provenance import command_line

    if (model is None) == (features is None):
        raise ValueError("give either a model (and --data) or --features FILE")
    what: dict[str, Any]
    if features is not None:
        what = _read_features(features, baseline_features)
    else:
        if data is None:
            raise ValueError(
                "--data must name the images for the model: folder, .zip, .npz, digits"
            )
        images = read_images(data, size, normalize, max_images, quiet)
        what = _build_models(str(model), weights, option or [], seed, no_baseline)
        what["data"] = images
    if features is None and count_processes() > 1:
        shared = capture_together(what, layers or ["auto"], quiet)
        if shared is None:
            return 0  # process 0 writes the report
        what, layers = shared, ["all"]
    report = analyze(
        **what,
        layers=layers or ["auto"],
        settings=AnalysisSettings(
            epsilon=epsilon, method=method, n_theta=n_theta, time_limit=time_limit
        ),
        rng=seed,
        folder=out,
        force=force,
        command=command_line(),
        progress=False if quiet else None,
    )
    print_summary(report, Path(out), quiet=quiet)
    return 0


def print_summary(report: Report, folder: Path, *, quiet: bool) -> None:
    """Print the findings of a report and where it lies."""
    import textwrap

    from featgraph.report.summary import summarize_report

    for finding in summarize_report(report):
        say(f"{finding.question} {finding.answer}", quiet=quiet)
        say(textwrap.indent(textwrap.fill(finding.detail, 76), "  "), quiet=quiet)
    for item in report.skipped:
        say(f"left out: {item.layer} ({item.state}): {item.reason}", quiet=quiet)
    say(f"\nreport: {(folder / 'report.html').resolve()}", quiet=quiet)


def _read_features(path: str, baseline: str | None) -> dict[str, Any]:
    from featgraph.features.files import load_features

    found: dict[str, Any] = {"model": load_features(path)}
    if baseline is None:
        found["states"] = ("untrained", "features")
    else:
        found["baseline"] = load_features(baseline)
    return found


def _build_models(
    spec: str, weights: str | None, option: list[str], seed: int, no_baseline: bool
) -> dict[str, Any]:
    from featgraph.models.loading import load_model

    options = read_options(option)
    found: dict[str, Any] = {"model": load_model(spec, weights=weights, seed=seed, **options)}
    if weights is None:
        found["states"] = ("untrained", "as built")
    elif not no_baseline:
        found["baseline"] = load_model(spec, seed=seed, **options)
    return found
