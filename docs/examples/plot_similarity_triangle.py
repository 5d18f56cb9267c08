"""
The triangle of similarity, and the homology of weights
=======================================================

Two networks with the same answers: are they the same network? Their layers, the straight line
between their weights, and what is left after pruning give three different views.
"""

# %%
# Two perceptrons trained on handwritten digits from different seeds.
import matplotlib.pyplot as plt  # pictures are made outside pyplot: plt.figure(fig) shows them

import featgraph as fg
from featgraph import similarity as sim
from featgraph.datasets import load_digits
from featgraph.models import build_model, train_classifier
from featgraph.plot import (
    plot_barcode,
    plot_betti_curves,
    plot_landscape,
    plot_linear_paths,
    plot_persistence,
    plot_triangle,
)

train, test = load_digits("train"), load_digits("test")
nets = [build_model("mlp", seed=seed) for seed in (0, 1)]
for net in nets:
    train_classifier(net, train, epochs=8, progress=False)

# %%
# The layers are alike and the predictions too; but half-way between the weights the loss is
# nine times higher, until the neurons of one network are permuted to match the other's.
layers = ["blocks.0", "blocks.1", "blocks.2", "head"]
views = sim.triangle(*nets, test, layers=layers, names=("seed 0", "seed 1"))
print(views)
plt.figure(plot_triangle(views)[0])

# %%
# One panel alone: the line between the weights as they are, and with neurons permuted.
paths = {"as they are": views.functional.path, "aligned": views.functional.aligned_path}
plt.figure(plot_linear_paths(paths)[0])

# %%
# Persistent homology needs no data: strong weights enter first, components merge, loops close.
# Training moves the births of loops, the seed hardly does.
diagrams = {
    "trained, seed 0": sim.weight_persistence(nets[0]),
    "trained, seed 1": sim.weight_persistence(nets[1]),
    "untrained": sim.weight_persistence(build_model("mlp", seed=0)),
}
names = list(diagrams)
table = sim.persistence_distances(list(diagrams.values()), kind="silhouette")
for i, j in ((0, 1), (0, 2), (1, 2)):
    print(f"{names[i]} – {names[j]}: {table[i, j]:.4f}")
plt.figure(plot_landscape(diagrams)[0])

# %%
# The diagram itself: loops of weights are never filled, so of tens of thousands the births are
# a histogram on top. The longest lives as bars.
plt.figure(plot_persistence(diagrams["trained, seed 0"])[0])
plt.figure(plot_barcode(diagrams["trained, seed 0"], max_bars=20)[0])

# %%
# Of distances, homology stands beside box counts at the same scale: β₀ counts the components of
# the feature network at ε, boxes of that diameter are more.
F = fg.extract_features(nets[0], test.images, layers="blocks.1", progress=False)["blocks.1"]
loops = sim.distance_persistence(F, max_dimension=1)
boxes = fg.box_counts(F, rng=0, progress=False)
plt.figure(plot_betti_curves(loops, counts=boxes)[0])
