"""
The dimension of a cloud of samples
===================================

Appendix C of the source paper measures the correlation dimension D₂ of each layer's samples. The
released code counts 29 neighbours at absolute radii, so its answer depends on the unit of the
points. The full correlation sum with relative radii does not.
"""

# %%
# Clouds of known dimension, and the same clouds three times as large.
import matplotlib.pyplot as plt  # pictures are made outside pyplot: plt.figure(fig) shows them
import numpy as np

from featgraph.invariance import (
    estimate_likelihood_dimension,
    estimate_two_nn,
    measure_correlation_dimension,
    measure_released_dimension,
)

rng = np.random.default_rng(0)
ball = rng.normal(size=(1000, 3))
clouds = {
    "circle, 1": np.column_stack([np.cos(angle := 2 * np.pi * rng.random(1000)), np.sin(angle)]),
    "sphere, 2": ball / np.linalg.norm(ball, axis=1, keepdims=True),
    "cube, 3": rng.random((1000, 3)),
}
fits = {}
headings = ("D₂", "× 3", "TwoNN", "likel.", "rel.", "× 3")
print("cloud      " + " ".join(f"{text:>6s}" for text in headings))
for name, cloud in clouds.items():
    fits[name] = measure_correlation_dimension(cloud, rng=0)
    row = [
        fits[name].dimension,
        measure_correlation_dimension(3 * cloud, n_resamples=0).dimension,
        estimate_two_nn(cloud).dimension,
        estimate_likelihood_dimension(cloud).dimension,
        measure_released_dimension(cloud).dimension,
        measure_released_dimension(3 * cloud).dimension,
    ]
    print(f"{name:10s} " + " ".join(f"{value:6.2f}" for value in row))

# %%
# The window (shaded) is the longest run of radii over which the local slopes stay within 10 %
# of the slope of the run. The grey box is the bootstrap interval.
from featgraph.plot import plot_correlation_sum

fig, axes = plot_correlation_sum(fits)
plt.figure(fig)

# %%
# Layers of a network: a multilayer perceptron on handwritten digits.
from featgraph.datasets import load_digits
from featgraph.features import extract_features
from featgraph.invariance import measure_geometric_invariance
from featgraph.models import build_model, train_classifier
from featgraph.plot import plot_dimensions

model = build_model("mlp", seed=0)
train_classifier(model, load_digits("train"), epochs=5, progress=False)
features = extract_features(model, load_digits("all").images[:800], progress=False)
result = measure_geometric_invariance(features, rng=0, progress=False)
fig, ax = plot_dimensions(result)
plt.figure(fig)
print(f"Δ = {result.delta:.2f}, interval {result.interval}, noise alone {result.noise_floor:.2f}")
