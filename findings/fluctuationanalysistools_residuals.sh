#!/bin/sh
# A fit without error whose residuals are 1.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q FluctuationAnalysisTools==1.11.0 numpy==2.2.6 scipy==1.15.3
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import numpy as np
from StatTools.analysis import analyse_ff, analyse_zero_cross_ff

scales = np.unique(np.logspace(1, 3, 20).astype(int)).astype(float)
line = scales**0.5
bent = np.where(scales < 100, line, scales / 10)
fits = analyse_ff(bent[None], scales, 1), analyse_zero_cross_ff(line[None], scales)
seen = [([round(float(slope.value), 2) for slope in fit.slopes], round(float(np.abs(residuals).max()), 6)) for fit, residuals in fits]
expected = [([0.5, 1.0], 1.0), ([0.5], 0.0)]
print("FluctuationAnalysisTools", version("FluctuationAnalysisTools"))
print("A line and a line with one bend are found exactly. The residuals of the line are 0, those of the line with a bend 1: they are quotients there and differences in the two other fits (analysis/utils.py, analyse_cross_ff_linregress).")
print("seen:", seen)
sys.exit(seen != expected)
END
