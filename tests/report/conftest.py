"""A small analysis that all report tests share."""

from __future__ import annotations

import numpy as np
import pytest

from featgraph.features import FeatureMatrix
from featgraph.pipeline import AnalysisSettings, analyze

QUICK = AnalysisSettings(
    curves=("paper", "released", "linkage", "greedy"), n_theta=16, n_null=3, n_sweep=2, repeats=1
)


def make_features(seed, n_nodes=24):
    rng = np.random.default_rng(seed)
    centers = rng.normal(size=(4, 10))
    values = centers[rng.integers(0, 4, n_nodes)] + 0.4 * rng.normal(size=(n_nodes, 10))
    return FeatureMatrix.from_array(values, source="net")


@pytest.fixture(scope="session")
def quick():
    return QUICK


@pytest.fixture(scope="session")
def features():
    return {"fc1": make_features(0), "blocks.<b>1</b>": make_features(1)}


@pytest.fixture(scope="session")
def baseline():
    return {"fc1": make_features(2), "blocks.<b>1</b>": make_features(3)}


@pytest.fixture(scope="session")
def report(features, baseline):
    return analyze(
        features,
        baseline=baseline,
        settings=QUICK,
        title="A title with <script>alert(1)</script>",
        notes=["Accuracy > 90 % & rising."],
        progress=False,
    )
