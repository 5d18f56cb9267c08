"""Mutated inputs: features, weights, checkpoints, samples, tables; used, or the file is named."""

from __future__ import annotations

import itertools
import random
import resource
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest
import safetensors.torch
import torch

import featgraph as fg
from featgraph.training import TrainingSettings, load_checkpoint, train
from tests.fuzz.mutations import mutate

N_QUICK, N_LONG = 12, 1500
LAYERS = {f"block.{k}": np.random.default_rng(k).normal(size=(6, 5)) for k in range(2)}


def net() -> Any:
    return fg.models.build_model("mlp", image_shape=(1, 4, 4), n_classes=3, widths=(5, 4))


def data() -> Any:
    images = torch.linspace(-1, 1, 12 * 16).reshape(12, 1, 4, 4)
    return torch.utils.data.TensorDataset(images, torch.arange(12) % 3)


def go_on(path: Path, model: Any = None) -> Any:
    """Train for two epochs of two steps, from the checkpoint on if there is one."""
    settings = TrainingSettings(epochs=2, batch_size=6, seed=0)
    how: dict[str, Any] = {"layers": ["blocks.1.1"], "estimators": ("released",)}
    model = model or net()
    return train(model, data(), settings=settings, folder=path.parent, progress=False, **how)


def stop_early(path: Path) -> None:
    """Leave the checkpoint of a training that is stopped in its second epoch."""
    model, n_passes = net(), itertools.count()

    def stop(*_: Any) -> None:
        if model.training and next(n_passes) == 3:
            raise KeyboardInterrupt

    model.register_forward_pre_hook(stop)
    with pytest.raises(KeyboardInterrupt):
        go_on(path, model)


def count(path: Path) -> Any:
    return fg.box_counts(
        nx.path_graph(12),
        method="greedy",
        repeats=3,
        rng=0,
        checkpoint=path,
        progress=False,
        jobs=1,
    )


def save_features(path: Path) -> None:
    fg.features.save_features({k: fg.FeatureMatrix.from_array(v) for k, v in LAYERS.items()}, path)


def write_tables(path: Path) -> None:
    if path.suffix == ".parquet":
        pytest.importorskip("pyarrow")
    graph = fg.datasets.make_path(5).with_attributes(name=list("abcde"), size=np.arange(5.0))
    fg.io.write_tables(graph, path.with_name("nodes.csv"), path.with_name(f"edges{path.suffix}"))


#: How each file is written, and how it is used.
FILES: dict[str, tuple[Callable[[Path], Any], Callable[[Path], Any]]] = {
    "layers.npz": (save_features, fg.features.load_features),
    "layers.safetensors": (save_features, fg.features.load_features),
    "layer.npy": (lambda p: np.save(p, LAYERS["block.0"]), fg.features.load_features),
    "layers.pt": (lambda p: torch.save({k: torch.tensor(v) for k, v in LAYERS.items()}, p),
                  fg.features.load_features),
    "weights.pt": (lambda p: torch.save(net().state_dict(), p),
                   lambda p: fg.models.load_weights(net(), p)),
    "weights.safetensors": (lambda p: safetensors.torch.save_file(net().state_dict(), p),
                            lambda p: fg.models.load_weights(net(), p)),
    "checkpoint.pt": (stop_early, lambda p: (load_checkpoint(p), go_on(p))),
    "counts.json": (count, count),
    "ids.txt": (lambda p: p.write_text("1 2 3\n4,5\n77 8\n"), fg.datasets.load_token_ids),
    "samples.npz": (lambda p: np.savez(p, ids=np.arange(6).reshape(3, 2), mask=np.ones((3, 2))),
                    fg.datasets.load_arrays),
    "samples.npy": (lambda p: np.save(p, np.ones((3, 2))), fg.datasets.load_arrays),
    "nodes.csv": (write_tables, lambda p: fg.io.read_tables(p.with_name("edges.csv"), p)),
    "edges.csv": (write_tables, lambda p: fg.io.read_tables(p, p.with_name("nodes.csv"))),
    "edges.parquet": (write_tables, fg.io.read_tables),
}  # fmt: skip


def fuzz(name: str, tmp_path: Path, seed: object, n_mutations: int) -> None:
    path = tmp_path / name
    write, use = FILES[name]
    write(path)
    sound, draw = path.read_bytes(), random.Random(f"{name} {seed}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        use(path)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for number in range(n_mutations):
            path.write_bytes(sound)
            mutate(path, draw)
            try:
                use(path)
            except ValueError as error:
                told = {path.name, str(path), "checkpoint"}
                assert any(word in str(error) for word in told), f"{number}: {error!r}"  # noqa: PT017
            except Exception as error:
                raise AssertionError(f"mutation {number} of {name}: {error!r}") from error
    # kilobytes: nothing large was claimed for what a header says
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000


@pytest.mark.parametrize("name", FILES)
def test_mutated_inputs_end_in_one_error(name, tmp_path):
    fuzz(name, tmp_path, seed=0, n_mutations=N_QUICK)


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(1, 3))
@pytest.mark.parametrize("name", FILES)
def test_many_mutated_inputs_end_in_one_error(name, seed, tmp_path):
    fuzz(name, tmp_path, seed=seed, n_mutations=N_LONG)
