"""Stage 6: what was found out, as a page, tables, pictures and graph files."""

from __future__ import annotations

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)
