"""
Neurons before and after training
=================================

Figure 2 of the source paper draws the neurons of a layer in the plane so that distance means how
differently two neurons respond. Whether a cloud is a line, a sheet or a ball is measured here
rather than looked at.
"""

# %%
# The same neurons, on the same images, before and after training.
import matplotlib.pyplot as plt  # pictures are made outside pyplot: plt.figure(fig) shows them

from featgraph.datasets import load_digits
from featgraph.features import extract_features
from featgraph.invariance import compare_training
from featgraph.models import build_model, train_classifier

images = load_digits("test").images
model = build_model("mixer", seed=0)
before = extract_features(model, images, progress=False)
train_classifier(model, load_digits("train"), epochs=6, progress=False)
after = extract_features(model, images, progress=False)
change = compare_training(before, after)
for layer in change.layers:
    print(layer)

# %%
# One column per layer. A neuron keeps its colour.
from featgraph.plot import plot_figure2, plot_node_clusters

fig, axes = plot_figure2(change)
plt.figure(fig)

# %%
# How much of that is the mean activity of neurons, the same for every image? Without it:
bare = compare_training(before, after, remove_means=True)
for row in change.to_rows()[:2]:
    print(f"{row['layer']} {row['state']}: {row['mean_share']:.0%} of the variance are means")
fig, axes = plot_figure2(bare)
plt.figure(fig)

# %%
# Clusters at rising thresholds: discs are boxes, no two neurons in one are farther apart than θ.
fig, axes = plot_node_clusters(bare.layers[1])
plt.figure(fig)
