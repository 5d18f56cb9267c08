#!/bin/sh
# A fluctuation function that leaves out a window and divides by it.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q FluctuationAnalysisTools==1.11.0 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from StatTools.analysis.dfa import dfa

series = np.random.default_rng(0).normal(size=1000)
scales, squares = dfa(series, degree=1, s_values=[10, 100, 249])
profile = np.cumsum(series - series.mean())
seen = []
for scale, square in zip(scales, squares):
    count = 1000 // scale - 1
    windows = profile[1 : 1 + count * scale].reshape(count, scale)
    time = np.arange(scale)
    slope, start = np.polyfit(time, windows.T, 1)
    residuals = windows - np.outer(slope, time) - start[:, None]
    seen.append(round(float(square / np.mean(residuals**2)), 3))
expected = [0.99, 0.9, 0.75]
print("FluctuationAnalysisTools", version("FluctuationAnalysisTools"))
print("The squared fluctuation is the mean over windows. In windows of 10, 100 and 249 of 1,000 points it is 0.99, 0.9 and 0.75 of that mean: one window less than fits is added up and the sum divided by the number that fits (analysis/dfa.py), so that slopes come out too low.")
print("seen:", seen)
sys.exit(seen != expected)
END
