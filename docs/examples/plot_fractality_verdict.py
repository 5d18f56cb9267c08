"""
Fractal or not: a flower, a lattice, a small world
==================================================

Box counts of four graphs whose answer is known, and what can be said of each.
"""

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

import featgraph as fg
from featgraph.datasets import (
    make_barabasi_albert,
    make_flower,
    make_lattice,
    make_watts_strogatz,
)
from featgraph.plot import plot_fractality

# %%
# A (2, 2)-flower repeats itself at powers of 2 only, so boxes are counted there: 1 + ℓ = 2ᵏ. The
# minimum is then exactly 2·4^(g − k), and the slope exactly its dimension 2.
graphs = {
    "(2, 2)-flower, generation 6": (make_flower(2, 2, 6), {"scale": 2}),
    "40 × 40 lattice": (make_lattice((40, 40)), {}),
    "Barabási–Albert tree": (make_barabasi_albert(3000, 1, rng=0), {}),
    "ring, 1 % rewired": (make_watts_strogatz(2000, 4, 0.01, rng=0), {}),
}
fig = Figure(figsize=(12.5, 8.6), layout="constrained")
for ax, (name, (graph, options)) in zip(fig.subplots(2, 2).flat, graphs.items(), strict=True):
    result = fg.fractality(graph, method="greedy", rng=0, **options)
    print(f"{name}: {result}")
    plot_fractality(result, ax=ax)
    ax.set_title(name, loc="left", fontsize=9)

# %%
# The lattice has dimension 2 and a shallower measured slope: heuristic covers waste more at large
# sizes, and small sizes are bent by the shape of the boxes. The rewired ring follows a power law
# up to the distance between shortcuts and an exponential beyond; it is left undecided.
plt.figure(fig)
