#!/bin/sh
# A curve in the plane of dimension 3.5.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q neurokit2==0.3.0 numpy==2.2.6 scipy==1.15.3 pandas==2.3.3 scikit-learn==1.7.2 matplotlib==3.10.7
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import neurokit2
import numpy as np

noise = np.random.default_rng(0).normal(size=2**14)
seen = []
for series in (noise, np.cumsum(noise)):
    found, info = neurokit2.fractal_psdslope(series)
    higuchi = neurokit2.fractal_higuchi(series, k_max=10)[0]
    seen.append([round(float(value), 1) for value in (info["Slope"], found, higuchi)])
expected = [[-0.0, 2.5, 2.0], [-2.0, 3.5, 1.5]]
print("neurokit2", version("neurokit2"))
print("A spectrum that falls as f to the power of -b belongs to a graph of dimension (5 - b)/2 by Voss (1988), for b from 1 to 3: 1.5 for a random walk with its slope of -2, as Higuchi has. fractal_psdslope, whose method voss1988 is the default one, has 3.5, more than the plane has, and 2.5 for noise: it takes (5 - slope)/2 with the slope below zero.")
print("seen:", seen)
sys.exit(seen != expected)
END
