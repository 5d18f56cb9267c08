"""Stage 6: what was found out, as a page, tables, pictures and graph files."""

from __future__ import annotations

from featgraph.core.package import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
