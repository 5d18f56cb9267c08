"""
Bifractal flowers, monofractal lattices
=======================================

Fractal scale-free networks are bifractal: hubs carry one singularity strength, all other nodes
another. A torus has one dimension for every moment.
"""

import matplotlib.pyplot as plt
import numpy as np

import featgraph as fg
from featgraph.datasets import make_flower, make_lattice
from featgraph.plot import plot_multifractal

# %%
# Furuya and Yakubo: τ(q) = (q − 1)·D for q < γ − 1, else q·D·(γ − 2)/(γ − 1). The (2, 2)-flower
# has D = 2 and γ = 3.
q = np.linspace(-5, 5, 200)
known = np.where(q < 2, 2.0, q / np.where(q < 2, 1.0, q - 1))
flower = make_flower(2, 2, 7)
torus = make_lattice((60, 60), periodic=True)
spectra = {
    "flower, sandbox": fg.multifractal_sandbox(flower, scale=2, window=(4, 32)),
    "flower, box masses": fg.multifractal_boxes(flower, method="memb", scale=2, window=(4, 32)),
    "torus, sandbox": fg.multifractal_sandbox(torus, window=(4, 40)),
}
for name, spectrum in spectra.items():
    print(f"{name}: {spectrum}")
fig, axes = plot_multifractal(spectra, theory={"flower, exact": (q, known)})
plt.figure(fig)
