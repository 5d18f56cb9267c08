"""What the analysis of one layer costs, by its width: this build beside an earlier one.

    python benchmarks/bench_layer_cost.py [--base CHECKOUT] [--widths 256 512 1024]

``analyze_layer`` with default settings but no time for proofs, on Gaussian features of 256 samples.
Each run is a process of its own on one thread: CPU seconds after smaller layers have compiled the
kernels, and memory at its peak above what was in use before, also in units of D² · 8 bytes. The
last line is the exponent of seconds over widths. A run of more than ``--limit`` CPU seconds ends.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np

N_SAMPLES = 256
CHILD = """
import json, sys, time
import numpy as np, torch
from featgraph.pipeline import AnalysisSettings, analyze_layer

def draw(n_nodes, n_samples):
    return np.random.default_rng(0).normal(size=(n_nodes, n_samples)).astype(np.float32)

torch.set_num_threads(1)
settings = AnalysisSettings(time_limit=0)
for width in (200, 400):  # compile what few and what many nodes need
    analyze_layer(draw(width, 64), settings=settings)
def read(what):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(what))

features = draw(int(sys.argv[1]), int(sys.argv[2]))
open("/proc/self/clear_refs", "w").write("5")  # forget the peak of the smaller layers
before = read("VmRSS")
begin = time.process_time()
analyze_layer(features, settings=settings)
seconds = time.process_time() - begin
print(json.dumps({"seconds": seconds, "peak": read("VmHWM") - before}))
"""


def measure(checkout: Path, width: int, limit: int) -> dict[str, float]:
    """Return CPU seconds and bytes of one analysis by the build in ``checkout``."""
    one = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    found = subprocess.run(
        [sys.executable, "-c", CHILD, str(width), str(N_SAMPLES)],
        env=os.environ | one | {"PYTHONPATH": str(checkout)},
        cwd=checkout,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit, limit)),
    )
    if found.returncode < 0:  # ended by the limit
        return {"seconds": np.inf, "peak": np.nan}
    found.check_returncode()
    result: dict[str, float] = json.loads(found.stdout.splitlines()[-1])
    return result


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--base", type=Path, help="checkout of the build to compare with")
    parser.add_argument("--widths", nargs="+", type=int, default=[256, 512, 1024, 2048])
    parser.add_argument("--most", type=int, default=1024, help="widest layer for the base")
    parser.add_argument("--limit", type=int, default=3600, help="CPU seconds of a run")
    options = parser.parse_args()
    here = Path(__file__).resolve().parents[1]
    print(f"{'width':>6s} {'before':>9s} {'now':>9s} {'ratio':>7s} {'MiB':>7s} {'D²·8':>6s}")
    known = []
    for width in options.widths:
        earlier = np.nan
        if options.base and width <= options.most:
            earlier = measure(options.base.resolve(), width, options.limit)["seconds"]
        now = measure(here, width, options.limit)
        known.append((width, now["seconds"]))
        print(
            f"{width:6d} {earlier:9.1f} {now['seconds']:9.2f} {earlier / now['seconds']:7.1f} "
            f"{now['peak'] / 2**20:7.0f} {now['peak'] / (8 * width**2):6.1f}",
            flush=True,
        )
    widths, seconds = np.log(np.array(known)).T
    if widths.size > 1:
        print(f"seconds grow as width^{np.polyfit(widths, seconds, 1)[0]:.2f}")


if __name__ == "__main__":
    main()
