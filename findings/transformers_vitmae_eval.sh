#!/bin/sh
# Two networks that draw random numbers in eval mode.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q transformers==5.24.0 torch==2.13.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings

warnings.simplefilter("ignore")
import torch
import transformers
from transformers import UnivNetConfig, UnivNetModel, ViTMAEConfig, ViTMAEModel

torch.manual_seed(0)
small = dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
picture = ViTMAEModel(ViTMAEConfig(image_size=16, patch_size=4, **small)).eval()
sound = UnivNetModel(UnivNetConfig(model_hidden_channels=4, num_mel_bins=5)).eval()
with torch.no_grad():
    image, spectrum = torch.randn(1, 3, 16, 16), torch.randn(1, 6, 5)
    states = [picture(image).last_hidden_state for _ in range(2)]
    waves = [sound(spectrum).waveforms for _ in range(2)]
seen = states[0].shape[1], torch.equal(*states), torch.equal(*waves)
expected = 5, False, False
print("transformers", transformers.__version__)
print("ViTMAE in eval mode still hides three quarters of the 16 patches, other ones each time (5 tokens are left, with the class token); UnivNet draws its noise anew.")
print("seen:", seen)
sys.exit(seen != expected)
END
