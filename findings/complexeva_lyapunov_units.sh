#!/bin/sh
# A Lyapunov exponent that depends on the unit of the series.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q complexeva==0.2.3 numba==0.68.1 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from complexeva.sequence import lyapunov_exponent

series = [0.3]
for _ in range(2999):
    series.append(4 * series[-1] * (1 - series[-1]))
series = np.array(series)
hand = np.log(np.abs(4 - 8 * series)).mean()
seen = [round(float(v), 2) for v in (lyapunov_exponent(series), lyapunov_exponent(10 * series), hand)]
expected = [8.75, 6.45, 0.69]
print("complexeva", version("complexeva"))
print("The exponent of the logistic map at 4 is ln 2 = 0.69; lyapunov_exponent gives 8.75, and 6.45 for ten times the series: it is minus the mean logarithm of the distances after one step, not of their growth (lyapunov_exponent.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
