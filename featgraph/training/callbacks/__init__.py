"""The SS_rate term and the record of G_M inside the loops of other libraries."""

from featgraph.core.package import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
