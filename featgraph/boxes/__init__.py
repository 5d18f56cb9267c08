"""Stage 4, boxes: cover a graph, or features without any graph, by boxes of a given size.

One algorithm per file, listed in METHODS; ``box_cover`` and ``box_counts`` are the front doors.
"""

from featgraph.core.package import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
