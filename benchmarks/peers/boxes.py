"""Boxes: counts of a graph, and of images whose dimension is known (featgraph has no images)."""

from __future__ import annotations

import math

import numpy as np

import featgraph as fg
from benchmarks.peers import definitions
from benchmarks.peers.row import Arrays, Row

CPU = ("numpy==2.2.6", "scipy==1.15.3")
CARPET = math.log(8) / math.log(3)


def carpet(levels: int = 4) -> Arrays:
    """A Sierpinski carpet, 81 pixels wide."""
    image = np.ones((1, 1), dtype=bool)
    hole = np.ones((3, 3), dtype=bool)
    hole[1, 1] = False
    for _ in range(levels):
        image = np.kron(hole, image).astype(bool)
    return {"image": image}


def full() -> Arrays:
    """A square of 64 pixels, all of them set."""
    return {"image": np.ones((64, 64), dtype=bool)}


def ladder() -> Arrays:
    """A ring of ten nodes and one chord."""
    return {"edges": np.array([[i, (i + 1) % 10] for i in range(10)] + [[0, 5]]), "n": np.array(10)}


def slope(given: Arrays, sides: list[int]) -> float:
    """Dimension of an image by counts of boxes that nest."""
    counts = [definitions.boxes_of_image(given["image"], side) for side in sides]
    return float(-np.polyfit(np.log(sides), np.log(counts), 1)[0])


_HALVES = [1, 2, 4, 8, 16, 32]

ROWS = [
    Row(
        "networkx_coloring",
        ("networkx==3.6.1", *CPU),
        "least number of boxes of diameter 2 as a colouring, DSATUR; a ring of ten with a chord",
        ladder,
        "far = dict(nx.all_pairs_shortest_path_length(G))\nH = nx.Graph(); H.add_nodes_from(G)\n"
        "H.add_edges_from((a, b) for a in G for b in G if far[a][b] > 2)\n"
        "value = 1 + max(nx.greedy_color(H, strategy='DSATUR').values())",
        lambda given: (
            fg.minimum_box_cover(
                fg.FeatureGraph.from_edges(given["edges"]), 2, progress=False
            ).n_boxes
        ),
        lambda given: definitions.shrunk_boxes(given["edges"], 10, 2),
        prepare="import networkx as nx\nG = nx.Graph(edges.tolist())",
    ),
    Row(
        "spacial_boxcounting",
        (
            "spacial-boxcounting==0.3.2",
            *CPU,
            "numba",
            "hilbertcurve",
            "pillow",
            "matplotlib",
            "pandas",
        ),
        "dimension of a full square (it is 2)",
        full,
        "value = _dimension(image)",
        None,
        lambda given: slope(given, _HALVES),
        prepare="from spacial_boxcounting.api import fractal_dimension\n_dimension = lambda im: fractal_dimension(im.astype(float))",
        rtol=0.02,
    ),
    Row(
        "boxcounting",
        ("boxcounting==1.0.0.3", *CPU, "matplotlib", "numba"),
        "counts of a full square at sides 1, 2, 4, …",
        full,
        "value = boxcounting.boxCount(image).calculateBoxCount()[0][:6]",
        None,
        lambda given: [4096 // s**2 for s in _HALVES],
        prepare="import boxcounting",
    ),
    Row(
        "fracdimpy",
        ("FracDimPy==0.1.5", *CPU, "matplotlib", "pandas"),
        "dimension of a carpet (it is log 8 / log 3)",
        carpet,
        "value = fracDimPy.box_counting(image.astype(int), data_type='image')[0]",
        None,
        lambda given: CARPET,
        prepare="import fracDimPy",
        rtol=0.02,
    ),
    Row(
        "objscale",
        ("objscale==2.2.0", *CPU, "scikit-image", "numba"),
        "dimension of a carpet (it is log 8 / log 3)",
        carpet,
        "value = objscale.ensemble_box_dimension([image.astype(float)])",
        None,
        lambda given: CARPET,
        prepare="import objscale",
        rtol=0.02,
    ),
    Row(
        "porespy",
        ("porespy==3.2.0",),
        "counts of a full square at sides 1, 2, 4, …",
        full,
        "r = porespy.metrics.boxcount(image, bins=[1, 2, 4, 8, 16, 32])\nvalue = r.count",
        None,
        lambda given: [4096 // s**2 for s in _HALVES],
        prepare="import porespy",
        note="it counts boxes that are filled in part only",
    ),
]
