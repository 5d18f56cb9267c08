"""Random numbers inside kernels, from a state that the caller draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels.compiler import kernel

__all__ = ["draw_uniform"]


@kernel
def draw_uniform(state: NDArray[np.int64]) -> float:
    """Return a number in [0, 1) and step the ``state``, one number other than 0.

    Marsaglia 2003, doi:10.18637/jss.v008.i14: xorshift of 64 bits, the upper 53 as a fraction.
    """
    word = state[0]
    word ^= word << 13
    word ^= (word >> 7) & 0x1FFFFFFFFFFFFFF
    word ^= word << 17
    state[0] = word
    uniform: float = ((word >> 11) & 0x1FFFFFFFFFFFFF) / 9007199254740992.0
    return uniform
