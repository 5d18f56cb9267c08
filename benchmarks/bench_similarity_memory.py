"""Memory of every measure between two networks of 24 layers of 768 features on 10,000 samples.

    python benchmarks/bench_similarity_memory.py [--measures cka rsa] [--limit 60]
    python benchmarks/bench_similarity_memory.py --given arrays
    python benchmarks/bench_similarity_memory.py --given models

Each measure is a process of its own on one thread. What counts is the largest resident memory
above that of the features, 1.4 GiB in single precision. Parts of a table are worked on one after
another, and the first has the size of all others, so that a run that is stopped after ``--limit``
CPU seconds has seen the peak; it is marked with ">". Layers are mixtures of the
same 40 signals, and noise of a third of their size. ``--given arrays`` hands them over as NumPy
arrays, which are compared in double precision; with ``--given models`` two networks make them in
batches, and the peak holds the features.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys

from featgraph.similarity.measures import MEASURES

CHILD = """
import os, sys, threading, time
import numpy as np, torch
from featgraph.similarity import compare_layers, similarity_matrix

name, given, n_layers, n_samples, width, rank, limit = *sys.argv[1:3], *map(int, sys.argv[3:])

def read(what):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(what)) / 2**20

def tell(mark):
    peak, seconds = read("VmHWM") - before, time.process_time() - begin
    print(f"{name:24s} {before:8.2f} {peak:8.2f} {mark}{seconds:6.0f}", flush=True)
    os._exit(0)

def watch():
    while time.process_time() - begin < limit:
        time.sleep(0.2)
    tell(">")

torch.set_num_threads(1)
rng = np.random.default_rng(0)
signal = rng.normal(size=(n_samples, rank)).astype(np.float32)
noise = 0.3 * rng.normal(size=(n_samples, width)).astype(np.float32)

def draw(k):
    mixed = signal @ rng.normal(size=(rank, width)).astype(np.float32) / rank**0.5
    drawn = mixed + np.roll(noise, k, 0)
    return drawn if given == "arrays" else torch.from_numpy(drawn)

def mix():
    layer = torch.nn.Linear(rank, width, bias=False)
    torch.nn.init.normal_(layer.weight, std=rank**-0.5, generator=torch.manual_seed(len(mixers)))
    mixers.append(layer)
    return layer

class Mixture(torch.nn.Module):  # every layer sees the signals, and noise of its own
    def __init__(self):
        super().__init__()
        self.layers = torch.nn.ModuleList(mix() for _ in range(n_layers))
        self.features = torch.nn.ModuleList(torch.nn.Identity() for _ in range(n_layers))

    def forward(self, x):
        for k, (layer, feature) in enumerate(zip(self.layers, self.features)):
            feature(layer(x[:, :rank]) + x[:, rank:].roll(k, 1))

mixers = []
small = draw(0)[:200, :40].copy() if given == "arrays" else draw(0)[:200, :40].clone()
compare_layers({"a": small}, {"b": small * small}, measure=name)  # loads and compiles
if given == "models":
    sides, data = [Mixture(), Mixture()], torch.from_numpy(np.hstack([signal, noise]))
else:
    sides = [{f"{k}": draw(2 * k + side) for k in range(n_layers)} for side in range(2)]
open("/proc/self/clear_refs", "w").write("5")
before, begin = read("VmRSS"), time.process_time()
threading.Thread(target=watch, daemon=True).start()
if given == "models":
    similarity_matrix(*sides, data, layers="features.*", measure=name, progress=False)
else:
    compare_layers(*sides, measure=name)
tell(" ")
"""


def main() -> None:
    """Print a row for each measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--measures", nargs="+", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--given", choices=("tensors", "arrays", "models"), default="tensors")
    parser.add_argument("--layers", type=int, default=24)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--rank", type=int, default=40, help="directions of the signal")
    parser.add_argument("--limit", type=int, default=60, help="CPU seconds of a measure")
    options = parser.parse_args()
    one = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    sizes = options.layers, options.samples, options.width, options.rank, options.limit
    print(f"{'measure':24s} {'features':>8s} {'peak':>8s}  CPU s (memory in GiB)")
    for name in options.measures:
        words = [sys.executable, "-c", CHILD, name, options.given, *map(str, sizes)]
        subprocess.run(words, env=os.environ | one, check=True)


if __name__ == "__main__":
    main()
