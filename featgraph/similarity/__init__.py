"""similarity: compare two networks by layers, sample graphs, weights and predictions.

X and Y have shape (n_samples, n_features) everywhere; a ``FeatureMatrix`` (nodes first) is
turned by itself.
"""

from __future__ import annotations

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
