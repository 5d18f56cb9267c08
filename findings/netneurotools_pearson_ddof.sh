#!/bin/sh
# A correlation that depends on degrees of freedom.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q netneurotools==0.3.0 bctpy==0.6.1 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from netneurotools.stats import efficient_pearsonr

x, y = [1.0, 2.0, 3.0, 4.0, 5.0], [2.0, 1.0, 4.0, 3.0, 2.5]
seen = [round(float(r), 3) for r in (efficient_pearsonr(x, y)[0], efficient_pearsonr(x, y, ddof=0)[0], np.corrcoef(x, y)[0, 1])]
expected = [0.424, 0.53, 0.424]
print("netneurotools", version("netneurotools"))
print("A correlation does not depend on what the variances are divided by. The one of five points is 0.424, and 0.53 with ddof=0, 5/4 of it: the sum of products is divided by n - 1 all the same (stats/correlation.py).")
print("seen:", seen)
sys.exit(seen != expected)
END
