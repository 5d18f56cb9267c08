"""similarity: compare two networks by layers, sample graphs, weights and predictions.

X and Y have shape (n_samples, n_features) everywhere; a ``FeatureMatrix`` (nodes first) is
turned by itself.
"""

from __future__ import annotations

from featgraph.core.package import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
