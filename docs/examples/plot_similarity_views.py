"""
SS_rate, CKA and what survives pruning
======================================

Three questions to every layer of a trained network: how far are its box counts from a power
law (SS_rate), does it resemble the same layer of a twin trained from another seed (CKA), and
how much of it is left when most weights are removed (CKA with its own dense self)? Do the
answers go together?
"""

# %%
# Four perceptrons of six hidden layers, trained on handwritten digits from different seeds.

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import spearmanr

import featgraph as fg
from featgraph import similarity as sim
from featgraph.models import build_model, train_classifier

train, test = fg.datasets.load_digits("train"), fg.datasets.load_digits("test")
layers = [f"blocks.{k}" for k in range(6)]
nets = []
for seed in range(4):
    net = build_model("mlp", widths=(64,) * 6, seed=seed)
    train_classifier(net, train, epochs=8, progress=False)
    nets.append(net.eval())

# %%
# One pass per network and sparsity gives everything: ``sweep_pruning`` keeps CKA of each layer
# with itself before pruning, and SS_rate of its feature network.

sweeps = [
    sim.sweep_pruning(a, b, test, sparsities=(0.0, 0.5, 0.9), layers=layers)
    for a, b in ((nets[0], nets[1]), (nets[2], nets[3]))
]
plt.figure(fg.plot.plot_pruning(sweeps[0], names=("seed 0", "seed 1"))[0])
rates = np.array([side[0] for s in sweeps for side in (s.ss_rate_a, s.ss_rate_b)])
left = np.array([side[-1] for s in sweeps for side in (s.own_a, s.own_b)])

# %%
# CKA with the same layer of the other networks, averaged over them.

matrices = {
    (i, j): sim.similarity_matrix(nets[i], nets[j], test, layers=layers)
    for i in range(4)
    for j in range(i)
}
plt.figure(fg.plot.plot_similarity(matrices[1, 0], names=("seed 1", "seed 0"))[0])
tables = {pair: matrix.values.diagonal() for pair, matrix in matrices.items()}
alike = np.array(
    [np.mean([row for pair, row in tables.items() if i in pair], axis=0) for i in range(4)]
)

# %%
# Each point is a layer of one network; colour is depth. Layers of one network are not
# independent of one another, so the interval of each rank correlation comes from leaving out
# whole networks.


def rank_correlation(x, y):
    """Spearman correlation over all layers, with its range when one network is left out."""
    value = spearmanr(x.ravel(), y.ravel()).statistic
    without = [
        spearmanr(np.delete(x, k, axis=0).ravel(), np.delete(y, k, axis=0).ravel()).statistic
        for k in range(len(x))
    ]
    return f"rank correlation {value:+.2f} ({min(without):+.2f} to {max(without):+.2f})"


figure, axes = plt.subplots(1, 3, figsize=(11, 3.8), layout="constrained")
panels = (
    (rates, alike, "SS_rate (linkage)", "CKA with twins"),
    (rates, left, "SS_rate (linkage)", "CKA with dense self, 90 % pruned"),
    (alike, left, "CKA with twins", "CKA with dense self, 90 % pruned"),
)
depth = np.broadcast_to(np.arange(1, 7), rates.shape)
for ax, (x, y, name_x, name_y) in zip(axes, panels, strict=True):
    points = ax.scatter(x, y, c=depth, cmap="viridis_r", s=36, edgecolor="black", linewidth=0.5)
    ax.set_xlabel(name_x)
    ax.set_ylabel(name_y)
    ax.set_title(rank_correlation(x, y), size=9)
figure.colorbar(points, ax=axes, label="hidden layer", ticks=range(1, 7))

# %%
# Depth moves all three quantities. Take out the mean of each depth, and the correlations are
# gone: over the layers of these networks they say that deep layers differ from early ones, and
# nothing about SS_rate, twins or pruning beyond that.

for x, y, name_x, name_y in panels:
    within = rank_correlation(x - x.mean(axis=0), y - y.mean(axis=0))
    print(f"{name_x} – {name_y}, depth taken out: {within}")

# %%
# So views are better compared over *networks*, pair by pair: ``cross_view_correlations`` does
# that, with intervals that resample networks. Of four networks they say little.

views = sim.cross_view_correlations(
    {f"seed {k}": net for k, net in enumerate(nets)},
    test,
    views=("cka", "procrustes", "predictive"),
    layers=layers,
    n_resamples=200,
    progress=False,
)
plt.figure(fg.plot.plot_cross_views(views)[0])
