"""``featgraph analyze``: a report on layers or saved features; ``featgraph demo``: a first one."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from featgraph.cli import inputs, options as opt
from featgraph.cli.inputs import count_processes, joined_processes, own_device
from featgraph.cli.messages import explain
from featgraph.cli.options import EpsilonRule, Force, Out, Seed, whole
from featgraph.cli.output import LOUD, Screen, claim

if TYPE_CHECKING:
    from featgraph import Report
    from featgraph.pipeline import AnalysisSettings

__all__ = ["analyze_network", "run_demo", "show_summary"]


@Parameter(name="*")
@dataclass(frozen=True)
class Settings:
    """How a layer is analysed."""

    epsilon: opt.EpsilonRule = "percolation"
    method: opt.MethodChoice = "optimum"
    n_theta: opt.NTheta = 256
    grid: opt.GridChoice = "range"
    theta_scale: opt.ScaleChoice = "log1p"
    null_draws: opt.NullDraws = 39
    time_limit: opt.TimeLimit = 10.0

    def read(self) -> AnalysisSettings:
        """Return the settings in the words of the library."""
        from featgraph.pipeline import AnalysisSettings

        words = {"theta_scale": "scale", "null_draws": "n_null"}
        return AnalysisSettings(
            **{words.get(name, name): value for name, value in vars(self).items()}
        )


@Parameter(name="*")
@dataclass(frozen=True)
class Writing:
    """What is written, and how."""

    standalone: Annotated[
        bool,
        Parameter(help="Put every picture inside the page, which then needs no other file."),
    ] = False
    graphs: Annotated[
        Literal["thinned", "whole", "none"],
        Parameter(help="GraphML file of each layer: the 5,000 shortest edges, all, or no file."),
    ] = "thinned"
    vector: Annotated[bool, Parameter(help="Write the pictures as SVG too.")] = False


_SETTINGS, _WRITING = Settings(), Writing()
_WORK = "featgraph.pipeline", "featgraph.plot.files", "numba"  # what the analysis of a layer loads


def analyze_network(
    model: inputs.ModelSpec | None = None,
    /,
    *,
    weights: inputs.Weights = None,
    option: inputs.ModelOptions = (),
    data: inputs.Data = None,
    samples: inputs.Samples = inputs.SAMPLES,
    features: inputs.SavedFeatures = None,
    baseline_features: Path | None = None,
    no_baseline: bool = False,
    weight_network: bool = False,
    layers: opt.Layers = ("auto",),
    stream: bool = False,
    settings: Settings = _SETTINGS,
    device: opt.Device = "cpu",
    jobs: opt.Jobs = 1,
    cluster: opt.Cluster = None,
    writing: Writing = _WRITING,
    seed: opt.Seed = 0,
    out: opt.Out = Path("featgraph-report"),
    force: opt.Force = False,
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """Report on the layers of a model or of features.

    Analyses a model on images, texts or arrays, or saved features, and writes the report. A
    folder of transformers holds trained weights, which are compared with weights drawn anew.
    Under torchrun every process runs the model over its share of the samples, squared distances
    are added up over all, and process 0 writes.

    Parameters
    ----------
    baseline_features
        Features of the untrained network.
    no_baseline
        Do not compare with the untrained network.
    weight_network
        Add a section on the network of the model's own weights.
    stream
        Read images as they are needed and keep distances alone, for very many images.

    Examples
    --------
    featgraph analyze net.py:build --weights net.pt --data photos/ -o out/
    featgraph analyze timm:resnet34 --data photos/ --image-size 224 --image-norm imagenet
    featgraph analyze hf:models/bert --data sentences.txt --layers "encoder.layer.*"
    featgraph analyze net.py:build --inputs measurements.npz
    featgraph analyze --features features.npz --layers "blocks.*"
    featgraph analyze --features features.npz --jobs 4 --standalone
    """
    import featgraph as fg
    from featgraph.core.parallel import joined_cluster, own_workers
    from featgraph.report.folder import command_line

    inputs.check_subject(model, features, "--no-baseline", "--weight-network")
    stream = stream or count_processes() > 1
    with own_workers(1 if stream or cluster else jobs, *_WORK):
        build = partial(_build, str(model), weights, option, seed, no_baseline, device)
        if features is not None:
            what = _read_features(features, baseline_features, stream)
        elif stream:
            read = partial(samples.read, data, screen, model, stored=True)
            claimed = partial(claim, out, "report", force)
            rank, what, _held = _stream(build, read, claimed, layers, device, screen)
            if rank:
                return {}  # process 0 writes the report
            layers = ("all",)
        else:
            what = {**build(), "data": samples.read(data, screen, model)}
        with joined_cluster(cluster):
            report = fg.analyze(
                **what,
                layers=list(layers),
                settings=settings.read(),
                weight_network=weight_network,
                rng=seed,
                folder=out,
                force=force,
                command=command_line(),
                jobs=jobs,
                writing=vars(writing),
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
        screen.say(f"left out: {item.layer} ({item.state}): {explain(item.reason)}")
    screen.say(f"\nreport: {(folder / 'report.html').resolve()}")
    return {
        "findings": [asdict(finding) for finding in findings],
        "layers": report.layer_rows(),
        "skipped": [asdict(item) for item in report.skipped],
    }


def _read_features(path: Path, baseline: Path | None, stream: bool) -> dict[str, Any]:
    from featgraph import load_features

    if stream:
        raise ValueError("--features are there already: give a model, or leave out --stream")
    if baseline is None:
        return {"model": load_features(path), "states": ("untrained", "features")}
    return {"model": load_features(path), "baseline": load_features(baseline)}


def _build(
    spec: str,
    weights: Path | None,
    option: Sequence[str],
    seed: int,
    no_baseline: bool,
    device: str,
) -> dict[str, Any]:
    """Return the network, and its untrained twin where it has weights to compare."""
    from featgraph.features.running import usable_device
    from featgraph.models.loading import names_folder

    place = usable_device(own_device(device))
    made = {"model": inputs.build_model(spec, weights, option, seed).to(place)}
    trained = names_folder(spec)  # holds weights of its own
    if weights is None and not trained:
        return {**made, "states": ("untrained", "as built")}
    if no_baseline:
        return made
    anew = ("pretrained=False",) if trained else ()
    return {**made, "baseline": inputs.build_model(spec, None, (*option, *anew), seed).to(place)}


def _stream(
    build: Callable[[], dict[str, Any]],
    read: Callable[[], Any],
    claimed: Callable[[], Any],
    layers: Sequence[str],
    device: str,
    screen: Screen,
) -> tuple[int, dict[str, Any], Any]:
    """Return the number of this process, distances over all images in place of networks, and what
    was claimed.

    Each process runs the networks over its share of the images.
    """
    from torch.utils.data import Subset

    from featgraph import stream_distances
    from featgraph.core.processes import fail_together

    with joined_processes(device) as (rank, n_processes):
        with fail_together():  # what fails in one process fails in all
            held = claimed() if rank == 0 else None  # refused now rather than after hours
            what, images = build(), read()
        own = Subset(images, range(rank, len(images), n_processes))
        progress = False if rank else screen.progress
        for name in [name for name in ("baseline", "model") if name in what]:
            what[name] = stream_distances(what[name], own, layers=list(layers), progress=progress)
    return rank, what, held


_NAMES = {
    "mlp": "multilayer perceptron", "cnn": "convolutional network", "resnet": "residual network",
    "resmlp": "ResMLP", "mixer": "MLP-Mixer", "vit": "vision transformer",
}  # fmt: skip


def run_demo(
    *,
    model: Literal["mlp", "cnn", "resnet", "resmlp", "mixer", "vit"] = "mlp",
    epochs: Annotated[int | None, whole(1)] = None,
    quick: bool = False,
    epsilon: EpsilonRule = "percolation",
    seed: Seed = 0,
    out: Out = Path("featgraph-report"),
    force: Force = False,
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """Train a small net on handwritten digits and report on it.

    Analyses the network before and after training, and writes a report. Takes about a minute
    and needs no connection.

    Parameters
    ----------
    model
        Network to train.
    epochs
        Passes over the data.
    quick
        Fewer images and box sizes, and 3 epochs where 15 are the default; a few seconds.

    Examples
    --------
    featgraph demo
    featgraph demo --quick -o report/
    featgraph demo --model resmlp --epochs 30
    """
    import torch

    from featgraph.core.resources import hold_threads
    from featgraph.datasets import load_digits
    from featgraph.models import build_model, measure_accuracy, train_classifier
    from featgraph.pipeline import AnalysisSettings, analyze
    from featgraph.report.folder import command_line

    held = claim(out, "report", force)  # before the training, not after it
    epochs = epochs or (3 if quick else 15)
    train, test = load_digits("train", seed=seed), load_digits("test", seed=seed)
    untrained, trained = build_model(model, seed=seed), build_model(model, seed=seed)
    screen.say(f"training a small {_NAMES[model]} on {len(train)} handwritten digits")
    order = torch.Generator().manual_seed(seed)
    with hold_threads():  # the network is tiny
        train_classifier(trained, train, epochs=epochs, generator=order, progress=screen.progress)
        accuracy = measure_accuracy(trained, test)
    screen.say(f"it reads {accuracy:.1%} of {len(test)} held-out digits right")
    report = analyze(
        trained,
        test.take(120) if quick else test,
        baseline=untrained,
        settings=AnalysisSettings(epsilon=epsilon, n_theta=64 if quick else 256),
        rng=seed,
        folder=out,
        force=force,
        title=f"How self-similar is a small {_NAMES[model]} that reads digits?",
        notes=[
            f"The network was trained for {epochs} epochs on {len(train)} handwritten digits of "
            f"scikit-learn and reads {accuracy:.1%} of {len(test)} others right. Its untrained "
            "twin has the weights it started from; both saw the same held-out digits."
        ],
        command=command_line(),
        progress=screen.progress,
    )
    return show_summary(report, held.path, screen)
