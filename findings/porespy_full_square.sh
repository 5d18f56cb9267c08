#!/bin/sh
# A full square has no boxes.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q porespy==3.2.0
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
import porespy

square = np.ones((64, 64), dtype=bool)
holed = square.copy()
holed[5, 5] = False
sides = [1, 2, 4, 8, 16, 32]
seen = [np.asarray(porespy.metrics.boxcount(image, bins=sides).count).tolist() for image in (square, holed)]
expected = [[0, 0, 0, 0, 0, 0], [0, 1, 1, 1, 1, 1]]
print("porespy", version("porespy"))
print("boxcount counts the boxes that are filled in part only: a full square of 64 pixels has none at any size (4096, 1024, 256, ... hold a pixel), with one pixel taken out it has one.")
print("seen:", seen)
sys.exit(seen != expected)
END
