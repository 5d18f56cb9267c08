#!/bin/sh
# A fit of a discrete power law that stops before the largest likelihood.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q powerlaw==2.0.0 mpmath matplotlib numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
import powerlaw
from scipy.optimize import minimize_scalar
from scipy.special import zeta

draws = 1 - np.random.default_rng(0).random(2000)
values = np.floor(99.5 * draws ** (-1 / 7) + 0.5).astype(int)
loss = lambda a: np.log(zeta(a, 100)) + a * np.log(values).mean()
best = minimize_scalar(loss, bounds=(1.01, 60), method="bounded").x
fit = powerlaw.Fit(values, xmin=100, discrete=True, estimate_discrete=False, verbose=False)
seen = round(float(fit.power_law.alpha), 1), round(float(best), 1)
expected = (3.0, 8.0)
print("powerlaw", version("powerlaw"))
print('2,000 whole numbers from 100 on: the exponent that powerlaw reports is 3.0, the end of its search; the likelihood is largest at 8.0.')
print("seen:", seen)
sys.exit(seen != expected)
END
