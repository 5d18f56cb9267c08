"""Training with the SS_rate term, logged and resumed exactly, and G_M while a model learns."""

from featgraph.core.package import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
