"""
A layer as a network: small world, degrees, and the choice of ε
===============================================================

What network scientists ask of any graph, asked of a layer of a small network trained on
handwritten digits: is it a small world, do its degrees have a heavy tail, and how much of the
answer is the choice of the threshold ε?
"""

# %%
# Train a small MLP and capture its blocks.
import matplotlib.pyplot as plt  # pictures are made outside pyplot: plt.figure(fig) shows them

import featgraph as fg
from featgraph.datasets import load_digits
from featgraph.models import build_model, train_classifier

train, test = load_digits("train"), load_digits("test")
model = build_model("mlp", seed=0)
train_classifier(model, train, epochs=5, progress=False)
features = fg.extract_features(model, test.images, progress=False)

# %%
# One row per layer.
for row in fg.network_summary(
    features, epsilon=("degree", 10), n_references=5, tails=False, rng=0, progress=False
):
    print(f"{row['name']:10s} C {row['clustering']:.2f}  σ {row['sigma']:.2f}  "
          f"φ {row['propensity']:.2f}  Q {row['modularity']:.2f}  "
          f"giant {row['giant_share']:.0%}")  # fmt: skip

# %%
# The graph between its references, which have the same degrees: small worlds stand top left.
from featgraph.plot import plot_degrees, plot_epsilon_sweep, plot_small_world

layer = next(iter(features))
graph = fg.feature_graph(features[layer], epsilon=("degree", 10))
fig, ax = plot_small_world(fg.small_world(graph, rng=0))
plt.figure(fig)

# %%
# Degrees. With the package powerlaw installed, ``degree_statistics`` also tests three laws for
# their tail.
statistics = fg.degree_statistics(graph, tails=False)
fig, ax = plot_degrees(statistics.degrees)
plt.figure(fig)

# %%
# ε is a parameter: every measure depends on it, and the picture says how.
sweep = fg.epsilon_sweep(features[layer], n_steps=12, n_references=3, rng=0, progress=False)
print(sweep.describe(graph.epsilon))
fig, axes = plot_epsilon_sweep(sweep, chosen=graph.epsilon)
plt.figure(fig)
