"""weights: a trained model's own weights as a network of neurons, and what is multifractal in it.

model → units in layers → weighted network → masses by length → spectra, beside null models.
"""

from __future__ import annotations

from featgraph.core.package import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
