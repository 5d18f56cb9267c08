"""
A layer under training: formula, true boxes, noise
==================================================

What the formula says of a trained layer, what boxes that exist say, where its neurons went, and
whether noise of the same spectrum would have done as well.
"""

# %%
# A perceptron before and after training on handwritten digits.
import matplotlib.pyplot as plt  # pictures are made outside pyplot: plt.figure(fig) shows them

import featgraph as fg
from featgraph.models import build_model, train_classifier

images = fg.datasets.load_digits("test").images
model = build_model("mlp", seed=0)
before = fg.extract_features(model, images, progress=False)
train_classifier(model, fg.datasets.load_digits("train"), epochs=8, progress=False)
after = fg.extract_features(model, images, progress=False)

# %%
# Number of boxes against θ: formulas dashed, coverings solid. The shaded band holds the smallest
# possible number; a curve that leaves it is about the formula and not about the layer.
layer = "blocks.1"
comparison = fg.compare_dimensions(after[layer], n_theta=96, rng=0, progress=False)
plt.figure(fg.plot.plot_theta_curves(comparison)[0])

# %%
# The neurons in the plane, before and after: distances mean how differently two respond. Colours
# are boxes of the network after training.
graphs = [fg.feature_graph(features[layer]) for features in (before, after)]
boxes = fg.box_cover(graphs[1], 2, rng=0).labels
plt.figure(fg.plot.plot_mds(before[layer], after[layer], groups=boxes)[0])

# %%
# Boxes over hops of that network, by three methods, with certified lower bounds.
counts = [
    fg.box_counts(graphs[1], method=method, repeats=5, bounds=True, rng=0)
    for method in ("greedy", "memb", "random_sequential")
]
plt.figure(fg.plot.plot_box_counts(counts)[0])

# %%
# SS_rate of every layer, its way through training, and what Gaussian features of the same
# spectrum reach.
rows = []
for name in after:
    null = fg.compare_with_null(after[name], estimator="midpoint", n_draws=19, rng=0)
    rows.append(
        {
            "layer": name,
            "before": float(fg.ss_rate(before[name], estimator="midpoint")),
            "after": null.rate,
            "null_mean": null.mean,
            "null_sd": null.sd,
        }
    )
plt.figure(fg.plot.plot_ss_rate(rows, estimator="midpoint")[0])
