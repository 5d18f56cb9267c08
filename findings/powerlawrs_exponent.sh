#!/bin/sh
# An exponent counted one lower than by every other package.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q powerlawrs==0.0.15 matplotlib numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
import powerlawrs

values = (1 - np.random.default_rng(1).random(3000)) ** (-1 / 1.5)
seen = round(float(powerlawrs.fit(values.tolist()).ParetoFit.alpha), 1)
expected = 1.5
print("powerlawrs", version("powerlawrs"))
print('3,000 draws of p(x) ~ x^-2.5: alpha is about 1.5, the exponent of the cumulated distribution.')
print("seen:", seen)
sys.exit(seen != expected)
END
