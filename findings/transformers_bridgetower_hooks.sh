#!/bin/sh
# Of two towers that run, neither is called.
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
from transformers import BridgeTowerConfig, BridgeTowerModel

size = dict(hidden_size=64, num_hidden_layers=2, num_attention_heads=2)
config = BridgeTowerConfig(
    **size,
    intermediate_size=64,
    text_config=dict(size, intermediate_size=64, vocab_size=30),
    vision_config=dict(size, image_size=16, patch_size=8),
)
torch.manual_seed(0)
model = BridgeTowerModel(config).eval()
asked = ["vision_model", "vision_model.visual.transformer.resblocks.0", "vision_model.visual.transformer.resblocks.0.mlp", "text_model", "text_model.encoder.layer.0"]
heard = set()
for name in asked:
    model.get_submodule(name).register_forward_hook(lambda m, i, out, name=name: heard.add(name))
with torch.no_grad():
    model(input_ids=torch.tensor([[0, 5, 6, 2]]), attention_mask=torch.ones(1, 4, dtype=torch.long), pixel_values=torch.ones(1, 3, 16, 16), pixel_mask=torch.ones(1, 16, 16, dtype=torch.long))
seen = [name for name in asked if name not in heard]
expected = ["vision_model", "vision_model.visual.transformer.resblocks.0.mlp", "text_model"]
print("transformers", transformers.__version__)
print("Hooks on both towers of BridgeTower, and on the MLP of its image blocks, hear nothing: the model calls functions and parts of them, not the modules.")
print("seen:", seen)
sys.exit(seen != expected)
END
