#!/bin/sh
# A slow sine with a fractal dimension near 2.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q tsfel==0.2.0 antropy==0.2.3 numpy==2.2.6 scipy==1.15.3 pandas==2.3.3 scikit-learn==1.7.2 setuptools==75.8.0
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import antropy
import numpy as np
import tsfel

series = np.sin(np.arange(4000) / 20)
seen = [round(float(dimension(series)), 2) for dimension in (tsfel.higuchi_fractal_dimension, antropy.higuchi_fd)]
expected = [1.97, 1.0]
print("tsfel", version("tsfel"), "antropy", version("antropy"))
print("Higuchi's dimension of a sine with 126 points in a period is 1.0 by antropy and 1.97 by tsfel, which takes steps up to a tenth of the series, here three periods, and has no argument to end sooner (features_utils.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
