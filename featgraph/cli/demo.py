"""``featgraph demo``: the whole way on real data, in a minute and without a network."""

from __future__ import annotations

import argparse
from pathlib import Path

from featgraph.cli.analyze import print_summary
from featgraph.cli.options import add_epsilon, add_output, add_quiet, add_seed, one_of, whole
from featgraph.cli.printing import say
from featgraph.core.threads import hold_threads

__all__ = ["add_arguments", "run_demo"]

_NAMES = {
    "mlp": "multilayer perceptron",
    "cnn": "convolutional network",
    "resnet": "residual network",
    "resmlp": "ResMLP",
    "mixer": "MLP-Mixer",
    "vit": "vision transformer",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments of the command."""
    parser.add_argument(
        "--model",
        type=one_of(_NAMES, "--model"),
        default="mlp",
        metavar="NAME",
        help=f"network to train: {', '.join(_NAMES)}",
    )
    parser.add_argument(
        "--epochs", type=whole(1), default=15, metavar="N", help="passes over the digits"
    )
    parser.add_argument(
        "--quick", action="store_true", help="fewer epochs, images and box sizes; a few seconds"
    )
    add_epsilon(parser)
    add_seed(parser)
    add_output(parser, "featgraph-report")
    add_quiet(parser)


def run_demo(
    *,
    model: str = "mlp",
    epochs: int = 15,
    quick: bool = False,
    epsilon: float | str | tuple[str, float] = "percolation",
    seed: int = 0,
    out: str = "featgraph-report",
    force: bool = False,
    quiet: bool = False,
) -> int:
    """Train a small network on handwritten digits, analyse it untrained and trained.

    Returns
    -------
    int
        0; every problem is an exception.
    """
    import torch

    from featgraph.datasets.images import load_digits
    from featgraph.models.building import build_model
    from featgraph.models.training import measure_accuracy, train_classifier
    from featgraph.pipeline import AnalysisSettings, analyze
    from featgraph.report.folder import claim_folder
    from featgraph.report.provenance import command_line

    claim_folder(out, kind="report", force=force)  # before the training, not after it
    progress = False if quiet else None
    epochs = min(epochs, 3) if quick else epochs
    train, test = load_digits("train", seed=seed), load_digits("test", seed=seed)
    untrained, trained = build_model(model, seed=seed), build_model(model, seed=seed)
    say(f"training a small {_NAMES[model]} on {len(train)} handwritten digits", quiet=quiet)
    order = torch.Generator().manual_seed(seed)
    with hold_threads():  # the network is tiny
        train_classifier(trained, train, epochs=epochs, generator=order, progress=progress)
        accuracy = measure_accuracy(trained, test)
    say(f"it reads {accuracy:.1%} of {len(test)} held-out digits right", quiet=quiet)
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
        progress=progress,
    )
    print_summary(report, Path(out), quiet=quiet)
    return 0
