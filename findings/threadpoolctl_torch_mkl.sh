#!/bin/sh
# A limit of one thread that does not hold the products of torch.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q torch==2.13.0 threadpoolctl==3.8.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import os
import re

import threadpoolctl
import torch

torch.set_num_threads(3)
outside = torch.get_num_threads()
with threadpoolctl.threadpool_limits(1):
    said = torch.get_num_threads()
    kept = int(re.search(r"mkl_get_max_threads\(\) : (\d+)", torch.__config__.parallel_info())[1])
    square = torch.rand(1000, 1000)
    before = len(os.listdir("/proc/self/task"))
    square @ square
    started = len(os.listdir("/proc/self/task")) - before
known = any(pool["internal_api"] == "mkl" for pool in threadpoolctl.threadpool_info())
seen = known, outside, said, kept, started
expected = False, 3, 1, 3, 2
print("threadpoolctl", version("threadpoolctl"), "torch", version("torch"))
print("After torch.set_num_threads(3), inside threadpool_limits(1), torch says 1 thread; its MKL still has 3, and a product of two matrices starts two more: the MKL stands inside libtorch_cpu.so, where threadpoolctl, which goes by the names of files, does not see it.")
print("seen:", seen)
sys.exit(seen != expected)
END
