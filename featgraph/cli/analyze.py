"""``featgraph analyze``: a report on the layers of a model, or on saved features."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from featgraph.boxes.methods import METHODS
from featgraph.cli.inputs import add_model, open_images, read_images, read_options
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
from featgraph.cli.processes import count_processes, joined_processes, stream_together

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
    parser.add_argument(
        "--stream",
        action="store_true",
        help="read images as they are needed and keep distances alone, for very many images",
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
        default="optimum",
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
    stream: bool = False,
    epsilon: Any = "percolation",
    method: str = "optimum",
    n_theta: int = 256,
    time_limit: float | None = 10.0,
    seed: int = 0,
    out: str = "featgraph-report",
    force: bool = False,
    quiet: bool = False,
) -> int:
    """Analyse a model on images, or saved features, and write the report.

    Under ``torchrun`` every process runs the model over its share of the images, squared
    distances are added up over all, and process 0 writes the report.

    Returns
    -------
    int
        0; every problem is an exception.
    """
    from featgraph.pipeline import AnalysisSettings, analyze
    from featgraph.report.provenance import command_line

    if (model is None) == (features is None):
        raise ValueError("give either a model (and --data) or --features FILE")
    if model is not None and data is None:
        raise ValueError("--data must name the images for the model: folder, .zip, .npz, digits")
    stream = stream or count_processes() > 1
    if features is not None:
        if stream:
            raise ValueError("--features are there already: give a model, or leave out --stream")
        what = _read_features(features, baseline_features)
    elif stream:
        reading = (str(data), size, normalize, max_images)
        building = (str(model), weights, option or [], seed, no_baseline)
        found = _stream(reading, building, layers or ["auto"], (out, force), quiet)
        if found is None:
            return 0  # process 0 writes the report
        what, layers = found, ["all"]
    else:
        what = _build_models(str(model), weights, option or [], seed, no_baseline)
        what["data"] = read_images(str(data), size, normalize, max_images, quiet)
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


def _stream(
    reading: tuple[str, int | None, str, int],
    building: tuple[str, str | None, list[str], int, bool],
    layers: list[str],
    folder: tuple[str, bool],
    quiet: bool,
) -> dict[str, Any] | None:
    """Return the distances of the layers in process 0, None in others; what fails, fails in all."""
    from featgraph.core.processes import fail_together
    from featgraph.report.folder import claim_folder

    with joined_processes() as (rank, _):
        with fail_together():
            if rank == 0:  # refused now rather than after hours
                claim_folder(folder[0], kind="report", force=folder[1])
            what = _build_models(*building)
            what["data"] = open_images(*reading)
        what = stream_together(what, layers, quiet)
    return what if rank == 0 else None


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
