"""SS_rate: how far the box counts of a layer are from a power law, as a differentiable number."""

from featgraph.core.package import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
