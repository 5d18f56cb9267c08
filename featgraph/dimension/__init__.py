"""Stage 5: box counts become a dimension, with interval, window and rivals."""

from featgraph.core.package import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
