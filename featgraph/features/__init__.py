"""Stage 1, what a layer says: a model and data become a FeatureMatrix F of shape (D, B)."""

from featgraph.core.package import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
