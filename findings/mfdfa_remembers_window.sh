#!/bin/sh
# A fit of fluctuations that keeps the window of the first series it saw.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q MFDFA==0.4.3 numpy==2.2.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from MFDFA import MFDFA
from MFDFA.singspect import hurst_exponents

rng = np.random.default_rng(0)
q = np.array([2.0, 3.0])
noise = rng.normal(size=2**14)
series = [0.0]
for step in noise:
    series.append(0.9 * series[-1] + step)
few = MFDFA(noise, np.arange(6, 14), q=q)
many = MFDFA(np.array(series), np.unique(np.logspace(0.7, 3.4, 60).astype(int)), q=q)
hurst_exponents(*few, q)
seen = [round(float(h[1][0]), 2) for h in (hurst_exponents(*many, q), hurst_exponents(*many, q, lim=[False, False]))]
expected = [1.39, 0.98]
print("MFDFA", version("MFDFA"))
print("The exponent of one series is 1.39 by default and 0.98 with the default written out, lim=[False, False]: the list of the default is filled in by the first call, here for a series with 8 lags, and every later call fits the second to the fifth of its 58 lags (singspect.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
