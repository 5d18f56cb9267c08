#!/bin/sh
# Trained weights that are exactly zero, by the network and by the version.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q torch==2.13.0 numpy==2.4.6
"$dir/venv/bin/python" -m pip install -q --no-deps lpips==0.1.4
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
from importlib.metadata import distribution, version

import torch

folder = distribution("lpips").locate_file("lpips/weights")
seen = {}
for which in ("v0.1/alex", "v0.1/vgg", "v0.0/vgg"):
    first = torch.load(f"{folder}/{which}.pth", map_location="cpu", weights_only=True)["lin0.model.1.weight"]
    seen[which] = f"{int((first == 0).sum())} of {first.numel()}"
expected = {"v0.1/alex": "35 of 64", "v0.1/vgg": "0 of 64", "v0.0/vgg": "50 of 64"}
print("lpips", version("lpips"))
print("Of the 64 weights of the first layer that the perceptual distance learned, 35 are exactly 0 on AlexNet and none on VGG, where the version before had 50.")
print("seen:", seen)
sys.exit(seen != expected)
END
