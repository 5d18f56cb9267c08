#!/bin/sh
# A Higuchi dimension of 0 for a line and of -1 for noise.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q higuchi-fractal==0.1.0 numpy==2.2.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from higuchi_fractal import higuchi_fractal

series = np.linspace(0, 1, 2000), np.random.default_rng(0).normal(size=2000)
seen = [round(float(higuchi_fractal.higuchi_fd(x, 10)), 1) + 0.0 for x in series]
expected = [0.0, -1.0]
print("higuchi-fractal", version("higuchi-fractal"))
print("The dimension of a straight line is 1 and that of white noise 2; higuchi_fd gives 0 and -1, one minus the dimension, because it does not divide the lengths by k once more as Higuchi does, and leaves the sign of the slope.")
print("seen:", seen)
sys.exit(seen != expected)
END
