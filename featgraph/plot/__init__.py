"""Pictures: every function returns ``(fig, ax)`` and none of them shows a window."""

from __future__ import annotations

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
