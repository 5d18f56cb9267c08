#!/bin/sh
# A fractal network holds the nodes of the one that was made before it.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q fractal-network==0.0.2
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
from importlib.metadata import version
from pathlib import Path

from fractal_network import NetworkGenerator

seen = []
for levels, branches in ((2, 2), (2, 3), (2, 2)):
    NetworkGenerator.graph(levels, branches)
    seen.append(len(Path(f"{branches}-{levels}.dat").read_text().splitlines()))
expected = [4, 9, 9]
print("fractal-network", version("fractal-network"))
print("Networks of 2, 3 and again 2 branches at 2 levels have 4, 9 and 9 nodes: what was made before stays in tables of the module.")
print("seen:", seen)
sys.exit(seen != expected)
END
