#!/bin/sh
# A mean that stops rising.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q numba==0.68.1 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from numba import njit


@njit
def moments(x):
    return x.mean(), x.var()


x = np.full(2**25, 0.1, dtype=np.float32)
plain, compiled = (x.mean(), x.var()), moments(x)
seen = [tuple(round(float(v), 4) for v in pair) for pair in (plain, compiled)]
expected = [(0.1, 0.0), (0.0625, 0.0014)]
print("numba", version("numba"))
print('2**25 numbers 0.1 in float32, of mean 0.1 and variance 0: compiled by numba the same x.mean() is 0.0625 and x.var() 0.0014, because it adds one by one in float32, where a sum of 2**21 does not rise by another 0.1; numpy adds in pairs.')
print("seen:", seen)
sys.exit(seen != expected)
END
