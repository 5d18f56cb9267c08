"""Draw the pictures of the README and the guide: python docs/make_figures.py

Trains the small network of ``featgraph demo``, draws four of the report's pictures at full size
into docs/_static, and others beside them. They are stored in the repository because the README
shows one of them. The pictures of the validation, of training and of the other wings come from
``python -m benchmarks.reproduce`` and the commands that their pages name.
"""

from __future__ import annotations

from pathlib import Path

import networkx as nx
import torch
from matplotlib.figure import Figure

import featgraph as fg
from featgraph.models import build_model, train_classifier
from featgraph.plot.files import render_figure
from featgraph.report.figures import draw_joint_figures, draw_layer_figures, pack_png

STATIC = Path(__file__).parent / "_static"
DPI = 200
PICTURES = {"theta": "main.png", "graph": "boxes.png", "counts": "counts.png"}


def save(name: str, figure: Figure) -> None:
    """Write a picture at full size, with a palette."""
    (STATIC / name).write_bytes(pack_png(render_figure(figure, "png", dpi=DPI)))


def draw_report() -> None:
    """Draw four pictures of the report on the network of the demo."""
    train, test = fg.datasets.load_digits("train"), fg.datasets.load_digits("test")
    untrained, trained = build_model("mlp", seed=0), build_model("mlp", seed=0)
    order = torch.Generator().manual_seed(0)
    train_classifier(trained, train, epochs=15, generator=order, progress=False)
    report = fg.analyze(trained, test, layers=["blocks.2"], baseline=untrained, rng=0)
    for name, figure in draw_layer_figures(report.find("blocks.2")):
        target = PICTURES.get(name.rpartition("--")[2])
        if target is not None:
            save(target, figure)
    save("mds.png", dict(draw_joint_figures(report))["mds"]())


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
        save(name, figure)


if __name__ == "__main__":
    draw_report()
    draw_others()
