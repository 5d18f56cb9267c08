"""
A feature network while its model learns
========================================

SS_rate, small world and communities of every hidden layer after every epoch, and the network
itself as a film for Gephi.
"""

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt

import featgraph as fg
from featgraph.plot import plot_tracking

# %%
model = fg.models.build_model("mlp", seed=0)
data = fg.datasets.load_digits("train")
images = fg.datasets.load_digits("test").images[:256]
tracker, log = fg.training.track_training(model, data, images, epochs=8)
print(tracker, f"accuracy in training {log[-1].accuracy:.2f}")
fig, axes = plot_tracking(tracker.rows)
plt.figure(fig)

# %%
# The same record as a table, and as a graph whose edges come and go on Gephi's timeline.
folder = Path(tempfile.mkdtemp())
print(tracker.write(folder / "tracking.csv").name)
print(tracker.write_gexf(folder / "training.gexf", end=8).name)
