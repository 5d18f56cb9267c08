"""Draw the pictures of the README and the guide: python docs/make_figures.py

Trains the small network of ``featgraph demo``, copies four of the report's pictures to
docs/_static, and draws the others there. They are stored in the repository because the README
shows one of them. The pictures of the validation, of training and of the other wings come from
``python -m benchmarks.reproduce`` and the commands that their pages name.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import networkx as nx

import featgraph as fg
from featgraph.cli import main

STATIC = Path(__file__).parent / "_static"
PICTURES = {
    "main.png": "trained--blocks.2--theta.png",
    "boxes.png": "trained--blocks.2--graph.png",
    "counts.png": "trained--blocks.2--counts.png",
    "mds.png": "mds.png",
}


def copy_report() -> None:
    """Run the demo and keep four pictures of its report."""
    with tempfile.TemporaryDirectory() as folder:
        main(["demo", "--out", folder, "--seed", "0", "--force"])
        for target, source in PICTURES.items():
            shutil.copy(Path(folder) / "figures" / source, STATIC / target)


def draw_others() -> None:
    """Draw renormalisation, verdict and sweep of networks that need no training."""
    flower = fg.renormalization_flow(fg.datasets.make_flower(2, 2, 5), 1, rng=0)
    near = nx.random_geometric_graph(1500, 0.045, seed=2)
    mlp = fg.models.build_model("mlp")
    images = fg.datasets.load_digits("test").images
    layer = fg.extract_features(mlp, images, layers="blocks.1")["blocks.1"]
    sweep = fg.epsilon_sweep(layer, rng=0)
    figures = {
        "renormalization.png": fg.plot.plot_renormalization(flower)[0],
        "fractality.png": fg.plot.plot_fractality(fg.fractality(near, rng=0))[0],
        "sweep.png": fg.plot.plot_epsilon_sweep(sweep, chosen=sweep.percolation)[0],
    }
    for name, figure in figures.items():
        figure.savefig(STATIC / name, dpi=200)


if __name__ == "__main__":
    copy_report()
    draw_others()
