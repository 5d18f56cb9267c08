#!/bin/sh
# Three of five counters of operations take a transposed convolution for one.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q torch==2.13.0 numpy==2.2.6
"$dir/venv/bin/python" -m pip install -q --no-deps torchinfo==1.8.0 thop==0.1.1.post2209072238 torchprofile==0.1.0 ptflops==0.7.5
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings
from importlib.metadata import version

warnings.simplefilter("ignore")
import ptflops
import thop
import torch
import torchinfo
import torchprofile
from torch.utils.flop_counter import FlopCounterMode

layer, image = torch.nn.ConvTranspose2d(3, 4, 2, stride=2, bias=False), torch.randn(1, 3, 6, 6)
ones = torch.ones(1, 3, 6, 6)
torch.nn.init.ones_(layer.weight)
with FlopCounterMode(display=False) as counter:
    truth = int(layer(ones).sum())  # one per product
seen = {
    "products": truth,
    "torch": counter.get_total_flops() // 2,
    "ptflops": ptflops.get_model_complexity_info(layer, (3, 6, 6), as_strings=False, print_per_layer_stat=False)[0],
    "thop": int(thop.profile(layer, (image,), verbose=False)[0]),
    "torchinfo": torchinfo.summary(layer, input_data=image, verbose=0).total_mult_adds,
    "torchprofile": int(torchprofile.profile_macs(layer, image)),
}
expected = {"products": 1728, "torch": 1728, "ptflops": 1728, "thop": 6912, "torchinfo": 6912, "torchprofile": 6912}
print("thop", version("thop"), "torchinfo", version("torchinfo"), "torchprofile", version("torchprofile"))
print("A transposed convolution multiplies each number of its input by 4 x 2 x 2 weights, 1728 products of this image, as a layer of ones adds up to and torch and ptflops count; thop, torchinfo and torchprofile have 6912, the stride squared times that, because they multiply the places of the output by the size of the kernel, as for a convolution.")
print("seen:", seen)
sys.exit(seen != expected)
END
