"""
The weights themselves as a network
===================================

Neurons joined by their weights are a network before any data comes in. Its multifractal spectrum
says how unevenly weights are spread; null models say how much of that any weights of the same
distribution would show.
"""

# %%
# A perceptron before and after training on handwritten digits.
import matplotlib.pyplot as plt  # pictures are made outside pyplot: plt.figure(fig) shows them

import featgraph as fg
from featgraph.models import build_model, train_classifier
from featgraph.weights import multifractal_weights

trained = build_model("mlp", widths=(64, 64), seed=0)
train_classifier(trained, fg.datasets.load_digits("train"), epochs=8, progress=False)
spectra = {
    "untrained": multifractal_weights(build_model("mlp", widths=(64, 64), seed=0), rng=0),
    "trained": multifractal_weights(trained, rng=0),
}
for name, spectrum in spectra.items():
    print(name, spectrum)
plt.figure(fg.plot.plot_weight_spectra(spectra)[0])

# %%
# The degree of emergence follows one network through its training. The null model has the weights
# of each neuron in another order: a released spectrum is the same, so that E is too.
from featgraph.weights import measure_emergence

checkpoints = {}
for epochs in (0, 1, 2, 4, 8):
    checkpoints[epochs] = build_model("mlp", widths=(64, 64), seed=0)
    if epochs:
        digits = fg.datasets.load_digits("train")
        train_classifier(checkpoints[epochs], digits, epochs=epochs, progress=False)
curve = measure_emergence(checkpoints, nulls=("rows",), rng=0)
plt.figure(fg.plot.plot_emergence(curve, unit="epoch")[0])
