"""
Power laws in spectra, and what noise does to them
==================================================

The eigenvalues of a layer's covariance often fall like a power law. Appendix B of the source
paper compares the exponents γ of the layers by their standard deviation σ. Here a small network
is trained on handwritten digits, and σ stands beside the value that noise alone would give.
"""

# %%
# Train a ResMLP on digits and capture its blocks, before and after.
import matplotlib.pyplot as plt  # pictures are made outside pyplot: plt.figure(fig) shows them

from featgraph.datasets import load_digits
from featgraph.features import extract_features
from featgraph.models import build_model, train_classifier

train, test = load_digits("train"), load_digits("test")
model = build_model("resmlp", seed=0)
untrained = extract_features(model, test.images, progress=False)
train_classifier(model, train, epochs=5, progress=False)
trained = extract_features(model, test.images, progress=False)

# %%
# Three variants of the exponent. "paper" takes every eigenvalue, "released" and "tail" look for
# the value from which the law holds; "tail" also tests the law and compares it with rivals
# (``rivals=()`` leaves that out: it needs the powerlaw package).
from featgraph.invariance import measure_scale_invariance

for variant in ("paper", "released", "tail"):
    result = measure_scale_invariance(
        trained, variant=variant, rivals=(), n_resamples=100, rng=0, progress=False
    )
    print(f"{variant:8s} σ = {result.sigma:.3f}, interval {result.interval[0]:.3f} to "
          f"{result.interval[1]:.3f}, noise alone {result.noise_floor:.3f}")  # fmt: skip

# %%
# Each panel shows the share of eigenvalues of at least λ: a power law is a straight line of
# slope 1 − γ. The fitted tail is shaded.
from featgraph.plot import plot_exponents, plot_spectra

fig, axes = plot_spectra(result)
plt.figure(fig)

# %%
# Trained against untrained. Where the bars of the layers overlap, σ says nothing.
before = measure_scale_invariance(untrained, rivals=(), n_resamples=100, rng=0, progress=False)
fig, ax = plot_exponents(result, before, labels=["trained", "untrained"])
plt.figure(fig)
