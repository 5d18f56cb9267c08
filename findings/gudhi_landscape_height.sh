#!/bin/sh
# A persistence landscape that is higher than its bars allow.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q gudhi==3.13.0 scikit-learn==1.7.2 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from gudhi.representations import Landscape, Silhouette

bar = np.array([[0.0, 2.0]])
makers = Landscape(num_landscapes=1, resolution=3, sample_range=[0, 2], keep_endpoints=True), Silhouette(resolution=3, sample_range=[0, 2], keep_endpoints=True)
seen = [round(float(maker.fit_transform([bar]).max()), 3) for maker in makers]
expected = [1.414, 1.414]
print("gudhi", version("gudhi"))
print('The landscape of one bar from 0 to 2 rises to 1, half of its length (Bubenik 2015); Landscape and Silhouette of gudhi rise to the square root of 2, a factor that their documentation does not name.')
print("seen:", seen)
sys.exit(seen != expected)
END
