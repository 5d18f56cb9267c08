#!/bin/sh
# The features of the first batch become those of the last, and a wrong name is no error.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q torchextractor==0.3.0 torch==2.13.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import torch
import torchextractor

model = torch.nn.Sequential(torch.nn.Identity(), torch.nn.Identity())
extractor = torchextractor.Extractor(model, ["0"])
kept = [extractor(torch.full((1,), float(batch)))[1] for batch in range(3)]
wrong = torchextractor.Extractor(torch.nn.Sequential(torch.nn.Identity()), ["no.such.layer"])
seen = [features["0"].item() for features in kept], wrong(torch.zeros(1))[1]
expected = [2.0, 2.0, 2.0], {}
print("torchextractor", version("torchextractor"))
print("Every call returns one and the same dictionary, so that features kept from three batches are three times the last; a layer that does not exist gives an empty one.")
print("seen:", seen)
sys.exit(seen != expected)
END
