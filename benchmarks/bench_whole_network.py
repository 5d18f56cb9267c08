"""What the analysis of a whole network costs, from saved features: ResNet-50 and ViT-B.

    python benchmarks/bench_whole_network.py resnet50
    python benchmarks/bench_whole_network.py vit_b
    python benchmarks/bench_whole_network.py vit_b --layers 8 --time-limit 0 --jobs 1 2
    python benchmarks/bench_whole_network.py noise --layers 8 --time-limit 0 --jobs 1 2

Networks are seeded and untrained, the second state of ViT-B has its weights perturbed by half
their deviation; images are 512 draws of noise of 64 × 64 pixels. Features are the channels of the
four stages (256 to 2048), averaged over the image, or the 768 of the twelve blocks in both states,
averaged over the patches; "noise" is Gaussian layers of ``--width`` neurons, samples of unequal
deviations. Making them is not counted.

Each number of jobs is a command, ``featgraph analyze``, on as many cores and with a folder of its
own. Printed are its seconds on the clock, from start to end, which other work on the machine
lengthens; how many times faster that is than the first row; CPU seconds of all its processes; and
the size of the folder. With ``--jobs 1 2`` both tables must be equal. With ``--all-cores`` every
command may use all cores: one job then counts boxes in threads.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

N_IMAGES, SIDE, BATCH = 512, 64, 32


class Bottleneck(nn.Module):
    """Three convolutions beside a shortcut, as in ResNet-50."""

    def __init__(self, width: int, inner: int, stride: int) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(width, inner, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, inner, 3, stride, 1, bias=False), nn.BatchNorm2d(inner), nn.ReLU(),
            nn.Conv2d(inner, 4 * inner, 1, bias=False), nn.BatchNorm2d(4 * inner),
        )  # fmt: skip
        self.short: nn.Module = nn.Identity()
        if stride > 1 or width != 4 * inner:
            self.short = nn.Sequential(
                nn.Conv2d(width, 4 * inner, 1, stride, bias=False), nn.BatchNorm2d(4 * inner)
            )

    def forward(self, x: Tensor) -> Tensor:
        """Return the sum of both ways, rectified."""
        return torch.relu(self.main(x) + self.short(x))


def make_resnet() -> tuple[nn.Module, list[nn.Module]]:
    """Return the stem of ResNet-50 and its four stages (He et al. 2016)."""
    stem = nn.Sequential(
        nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(), nn.MaxPool2d(3, 2, 1)
    )
    stages: list[nn.Module] = []
    width = 64
    for depth, inner, stride in ((3, 64, 1), (4, 128, 2), (6, 256, 2), (3, 512, 2)):
        first = Bottleneck(width, inner, stride)
        width = 4 * inner
        stages.append(
            nn.Sequential(first, *(Bottleneck(width, inner, 1) for _ in range(depth - 1)))
        )
    return stem, stages


class Patches(nn.Module):
    """Squares of 16 × 16 pixels, each a vector."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 768, 16, 16)
        self.places = nn.Parameter(0.02 * torch.randn((SIDE // 16) ** 2, 768))

    def forward(self, x: Tensor) -> Tensor:
        """Return the vectors of an image, by place."""
        return self.embed(x).flatten(2).mT + self.places


def make_vit() -> tuple[nn.Module, list[nn.Module]]:
    """Return the patches of ViT-B/16 and its twelve blocks (Dosovitskiy et al. 2021)."""
    return Patches(), [
        nn.TransformerEncoderLayer(768, 12, 3072, 0.0, "gelu", batch_first=True, norm_first=True)
        for _ in range(12)
    ]


def list_states(name: str) -> Iterator[tuple[str, nn.Module, list[nn.Module]]]:
    """Yield the states of a network: its first part and the parts that are measured."""
    torch.manual_seed(0)
    first, parts = make_resnet() if name == "resnet50" else make_vit()
    yield "untrained", first.eval(), [part.eval() for part in parts]
    if name == "vit_b":
        with torch.no_grad():
            for weight in nn.ModuleList([first, *parts]).parameters():
                if weight.ndim > 1:
                    weight += 0.5 * weight.std() * torch.randn_like(weight)
        yield "perturbed", first, parts


@torch.inference_mode()
def make_features(name: str, n_layers: int | None, width: int) -> dict[str, np.ndarray]:
    """Return the features of the first parts, (n_nodes, n_samples), in float32."""
    found: dict[str, np.ndarray] = {}
    if name == "noise":
        rng, deviations = np.random.default_rng(0), np.linspace(0.2, 2, N_IMAGES)
        for k in range(n_layers or 24):
            found[f"noise.{k}"] = (rng.normal(size=(width, N_IMAGES)) * deviations).astype("f4")
        return found
    for state, first, every in list_states(name):
        parts = every if n_layers is None else every[: n_layers - len(found)]
        if not parts:
            break
        kept: list[list[Tensor]] = [[] for _ in parts]
        generator = torch.Generator().manual_seed(1)
        for _ in range(0, N_IMAGES, BATCH):
            x = first(torch.randn(BATCH, 3, SIDE, SIDE, generator=generator))
            for part, seen in zip(parts, kept, strict=True):
                x = part(x)
                seen.append(x.mean(dim=(2, 3)) if x.ndim == 4 else x.mean(dim=1))
        for k, seen in enumerate(kept):
            found[f"{state}.{k}"] = torch.cat(seen).T.numpy().copy()
    return found


def run(file: Path, folder: Path, jobs: int, limit: float, cores: set[int]) -> tuple[float, float]:
    """Return the seconds on the clock and of all processors that the command took."""
    words = f"analyze --features {file} --time-limit {limit} --jobs {jobs} --out {folder} --quiet"
    before, begin = os.times(), time.perf_counter()
    os.sched_setaffinity(0, cores)
    subprocess.run([sys.executable, "-m", "featgraph", *words.split()], check=True)
    clock, after = time.perf_counter() - begin, os.times()
    own = after.children_user - before.children_user
    return clock, own + after.children_system - before.children_system


def main() -> None:
    """Print a row for each number of jobs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", choices=["noise", "resnet50", "vit_b"])
    parser.add_argument("--layers", type=int, help="the first so many only")
    parser.add_argument("--width", type=int, default=1024, help="neurons of a layer of noise")
    parser.add_argument("--time-limit", type=float, default=2.0)
    parser.add_argument("--jobs", nargs="+", type=int, default=[2])
    parser.add_argument("--all-cores", action="store_true")
    options = parser.parse_args()
    every = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as place:
        file, begin = Path(place) / "layers.npz", time.perf_counter()
        layers = make_features(options.network, options.layers, options.width)
        np.savez(file, **layers)
        widths = sorted({len(values) for values in layers.values()})
        print(f"{len(layers)} layers of {widths}, made in {time.perf_counter() - begin:.0f} s")
        print(f"{'jobs':>4} {'clock s':>8} {'times':>6} {'CPU s':>8} {'MB':>6}")
        first, tables = None, set()
        for jobs in options.jobs:
            folder = Path(place) / f"jobs-{jobs}"
            cores = set(every if options.all_cores else every[:jobs])
            clock, cpu = run(file, folder, jobs, options.time_limit, cores)
            first = first or clock
            size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
            print(f"{jobs:4d} {clock:8.1f} {first / clock:6.2f} {cpu:8.1f} {size:6.1f}", flush=True)
            tables.add(tuple((folder / name).read_bytes() for name in ("layers.csv", "curves.csv")))
        if len(options.jobs) > 1 and options.time_limit == 0:
            print(f"tables are {'equal' if len(tables) == 1 else 'NOT equal'}")


if __name__ == "__main__":
    main()
