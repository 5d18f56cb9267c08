"""
Renormalisation: what survives when boxes become nodes
======================================================

A flower comes back as a smaller flower, again and again. A scale-free network with loops turns
into a dense core within two steps.
"""

import matplotlib.pyplot as plt

import featgraph as fg
from featgraph.datasets import make_barabasi_albert, make_flower
from featgraph.plot import plot_flow

# %%
flower = fg.analyze_flow(make_flower(2, 2, 6), sizes=[1, 2, 3])
flower_picture, _ = plot_flow(flower)
plt.figure(flower_picture)

# %%
network = fg.analyze_flow(make_barabasi_albert(2000, 2, rng=0), sizes=[1, 2, 3])
print(f"flower {flower.score:.2f}, Barabási–Albert {network.score:.2f}")
network_picture, _ = plot_flow(network)
plt.figure(network_picture)
