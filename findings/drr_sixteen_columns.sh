#!/bin/sh
# A square that has four dimensions in sixteen columns.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q drr==1.0.5 numpy==2.2.6 pandas==2.3.3 scipy==1.15.3 matplotlib==3.10.7
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import logging

import numpy as np
from drr.intrinsic_dimension_estimator import IntrinsicDimensionEstimator

logging.disable(logging.CRITICAL)
rng = np.random.default_rng(0)
square = rng.uniform(size=(1000, 2))
seen = []
for n_columns in (2, 5, 15, 16, 20):
    turned = square @ np.linalg.qr(rng.normal(size=(n_columns, n_columns)))[0][:2]
    rank = int(np.linalg.matrix_rank(turned - turned.mean(axis=0)))
    seen.append((n_columns, rank, int(IntrinsicDimensionEstimator().estimate(turned)[1])))
expected = [(2, 2, 2), (5, 2, 2), (15, 2, 2), (16, 2, 4), (20, 2, 4)]
print("drr", version("drr"))
print("Points of a square, turned into more columns, have dimension 2 and are estimated as 2 in up to 15 columns and as 4 in 16 or more: above 15 columns the median slope is doubled, as a comment there says for no known reason (intrinsic_dimension_estimator.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
