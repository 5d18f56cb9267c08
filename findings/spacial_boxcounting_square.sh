#!/bin/sh
# A full square has dimension -0.0.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q spacial-boxcounting==0.3.2 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from spacial_boxcounting.api import fractal_dimension

seen = repr(float(fractal_dimension(np.ones((64, 64)))))
expected = "-0.0"
print("spacial-boxcounting", version("spacial-boxcounting"))
print('fractal_dimension of a full square of 64 pixels (dimension 2) is -0.0.')
print("seen:", seen)
sys.exit(seen != expected)
END
