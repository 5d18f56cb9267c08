#!/bin/sh
# Gradient accumulation multiplies the gradient of a model whose forward takes **kwargs.
set -eu
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/python" -m pip install -q transformers==5.24.0 accelerate==1.15.0 torch==2.13.0 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'END'
import sys
import warnings

warnings.simplefilter("ignore")
import torch
import transformers
from transformers import Trainer, TrainerCallback, TrainingArguments

class Plain(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def forward(self, x, labels):
        return {"loss": ((self.weight * x - labels) ** 2).mean()}

class Open(Plain):
    def forward(self, x, labels, **kwargs):
        return super().forward(x, labels)

class Watch(TrainerCallback):
    def on_pre_optimizer_step(self, args, state, control, model, **kwargs):
        seen.append(model.weight.grad.item())

data = [{"x": torch.tensor([i + 1.0]), "labels": torch.zeros(1)} for i in range(4)]
seen = []
for kind in (Plain, Open):
    for passes in (1, 2, 4):
        options = TrainingArguments("out", per_device_train_batch_size=4 // passes, gradient_accumulation_steps=passes, max_steps=1, max_grad_norm=1e9, learning_rate=0.0, optim="sgd", report_to=[], save_strategy="no", logging_strategy="no", disable_tqdm=True, use_cpu=True)
        trainer = Trainer(kind(), options, train_dataset=data, callbacks=[Watch()])
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()
expected = [15.0, 15.0, 15.0, 15.0, 30.0, 60.0]
print("transformers", transformers.__version__)
print("One batch of 4 in 1, 2 and 4 passes has the gradient 15; it is 15, 30 and 60 once forward takes **kwargs, because the Trainer then believes that the model divides its own loss.")
print("seen:", seen)
sys.exit(seen != expected)
END
