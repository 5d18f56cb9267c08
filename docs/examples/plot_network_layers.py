"""
One network over all layers
===========================

The monolithic G_M joins neurons of all layers that respond alike. Which layers does it join, and
do boxes of a covering stay within a layer?
"""

# %%
# A residual network hands activations on from block to block, so neurons of different blocks can
# be near each other. ``normalize="node"`` gives every neuron unit deviation: what counts is
# when it responds, not how strongly.
import matplotlib.pyplot as plt  # pictures are made outside pyplot: plt.figure(fig) shows them

import featgraph as fg
from featgraph.datasets import load_digits
from featgraph.models import build_model, train_classifier

train, test = load_digits("train"), load_digits("test")
model = build_model("resmlp", seed=0)
train_classifier(model, train, epochs=5, progress=False)
features = fg.extract_features(model, test.images, progress=False)
graph = fg.feature_graph(features, epsilon=("neighbors", 5), normalize="node")
print(graph)

# %%
# Density of edges between every two layers. Equal colours everywhere would say that the layers
# do not matter.
from featgraph.plot import plot_graph, plot_layer_matrix

connectivity = fg.connect_layers(graph)
print(f"{connectivity.inter_share:.0%} of the edges join two layers, "
      f"{connectivity.expected_share:.0%} would by chance")  # fmt: skip
fig, ax = plot_layer_matrix(connectivity)
plt.figure(fig)

# %%
# Boxes across layers.
from featgraph.graph import spread_over_layers

cover = fg.box_cover(graph, 2, rng=0)
rows = spread_over_layers(graph, cover.labels)
several = sum(row["n_layers"] > 1 for row in rows)
print(f"{cover.n_boxes} boxes of size 2, {several} of them reach into several layers")
fig, ax = plot_graph(graph, cover=cover, rng=0)
plt.figure(fig)

# %%
# For Gephi, coloured by layer. Its layouts take a weight for a strength, so similarities are
# written instead of distances.
import tempfile
from pathlib import Path

path = Path(tempfile.mkdtemp()) / "layers.gexf"
fg.write_gexf(graph, path, color_by="layer", size_by="degree", weight="similarity")
print(path.name, path.stat().st_size, "bytes")
