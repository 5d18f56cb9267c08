"""SS_rate forward and backward against bare torch.cdist and against its dense definition.

    python benchmarks/bench_ss_rate.py [--threads 1] [--repeats 50] [--device cpu]
    python benchmarks/bench_ss_rate.py --step --repeats 8    # of a training step of a small ViT

One run, one number of threads for all. Times are the smallest of interleaved repeats, wall and
CPU; on a busy machine the CPU time of one thread is the fair one. Peaks are the growth of the
largest resident memory of a fresh process (of the allocator on CUDA) during one forward and
backward, after a small warm-up. Targets at 768 nodes, 64 samples, 256 thresholds: at most twice
torch.cdist, at least 100 times faster than the dense definition, at most 1/8 of its memory;
4096 nodes in less than 2 GB.
"""

from __future__ import annotations

import argparse
import json
import math
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torch

from featgraph.selfsimilarity import ESTIMATORS, ss_rate
from featgraph.selfsimilarity.grid import theta_grid

N_THETA = 256


def make_features(n_nodes: int, n_samples: int, device: str) -> torch.Tensor:
    """Standard normal features that require a gradient."""
    generator = torch.Generator().manual_seed(0)
    F = torch.randn(n_nodes, n_samples, generator=generator).to(device)
    return F.requires_grad_()


def bare_cdist(F: torch.Tensor) -> torch.Tensor:
    """The distances alone."""
    return torch.cdist(F, F).sum()


def dense_definition(F: torch.Tensor) -> torch.Tensor:
    """The released numerics as written: every threshold meets every pair, twice."""
    n_nodes = len(F)
    C = torch.cdist(F, F) / math.sqrt(F.shape[1])
    left, right = torch.triu_indices(n_nodes, n_nodes, 1, device=F.device)
    pairs = C[left, right]
    theta = theta_grid(C.detach(), N_THETA)
    hard = (pairs < theta[:, None]).float().mean(dim=1)
    soft = n_nodes * torch.sigmoid(theta[:, None] - pairs).mean(dim=1)
    share = hard + soft - soft.detach()
    counts = n_nodes - (n_nodes - 1) / math.log(n_nodes) * torch.log1p((n_nodes - 1) * share)
    line = torch.linspace(1, 0, N_THETA, device=F.device)
    return 2 * (line - counts.log() / math.log(n_nodes)).abs().mean()


def released(F: torch.Tensor) -> torch.Tensor:
    """The fast core."""
    return ss_rate(F, numerics="released", n_theta=N_THETA)


WORKS: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "torch.cdist": bare_cdist,
    "released numerics": released,
    "dense definition": dense_definition,
}
for _name, _row in ESTIMATORS.items():
    if _row.differentiable:
        WORKS[f"exact {_name}"] = lambda F, _name=_name: ss_rate(F, estimator=_name)


def run_once(name: str, F: torch.Tensor) -> None:
    """One forward and backward."""
    F.grad = None
    WORKS[name](F).backward()
    if F.is_cuda:
        torch.cuda.synchronize()


def best_times(names: list[str], F: torch.Tensor, repeats: int) -> dict[str, tuple[float, float]]:
    """Return the smallest wall and CPU seconds of each, run in turn."""
    best = dict.fromkeys(names, (math.inf, math.inf))
    for _ in range(repeats):
        for name in names:
            start, spent = time.perf_counter(), time.process_time()
            run_once(name, F)
            cpu, wall = time.process_time() - spent, time.perf_counter() - start
            best[name] = min(best[name][0], wall), min(best[name][1], cpu)
    return best


def peak_bytes(name: str, n_nodes: int, n_samples: int, threads: int, device: str) -> int:
    """Return the memory that one forward and backward adds, measured in a process of its own."""
    options = [name, str(n_nodes), str(n_samples), str(threads), device]
    command = [sys.executable, __file__, "--peak", *options]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def print_peak(name: str, n_nodes: int, n_samples: int, threads: int, device: str) -> None:
    """The inside of ``peak_bytes``."""
    torch.set_num_threads(threads)
    run_once(name, make_features(160, n_samples, device))
    F = make_features(n_nodes, n_samples, device)
    if F.is_cuda:
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        run_once(name, F)
        print(torch.cuda.max_memory_allocated() - before)
        return
    before = resident_peak()
    run_once(name, F)
    print(resident_peak() - before)


def resident_peak() -> int:
    """Largest resident memory of this process so far, in bytes (Linux)."""
    # Not ru_maxrss: it starts with the memory of the parent.
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) * 1024


def make_vit() -> torch.nn.Sequential:
    """Return a vision transformer of 6 blocks of 192 features on 64 patches."""
    from torch import nn

    def block() -> nn.Module:
        return nn.TransformerEncoderLayer(192, 3, 768, dropout=0.0, batch_first=True)

    return nn.Sequential(nn.Linear(48, 192), *(block() for _ in range(6)), nn.Linear(192, 10))


def print_steps(repeats: int) -> None:
    """Print what the regulariser over all blocks adds to a step of training, batch 64.

    The least of several steps counts; the first with it, which also tells how noisy the layers
    are, does not.
    """
    from featgraph.selfsimilarity import SelfSimilarityRegularizer

    torch.manual_seed(0)
    model = make_vit()
    optimizer = torch.optim.AdamW(model.parameters())
    patches, labels = torch.randn(64, 64, 48), torch.randint(10, (64,))

    def step(term: Callable[[], torch.Tensor] | None) -> float:
        begin = time.process_time()
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(patches).mean(dim=1), labels)
        (loss if term is None else loss + term()).backward()
        optimizer.step()
        return time.process_time() - begin

    layers = [str(block) for block in range(1, 7)]
    names = [name for name, row in ESTIMATORS.items() if row.differentiable]
    bare = [step(None) for _ in range(repeats)]
    for name in names:
        term = SelfSimilarityRegularizer(model, layers=layers, draw="all", estimator=name)
        step(term)
        with_it = min(step(term) for _ in range(repeats))
        term.remove()
        bare.append(step(None))
        added = with_it / min(bare) - 1
        print(f"{name}: {added:+.1%} of a step of {min(bare):.2f} s (target ≤ 5 %)", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--nodes", type=int, default=768)
    parser.add_argument("--samples", type=int, default=64)
    parser.add_argument("--large", type=int, default=4096, help="nodes of the memory test; 0: none")
    parser.add_argument("--repeats", type=int, default=50)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", action="store_true", help="one JSON object, for keeping")
    parser.add_argument("--step", action="store_true", help="what a step of training costs more")
    parser.add_argument("--peak", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.peak:
        name, n_nodes, n_samples, threads, device = options.peak
        return print_peak(name, int(n_nodes), int(n_samples), int(threads), device)
    torch.set_num_threads(options.threads)
    if options.step:
        return print_steps(options.repeats)
    F = make_features(options.nodes, options.samples, options.device)
    fast = ["torch.cdist", "released numerics"]
    slow = [name for name in WORKS if name.startswith("exact")]
    times = best_times(fast + slow, F, options.repeats)
    times |= best_times(["dense definition"], F, 3)
    rows = []
    for name, (wall, cpu) in times.items():
        peak = peak_bytes(name, options.nodes, options.samples, options.threads, options.device)
        rows.append(
            {"work": name, "wall_ms": wall * 1e3, "cpu_ms": cpu * 1e3, "peak_mb": peak / 1e6}
        )
    report = {
        "machine": platform.processor() or platform.machine(),
        "torch": torch.__version__,
        "threads": options.threads,
        "device": options.device,
        "nodes": options.nodes,
        "samples": options.samples,
        "rows": rows,
    }
    if options.large:
        large = ["released numerics", "exact released", "exact packing", "exact linkage"]
        report["large"] = [
            {
                "work": name,
                "nodes": options.large,
                "peak_mb": peak_bytes(name, options.large, 64, options.threads, options.device)
                / 1e6,
            }
            for name in large
        ]
    print(json.dumps(report, indent=1)) if options.json else show(report)
    return None


def show(report: dict) -> None:
    """Print the table and the ratios that the targets speak of."""
    rows = {row["work"]: row for row in report["rows"]}
    print({key: value for key, value in report.items() if key not in ("rows", "large")})
    print(f"{'forward + backward':<22}{'wall ms':>10}{'CPU ms':>10}{'/ cdist':>9}{'peak MB':>9}")
    for name, row in rows.items():
        ratio = row["cpu_ms"] / rows["torch.cdist"]["cpu_ms"]
        print(
            f"{name:<22}{row['wall_ms']:>10.2f}{row['cpu_ms']:>10.2f}{ratio:>9.2f}"
            f"{row['peak_mb']:>9.1f}"
        )
    core, dense, cdist = (
        rows[name] for name in ("released numerics", "dense definition", "torch.cdist")
    )
    for clock in ("wall_ms", "cpu_ms"):
        print(
            f"{clock}: {core[clock] / cdist[clock]:.2f} times torch.cdist (target ≤ 2), "
            f"{dense[clock] / core[clock]:.0f} times faster than the definition (target ≥ 100)"
        )
    print(f"memory: 1/{dense['peak_mb'] / core['peak_mb']:.0f} of the definition (target ≤ 1/8)")
    for row in report.get("large", []):
        print(f"{row['nodes']} nodes, {row['work']}: {row['peak_mb']:.0f} MB (target < 2000)")


if __name__ == "__main__":
    main()
