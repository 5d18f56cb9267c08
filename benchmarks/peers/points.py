"""Points: intrinsic and correlation dimension, persistent homology, nearest neighbours."""

from __future__ import annotations

import math

import numpy as np

from benchmarks.peers import definitions
from benchmarks.peers.row import Arrays, Row
from featgraph import invariance, similarity

CPU = ("numpy==2.2.6", "scipy==1.15.3")
SKDIM = ("scikit-dimension==0.5.0", "numpy==2.2.6", "scipy==1.15.3", "scikit-learn==1.7.2")
SQUARE = "400 points in a square"


def square() -> Arrays:
    """Points in a square."""
    return {"x": np.random.default_rng(0).random((400, 2))}


def tiny_square() -> Arrays:
    """The same in small units."""
    return {"x": 1e-8 * square()["x"]}


def with_a_double() -> Arrays:
    """The same, one point twice."""
    points = square()["x"]
    return {"x": np.vstack([points, points[:1]])}


def circle() -> Arrays:
    """Eight points on a circle, and their distances."""
    angle = np.arange(8) * math.pi / 4
    points = np.column_stack([np.cos(angle), np.sin(angle)])
    return {"x": points, "d": np.round(np.sqrt(((points[:, None] - points) ** 2).sum(2)), 12)}


def doubled() -> Arrays:
    """Three points on a line, one of them twice."""
    points = np.array([[0.0], [0.0], [1.0], [3.0]])
    return {"x": points, "d": np.abs(points - points.T)}


def silent() -> Arrays:
    """Six neurons of which two are silent."""
    rows = np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)
    rows[4:] = 0
    return {"x": rows}


def deaths(dimension: int):
    """Return the finite deaths of our bars, rising."""

    def measure(given: Arrays) -> list[float]:
        bars = similarity.distance_persistence(given["d"], max_dimension=1).points[dimension]
        return sorted(float(death) for _, death in bars if math.isfinite(death))

    return measure


def true_deaths(dimension: int):
    """Return the finite deaths by the definition; a bar of no length counts in dimension 0."""

    def measure(given: Arrays) -> list[float]:
        bars = definitions.bars(given["d"], dimension)
        return [
            end for start, end in bars if math.isfinite(end) and (end > start or dimension == 0)
        ]

    return measure


def _ours(measure, **options):
    return lambda given: measure(given["x"], **options).dimension


_H1 = "value = sorted(e for b, e in bars if np.isfinite(e) and e > b)"
_H0 = "value = sorted(e for b, e in bars if np.isfinite(e))"

ROWS = [
    Row(
        "skdim_two_nn",
        SKDIM,
        "TwoNN; " + SQUARE,
        square,
        "value = skdim.id.TwoNN().fit(x).dimension_",
        _ours(invariance.estimate_two_nn, method="fit"),
        lambda given: _fit_two_nn(given["x"]),
        prepare="import skdim",
    ),
    Row(
        "skdim_mle",
        SKDIM,
        "likelihood over 20 neighbours, mean of the inverse; " + SQUARE,
        square,
        "value = skdim.id.MLE().fit(x, n_neighbors=20, comb='mle').dimension_",
        _ours(invariance.estimate_likelihood_dimension, n_neighbors=20),
        lambda given: definitions.likelihood_dimension(given["x"], 20),
        prepare="import skdim",
    ),
    Row(
        "skdim_mle_double",
        SKDIM,
        "likelihood over 20 neighbours; " + SQUARE + ", one of them twice",
        with_a_double,
        "value = skdim.id.MLE().fit(x, n_neighbors=20, comb='mle').dimension_",
        _ours(invariance.estimate_likelihood_dimension, n_neighbors=20),
        lambda given: definitions.likelihood_dimension(np.unique(given["x"], axis=0), 20),
        prepare="import skdim",
        note="one distance of 0 makes the whole estimate 0",
    ),
    Row(
        "skdim_tle",
        SKDIM,
        "TLE of the square in units of 1e-8 (the dimension is 2)",
        tiny_square,
        "value = skdim.id.TLE().fit(x, n_neighbors=20).dimension_",
        _ours(invariance.estimate_likelihood_dimension),
        lambda given: 2.0,
        prepare="import skdim",
        rtol=0.12,
        note="an absolute threshold takes all distances for 0",
    ),
    Row(
        "skdim_knn",
        SKDIM,
        "KNN with the seeds 0 … 9, least and largest (the dimension is 2)",
        square,
        "found = [skdim.id.KNN(random_state=k).fit(x).dimension_ for k in range(10)]\nvalue = min(found), max(found)",
        lambda given: [invariance.estimate_likelihood_dimension(given["x"]).dimension] * 2,
        lambda given: [2.0, 2.0],
        prepare="import skdim",
        rtol=0.12,
        note="the estimate is that of the seed",
    ),
    Row(
        "dadapy",
        ("dadapy==0.3.4",),
        "TwoNN; " + SQUARE,
        square,
        "d = Data(x)\nvalue = d.compute_id_2NN(algorithm='ml', mu_fraction=1.0)[0]",
        _ours(invariance.estimate_two_nn, discard=0.0),
        lambda given: definitions.two_nn(given["x"]),
        prepare="from dadapy import Data",
        rtol=5e-3,
    ),
    Row(
        "nolds",
        ("nolds==0.6.1", *CPU, "setuptools==75.8.0"),
        "correlation dimension of a series along a line, embedded once (the dimension is 1)",
        lambda: {"x": np.random.default_rng(0).random((600, 1))},
        "value = nolds.corr_dim(x[:, 0], 1, rvals=np.geomspace(0.01, 0.1, 9), fit='poly')",
        lambda given: (
            invariance.measure_correlation_dimension(
                given["x"], window=(0.01, 0.1), n_resamples=0
            ).dimension
        ),
        lambda given: _correlation(given["x"], np.geomspace(0.01, 0.1, 9)),
        prepare="import nolds",
        rtol=0.02,
        note="each point counts as a neighbour of itself; 0.6.3 cannot be imported by Python 3.11",
    ),
    Row(
        "fracdimpy_correlation",
        ("FracDimPy==0.1.5", *CPU, "matplotlib", "pandas"),
        "correlation dimension; " + SQUARE + ", the same in units of 1e-8 (both are near 2)",
        tiny_square,
        "value = fracDimPy.correlation_dimension(x)[0]",
        _ours(invariance.measure_correlation_dimension, n_resamples=0),
        lambda given: 2.0,
        prepare="import fracDimPy",
        rtol=0.1,
    ),
    Row(
        "ripser",
        ("ripser==0.6.15", *CPU),
        "deaths in H0; three points, one of them twice",
        doubled,
        "bars = ripser.ripser(d, distance_matrix=True, maxdim=1)['dgms'][0]\n" + _H0,
        deaths(0),
        true_deaths(0),
        prepare="import ripser",
        note="bars of length 0 are dropped, so that their number is not that of the points",
    ),
    Row(
        "gudhi",
        ("gudhi==3.13.0", "numpy==2.2.6"),
        "deaths in H1; eight points on a circle",
        circle,
        "t = gudhi.RipsComplex(distance_matrix=d).create_simplex_tree(max_dimension=2)\n_ = t.persistence()\n"
        "bars = t.persistence_intervals_in_dimension(1)\n" + _H1,
        deaths(1),
        true_deaths(1),
        prepare="import gudhi",
    ),
    Row(
        "persistent_homology",
        ("persistent-homology==0.1.3", *CPU, "matplotlib"),
        "loops that never end in H1 (there are none); eight points on a circle",
        circle,
        "bars = ph(x, max_dim=1)\nvalue = sum(1 for b in (bars.get(1, []) if isinstance(bars, dict) else bars[1]) if not np.isfinite(b[1]))",
        lambda given: len(
            [
                1
                for _, death in similarity.distance_persistence(given["d"]).points[1]
                if not math.isfinite(death)
            ]
        ),
        lambda given: len(
            [1 for _, end in definitions.bars(given["d"], 1) if not math.isfinite(end)]
        ),
        prepare="from persistent_homology import compute_persistence as ph",
        note="triangles are not built for max_dim=1, so that no loop is ever filled",
    ),
    Row(
        "redzed_tda",
        ("redzed-tda==0.1.1", *CPU, "scikit-learn==1.7.2"),
        "deaths in H1; eight points on a circle",
        circle,
        "bars = redzed_tda.rips(d, maxdim=1)[1]\n" + _H1,
        deaths(1),
        true_deaths(1),
        prepare="import redzed_tda",
    ),
    Row(
        "oineus",
        ("oineus==0.9.39", "numpy==2.2.6"),
        "deaths in H1; eight points on a circle",
        circle,
        "dcmp = oineus.Decomposition(oineus.vr_filtration(x, max_dim=2, max_diameter=3.0), False)\n"
        "p = oineus.ReductionParams()\ndcmp.reduce(p)\nbars = dcmp.diagram(oineus.vr_filtration(x, max_dim=2, max_diameter=3.0)).in_dimension(1)\n"
        + _H1,
        deaths(1),
        true_deaths(1),
        prepare="import oineus",
    ),
    Row(
        "persim",
        ("persim==0.4.1", *CPU, "scikit-learn==1.7.2"),
        "bottleneck distance of bars (0, 1) and (0, 1.25), which is 0.25",
        lambda: {"a": np.array([[0.0, 1.0]]), "b": np.array([[0.0, 1.25]])},
        "value = persim.bottleneck(a, b)",
        None,
        lambda given: 0.25,
        prepare="import persim",
    ),
    Row(
        "pynndescent",
        ("pynndescent==0.7.0", "numba==0.68.1", *CPU, "scikit-learn==1.7.2"),
        "cosine distance of two silent neurons, in the index",
        silent,
        "index = NNDescent(x, metric='cosine', n_neighbors=6, random_state=0)\nnear, far = index.neighbor_graph\n"
        "value = far[4][list(near[4]).index(5)] if 5 in near[4] else np.nan",
        None,
        lambda given: math.nan,
        prepare="from pynndescent import NNDescent",
        note="0/0 by the definition: its index says 1, its function 0",
    ),
]


def _fit_two_nn(points: np.ndarray) -> float:
    """Return the slope through the origin of -log(1 - i/N) on log(mu), the last tenth left out."""
    near = definitions.neighbor_distances(points)
    kept = int(len(points) * 0.9)
    log_ratio = np.sort(np.log(near[:, 1] / near[:, 0]))[:kept]
    rise = -np.log(1 - np.arange(1, kept + 1) / len(points))
    return float((log_ratio @ rise) / (log_ratio @ log_ratio))


def _correlation(points: np.ndarray, radii: np.ndarray) -> float:
    far = np.abs(points - points.T)[np.triu_indices(len(points), 1)]
    return float(np.polyfit(np.log(radii), np.log([(far <= r).mean() for r in radii]), 1)[0])
