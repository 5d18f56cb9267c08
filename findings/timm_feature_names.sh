#!/bin/sh
# The modules that feature_info names are not all there.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q timm==1.0.31 torch==2.13.0 torchvision==0.28.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import re
import sys
import warnings

warnings.simplefilter("ignore")
import torch

# No operator of torchvision is used: where it was built for another torch, names are enough.
operators = torch.library.Library("torchvision", "FRAGMENT")
inputs = {"nms": "Tensor dets, Tensor scores, float iou_threshold"}
while True:
    try:
        import timm
        break
    except RuntimeError as error:
        name = re.search(r"torchvision::(\w+)", str(error))[1]
        operators.define(f"{name}({inputs.get(name, 'Tensor input')}) -> Tensor")
        for module in [m for m in sys.modules if m.startswith(("timm", "torchvision"))]:
            del sys.modules[module]

seen = {}
for name in ("resnet18", "mvitv2_tiny", "twins_svt_small", "hrnet_w18_small"):
    with torch.device("meta"):
        model = timm.create_model(name)
    there = dict(model.named_modules())
    told = [level["module"] for level in model.feature_info]
    seen[name] = [module for module in told if module not in there]
expected = {
    "resnet18": [],
    "mvitv2_tiny": ["block.0", "block.1", "block.2", "block.3"],
    "twins_svt_small": ["block.0", "block.1", "block.2", "block.3"],
    "hrnet_w18_small": ["stem", "stage1"],
}
print("timm", timm.__version__)
print("feature_info of MViTv2, Twins and HRNet names modules that the network does not have.")
print("seen:", seen)
sys.exit(seen != expected)
END
