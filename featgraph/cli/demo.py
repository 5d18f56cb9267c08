"""``featgraph demo``: the whole way on real data, in a minute and without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from featgraph.cli.analyze import show_summary
from featgraph.cli.options import EpsilonRule, Force, Out, Seed, whole
from featgraph.cli.output import LOUD, Screen, claim

__all__ = ["run_demo"]

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

    from featgraph.core.threads import hold_threads
    from featgraph.datasets import load_digits
    from featgraph.models import build_model, measure_accuracy, train_classifier
    from featgraph.pipeline import AnalysisSettings, analyze
    from featgraph.report.provenance import command_line

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
