"""How many minima of N_θ are proven within a time limit: layers of networks, and noise.

    python benchmarks/bench_layers.py [--limits 0 10 30] [--n-theta 256] [--cpu] [--only TEXT]
    python benchmarks/bench_layers.py --features MiniLM-trained.npz --only layer.3
    python benchmarks/bench_layers.py --networks

One row per layer and limit: CPU seconds, share of box sizes at which the smallest number of boxes
is proven, and the mean and largest of boxes found over boxes certified. One thread; features are
drawn or trained first, and compile time is left out. With ``--cpu`` limits count CPU seconds, for
machines that others use too. ``--features`` takes layers from a file, such as real_networks/
leaves, in place of the built-in ones; ``--networks`` takes the outputs of blocks of a network of
width 768 and of one of width 2048, with untrained weights of seed 0, on 120 digits (needs timm).
"""

from __future__ import annotations

import argparse
import time
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from featgraph.boxes import minimum_box_counts
from featgraph.boxes.exact import clock, highs
from featgraph.datasets import load_digits
from featgraph.distances import feature_distances
from featgraph.features import FeatureMatrix, extract_features
from featgraph.models import build_model, create_timm_model, train_classifier
from featgraph.selfsimilarity import theta_grid


def list_layers() -> dict[str, FeatureMatrix]:
    """Return the layers, by what they are."""
    train, test = load_digits("train"), load_digits("test")
    found = {}
    for width in (128, 512):
        for state in ("untrained", "trained"):
            model = build_model("mlp", widths=(width, width), seed=0)
            if state == "trained":
                train_classifier(model, train, epochs=15, progress=False)
            features = extract_features(model, test.images, progress=False)
            found[f"MLP on digits, {width} neurons, {state}"] = list(features.values())[-1]
    rng = np.random.default_rng(0)
    for n_nodes, n_samples in ((128, 64), (512, 32), (2048, 64)):
        values = rng.normal(size=(n_nodes, n_samples)).astype(np.float32)
        found[f"Gaussian, {n_nodes} nodes, {n_samples} samples"] = FeatureMatrix.from_array(values)
    return found


#: Networks of timm by name: width, blocks, pixels of a side, options.
NETWORKS: dict[str, tuple[int, list[str], int, dict[str, Any]]] = {
    "vit_base_patch16_224": (768, ["blocks.0", "blocks.11"], 64, {"img_size": 64}),
    "resnet50": (2048, ["layer4.0", "layer4.2"], 64, {}),
}


def list_blocks() -> dict[str, FeatureMatrix]:
    """Return outputs of blocks of wide networks, by what they are."""
    digits = load_digits("test").images[:120].repeat(1, 3, 1, 1)
    found = {}
    for name, (width, layers, side, options) in NETWORKS.items():
        model = create_timm_model(name, seed=0, **options)
        images = torch.nn.functional.interpolate(digits, (side, side), mode="bilinear")
        features = extract_features(model, images, layers=layers, progress=False)
        found |= {f"{name} ({width}), {layer}": features[layer] for layer in layers}
    return found


def count_cpu_seconds() -> None:
    """Let time limits count CPU seconds of this process."""
    for module in (clock, highs):
        module.time = SimpleNamespace(monotonic=time.process_time)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limits", nargs="+", type=float, default=[0.0, 10.0, 30.0])
    parser.add_argument("--n-theta", type=int, default=256)
    parser.add_argument("--cpu", action="store_true", help="limits count CPU seconds")
    parser.add_argument("--only", default="", help="layers whose name holds this text")
    parser.add_argument("--networks", action="store_true", help="blocks of wide networks")
    parser.add_argument("--features", help="file .npz of features, neurons by samples")
    options = parser.parse_args()
    if options.cpu:
        count_cpu_seconds()
    torch.set_num_threads(1)
    minimum_box_counts(np.random.default_rng(1).normal(size=(40, 8)), time_limit=5, rng=0)
    print(
        f"{'features':38s} {'limit':>6s} {'seconds':>8s} {'proven':>7s} {'mean':>8s} {'most':>6s}"
    )
    if options.features:
        arrays = np.load(options.features)
        layers = {name: FeatureMatrix.from_array(arrays[name]) for name in arrays.files}
    else:
        layers = list_blocks() if options.networks else list_layers()
    for name, F in layers.items():
        if options.only not in name:
            continue
        theta = theta_grid(feature_distances(F), options.n_theta).numpy()
        for limit in options.limits:
            begin = time.process_time()
            counts = minimum_box_counts(F, sizes=theta, time_limit=limit, rng=0, progress=False)
            seconds = time.process_time() - begin
            ratio = counts.counts / counts.lower_bounds
            print(
                f"{name:38s} {limit:6g} {seconds:8.1f} {counts.proven.mean():7.1%} "
                f"{ratio.mean():8.4f} {ratio.max():6.3f}",
                flush=True,
            )
            if counts.proven.all():
                break


if __name__ == "__main__":
    main()
