"""Pictures: every function returns ``(fig, ax)`` and none of them shows a window."""

from __future__ import annotations

from featgraph.core.package import attach as _attach

__getattr__, __dir__, __all__ = _attach(__name__, __file__)
