"""Every command that writes a folder, with tiny input; run as a program it runs them all."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from featgraph import io
from featgraph.cli.entry import main
from featgraph.datasets import load_karate
from featgraph.features import FeatureMatrix, save_features

__all__ = ["COMMANDS", "write_inputs"]

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
}


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
        seed = [] if name in ("compare",) else ["--seed", "3"]
        own = ["--jobs", jobs] if name in ("boxcover", "analyze") else []
        statuses.append(main([*words, *seed, *own, "-o", name, "--quiet"]))
    return max(statuses)


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir()
    import os

    os.chdir(sys.argv[1])
    sys.exit(_run_all(sys.argv[2]))
