#!/bin/sh
# An exported network names its layers, runs none of them as a module, and has one that nobody wrote.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q torch==2.13.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings

warnings.simplefilter("ignore")
import torch

class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.first = torch.nn.Linear(3, 3)

    def forward(self, x):
        return torch.relu(self.first(x))

x = torch.zeros(2, 3)
exported = torch.export.export(Net().eval(), (x,)).module()
heard = []
for name, module in exported.named_children():
    module.register_forward_hook(lambda m, i, out, name=name: heard.append((name, out)))
exported(x)
seen = [name for name, _ in exported.named_children()], heard
expected = ["first", "_guards_fn"], [("_guards_fn", None)]
print("torch", torch.__version__)
print("torch.export keeps the layer `first` as a module that holds its weights, but a hook on it hears nothing; the only module that runs is `_guards_fn`, which returns None.")
print("seen:", seen)
sys.exit(seen != expected)
END
