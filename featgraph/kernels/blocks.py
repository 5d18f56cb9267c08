"""504 searches at once: bit s of ``reach[v]`` tells whether source s is within the hops so far.

8 words of 63 bits are one or two vector instructions per edge, so that a hop of all searches
costs little more than one look at every edge.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from featgraph.kernels.bits import WORD
from featgraph.kernels.compiler import light_kernel

__all__ = ["BLOCK", "BLOCK_WORDS", "begin_block", "spread_block"]

Ints = NDArray[np.int64]

BLOCK_WORDS = 8
BLOCK = BLOCK_WORDS * WORD


@light_kernel
def begin_block(sources: Ints, low: int, reach: Ints) -> None:
    """Write zero hops from ``sources[low:low + 504]`` into ``reach``, shape (n_nodes, 8)."""
    reach[:] = 0
    for s in range(low, min(low + BLOCK, sources.size)):
        reach[sources[s], (s - low) // WORD] |= np.int64(1) << ((s - low) % WORD)


@light_kernel
def spread_block(starts: Ints, stops: Ints, indices: Ints, reach: Ints, wider: Ints) -> None:
    """Write what is within one hop more of the sources into ``wider``."""
    for v in range(starts.size):
        for w in range(BLOCK_WORDS):
            wider[v, w] = reach[v, w]
        for k in range(starts[v], stops[v]):
            u = indices[k]
            for w in range(BLOCK_WORDS):
                wider[v, w] |= reach[u, w]
