#!/bin/sh
# Boxes whose sides do not divide the image bend the dimension of a carpet.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q FracDimPy==0.1.5 matplotlib pandas numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import contextlib
import io

import fracDimPy
import numpy as np

hole, carpet = np.ones((3, 3), dtype=int), np.ones((1, 1), dtype=int)
hole[1, 1] = 0
for _ in range(4):
    carpet = np.kron(hole, carpet)
with contextlib.redirect_stdout(io.StringIO()):
    seen = round(float(fracDimPy.box_counting(carpet, data_type="image")[0]), 3)
expected = 1.709
print("FracDimPy", version("FracDimPy"))
print('The Sierpinski carpet of 81 pixels has dimension log 8 / log 3 = 1.893; box_counting with its defaults says 1.709.')
print("seen:", seen)
sys.exit(seen != expected)
END
