"""featgraph: feature networks of trained models, box covering and fractal dimension.

features → distances → graph → boxes → dimension → report,
and selfsimilarity carries the answer back to the model as a gradient.

Names load on first use, so ``import featgraph`` costs almost nothing.
"""

from __future__ import annotations

from featgraph.core.package import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)

__version__ = "0.1.0"
