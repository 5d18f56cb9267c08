#!/bin/sh
# persistent-homology reports loops that never end, because max_dim=1 builds no triangles.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q persistent-homology==0.1.3 matplotlib numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from persistent_homology import compute_persistence

angle = np.arange(8) * np.pi / 4
bars = compute_persistence(np.column_stack([np.cos(angle), np.sin(angle)]), max_dim=1)
seen = sum(1 for _, end in bars[1] if not np.isfinite(end))
expected = 21
print("persistent-homology", version("persistent-homology"))
print('The Rips complex of eight points on a circle at all scales ends as a full simplex; with max_dim=1 every one of 21 loops is said to live for ever.')
print("seen:", seen)
sys.exit(seen != expected)
END
