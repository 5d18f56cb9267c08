"""Invariance: do spectra and shapes stay the same from layer to layer? (Appendices B and C)"""

from featgraph.core.package import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
