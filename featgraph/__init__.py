"""featgraph: feature networks of trained models, box covering and fractal dimension.

features → distances → graph → boxes → dimension → report,
and selfsimilarity carries the answer back to the model as a gradient.

Names load on first use, so ``import featgraph`` costs almost nothing.
"""

from __future__ import annotations

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)

__version__ = "0.1.0"
