"""
Training with and without the constraint
========================================

The same network, seed and order of images, twice: the task loss alone, and with a term that
pulls the SS_rate of its layers towards a target.
"""

# %%
# The term moves true box counts (``linkage``); the formula of the paper is ``released``.
import matplotlib.pyplot as plt  # pictures are made outside pyplot: plt.figure(fig) shows them

import featgraph as fg
from featgraph.models import build_model
from featgraph.training import TrainingSettings

train, test = fg.datasets.load_digits("train"), fg.datasets.load_digits("test")
settings = TrainingSettings(epochs=10, batch_size=256, lr=3e-3, seed=0)
logs = {}
for name, weight in (("task loss alone", None), ("with the term, α = 1", 1.0)):
    model, term = build_model("mlp", seed=0), None
    if weight is not None:
        term = fg.SelfSimilarityRegularizer(model, target=0.1, weight=weight, estimator="linkage")
    logs[name] = fg.train(
        model, train, test=test, regularizer=term, settings=settings, progress=False
    )
    print(f"{name}: {logs[name].rows[-1].test_accuracy:.1%} right")

# %%
# What it costs in accuracy: two runs show the way, not the size; pairs of many seeds do that.
runs = {name: log.to_rows() for name, log in logs.items()}
plt.figure(fg.plot.plot_learning_curves(runs)[0])

# %%
# SS_rate of each layer over the epochs, by the formula (dashed) and by boxes (solid).
for log in logs.values():
    plt.figure(fg.plot.plot_rate_trajectories(log.rate_rows())[0])
