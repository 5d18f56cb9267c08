"""Every command that writes a folder, with tiny input; run as a program it runs them all."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

import numpy as np

from featgraph import io
from featgraph.cli.entry import main
from featgraph.datasets import load_karate
from featgraph.features import FeatureMatrix, save_features

__all__ = ["COMMANDS", "PRINTED", "write_inputs"]

COMMANDS = {
    "boxcover": ["boxcover", "karate.graphml", "--method", "merge", "--repeats", "3"],
    "network": ["network", "karate.graphml", "--references", "2"],
    "fractality": ["fractality", "karate.graphml"],
    "export": ["export", "karate.graphml", "--to", "csv", "json", "--sizes", "2"],
    "compare": ["compare", "layers.npz"],
    "sweep": ["sweep", "layers.npz"],
    "invariance": ["invariance", "--features", "wide.npz"],
    "similarity": ["similarity", "layers.npz", "layers.npz"],
    "analyze": ["analyze", "--features", "layers.npz"],
    "train": ["train", "mlp", "--data", "digits", "--epochs", "1"],
    "weights": ["weights", "mlp", "--n-samples", "2"],
    "demo": ["demo", "--quick"],
}
#: Commands that write no folder: what they print as JSON.
PRINTED = {
    "layers": ["layers", "mlp", "--json"],
    "methods": ["methods", "--json"],
    "convert": ["convert", "karate.graphml", "-", "--output-format", "cyjs"],
}
WITH_JOBS = {"boxcover", "analyze", "compare", "fractality", "similarity"}


def write_inputs() -> None:
    """Write a graph and the features of two layers into the folder at hand."""
    rng = np.random.default_rng(0)
    for file, n_nodes in (("layers", 24), ("wide", 60)):
        drawn = {name: FeatureMatrix.from_array(rng.normal(size=(n_nodes, 80))) for name in "ab"}
        save_features(drawn, f"{file}.npz")
    io.write_graph(load_karate(), "karate.graphml")


def _run_all(jobs: str) -> int:
    write_inputs()
    statuses = []
    for name, words in COMMANDS.items():
        own = ["--jobs", jobs] if name in WITH_JOBS else []
        statuses.append(main([*words, "--seed", "3", *own, "-o", name, "--quiet"]))
    for name, words in PRINTED.items():
        Path(name).mkdir()
        with Path(name, "printed.json").open("w") as file, contextlib.redirect_stdout(file):
            statuses.append(main(words))
    return max(statuses)


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir()
    import os

    os.chdir(sys.argv[1])
    sys.exit(_run_all(sys.argv[2]))
