"""Mutated files of every kind of result: a right object, or the one error that names the file."""

from __future__ import annotations

import functools
import random
import resource
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import featgraph as fg
from featgraph.boxes import BoxCounts, BoxCover
from featgraph.core.files import DamagedFileError
from featgraph.core.result import Result
from featgraph.dimension import DimensionComparison, DimensionFit, EpsilonSweep
from featgraph.distances import DistanceMatrix, as_distance_matrix
from featgraph.features import FeatureMatrix
from featgraph.graph import FeatureGraph, SmallWorld
from featgraph.similarity import PersistenceDiagrams, SimilarityMatrix, compare_layers
from tests.fuzz.mutations import mutate

N_QUICK, N_LONG = 20, 2000


@functools.cache
def results() -> dict[str, Result]:
    """Return one small result of every kind that commands or people keep."""
    F = np.random.default_rng(0).normal(size=(14, 6))
    graph = fg.feature_graph(F).with_attributes(name=[f"n{k}" for k in range(14)])
    counts = fg.box_counts(graph, method="greedy", repeats=2, bounds=True, rng=0, progress=False)
    quiet: dict[str, Any] = {"rng": 0, "progress": False}
    halves = 32 // 2 ** np.arange(6)
    points = {0: np.array([[0.0, 0.4], [0.0, np.inf]]), 1: np.empty((0, 2))}
    return {
        "features": FeatureMatrix.from_array(F, layer="fc"),
        "distances": as_distance_matrix(torch.from_numpy(F)),
        "graph": graph,
        "cover": fg.box_cover(graph, 1, method="memb", rng=0),
        "counts": counts,
        "fit": fg.fit_dimension(BoxCounts(np.arange(6), halves, "cbb", "diameter", 40)),
        "sweep": fg.epsilon_sweep(F, n_steps=3, n_references=1, **quiet),
        "world": fg.small_world(graph, n_references=2, **quiet),
        "comparison": fg.compare_dimensions(F, n_theta=8, curves=("paper", "linkage"), **quiet),
        "similarity": compare_layers({"a": F, "b": F[:, :3]}),
        "diagrams": PersistenceDiagrams(points),
    }


FORMATS = {
    "features": (FeatureMatrix, ("npz", "safetensors")),
    "distances": (DistanceMatrix, ("npz", "json")),
    "graph": (FeatureGraph, ("npz", "json")),
    "cover": (BoxCover, ("npz", "json")),
    "counts": (BoxCounts, ("npz", "json")),
    "fit": (DimensionFit, ("json",)),
    "sweep": (EpsilonSweep, ("json",)),
    "world": (SmallWorld, ("json",)),
    "comparison": (DimensionComparison, ("npz",)),
    "similarity": (SimilarityMatrix, ("json",)),
    "diagrams": (PersistenceDiagrams, ("npz",)),
}
CASES = [(name, suffix) for name, (_, suffixes) in FORMATS.items() for suffix in suffixes]


def check_outcome(kind: type[Result], path: Path, again: Path) -> None:
    """Load a damaged file: the error that names it, or an object that can be used and kept."""
    try:
        found = kind.load(path)
    except DamagedFileError as error:
        if path.name not in str(error):
            raise
        return
    assert isinstance(found, kind)
    repr(found)
    found.to_rows()
    kind.load(found.save(again))


def fuzz(name: str, suffix: str, tmp_path: Path, seed: int, n_mutations: int) -> None:
    kind = FORMATS[name][0]
    sound = results()[name].save(tmp_path / f"sound.{suffix}").read_bytes()
    path, draw = tmp_path / f"{name}.{suffix}", random.Random(f"{name} {suffix} {seed}")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for number in range(n_mutations):
        path.write_bytes(sound)
        mutate(path, draw)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                check_outcome(kind, path, tmp_path / f"again.{suffix}")
        except Exception as error:
            raise AssertionError(f"mutation {number} of {name}.{suffix}: {error!r}") from error
    # kilobytes: nothing large was claimed for what a header says
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


@pytest.mark.parametrize(("name", "suffix"), CASES)
def test_mutated_files_end_in_one_error(name, suffix, tmp_path):
    fuzz(name, suffix, tmp_path, seed=0, n_mutations=N_QUICK)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(1, 3))
@pytest.mark.parametrize(("name", "suffix"), CASES)
def test_many_mutated_files_end_in_one_error(name, suffix, seed, tmp_path):
    fuzz(name, suffix, tmp_path, seed=seed, n_mutations=N_LONG)


@pytest.mark.parametrize(("name", "suffix"), CASES)
def test_sound_files_come_back(name, suffix, tmp_path):
    result = results()[name]
    again = type(result).load(result.save(tmp_path / f"a.{suffix}"))
    if name != "features":
        assert str(again.to_dict()) == str(result.to_dict())
    assert repr(again) == repr(result)
