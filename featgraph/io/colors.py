"""Colours for boxes, communities and values that colour-blind readers can tell apart."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from featgraph.core.checks import integer

__all__ = ["box_colors", "value_colors"]

# Okabe & Ito (2008), jfly.uni-koeln.de/color, without the black, which is the colour of text.
_OKABE_ITO = (
    (0, 114, 178),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (86, 180, 233),
    (213, 94, 0),
    (240, 228, 66),
)
# Linear RGB as seen with full protanopia and deuteranopia: Machado, Oliveira & Fernandes 2009,
# IEEE Trans. Vis. Comput. Graph. 15(6), doi:10.1109/TVCG.2009.113, table of severity 1.
_PROTAN = (
    (0.152286, 1.052583, -0.204868),
    (0.114503, 0.786281, 0.099216),
    (-0.003882, -0.048116, 1.051998),
)
_DEUTAN = (
    (0.367322, 0.860646, -0.227968),
    (0.280085, 0.672501, 0.047413),
    (-0.011820, 0.042940, 0.968881),
)
# Linear sRGB to OKLab: Ottosson 2020, bottosson.github.io/posts/oklab.
_TO_CONES = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)
_TO_LAB = (
    (0.2104542553, 0.7936177850, -0.0040720468),
    (1.9779984951, -2.4285922050, 0.4505937099),
    (0.0259040371, 0.7827717662, -0.8086757660),
)
_N_PICKED = 256  # beyond this many colours nobody tells them apart: distinct is all one can ask


def _seen_colors(rgb: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return OKLab coordinates of colours, shape (3 kinds of vision, n, 3)."""
    share = rgb / 255.0
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    seen = [linear, linear @ np.array(_PROTAN).T, linear @ np.array(_DEUTAN).T]
    cones = np.clip(np.stack(seen), 0, None) @ np.array(_TO_CONES).T
    lab: NDArray[np.float64] = np.cbrt(cones) @ np.array(_TO_LAB).T
    return lab


@lru_cache(maxsize=1)
def _picked_colors() -> NDArray[np.int64]:
    """Return 256 colours: Okabe-Ito, then always the candidate farthest from all before it.

    A distance is the smallest over normal, protan and deutan vision.
    """
    steps = np.arange(16, 241, 14)
    candidates = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    lightness = _seen_colors(candidates)[0, :, 0]
    candidates = candidates[(lightness > 0.35) & (lightness < 0.92)]  # neither text nor paper
    rgb = np.concatenate([np.array(_OKABE_ITO), candidates])
    lab = _seen_colors(rgb)
    order = list(range(len(_OKABE_ITO)))
    gap = np.full(len(rgb), np.inf)
    for k in range(_N_PICKED):
        if k >= len(order):
            order.append(int(gap.argmax()))
        to_last = np.linalg.norm(lab - lab[:, order[k], None], axis=2).min(axis=0)
        gap = np.minimum(gap, to_last)
    picked: NDArray[np.int64] = rgb[order]
    return picked


def box_colors(n_colors: int) -> NDArray[np.int64]:
    """Return distinct colours, the most different ones first.

    The first seven are those of Okabe and Ito; each later one is as far as possible from all
    before it for normal, protan and deutan vision at once. Colour i is the same for every
    ``n_colors``, so pictures of one graph agree.

    Parameters
    ----------
    n_colors : int
        How many, at least 0. Beyond 256 colours stay distinct but hardly to the eye.

    Returns
    -------
    ndarray of int64, shape (n_colors, 3)
        Red, green, blue from 0 to 255.

    Raises
    ------
    ValueError
        If ``n_colors`` is negative or above 1 000 000.

    Examples
    --------
    >>> box_colors(2).tolist()
    [[0, 114, 178], [230, 159, 0]]
    """
    n_colors = integer(n_colors, "n_colors")
    if n_colors > 1_000_000:
        raise ValueError(f"n_colors must be at most 1000000, got {n_colors}")
    picked: NDArray[np.int64] = (
        _picked_colors() if n_colors > len(_OKABE_ITO) else np.array(_OKABE_ITO)
    )
    if n_colors <= len(picked):
        first: NDArray[np.int64] = picked[:n_colors].copy()
        return first
    # A multiplicative walk visits every one of the 190³ = 6 859 000 mid-range colours once.
    rank = (np.arange(n_colors + _N_PICKED) * 4_239_077 + 1_000_003) % 190**3
    walk = np.stack([rank % 190, rank // 190 % 190, rank // 190**2], axis=1) + 40
    code, known = (side @ np.array([65536, 256, 1]) for side in (walk, picked))
    fresh = walk[~np.isin(code, known)]
    distinct: NDArray[np.int64] = np.concatenate([picked, fresh])[:n_colors]
    return distinct


def value_colors(values: ArrayLike) -> NDArray[np.int64]:
    """Return a colour per number on the scale "cividis", dark blue (low) to yellow (high).

    Parameters
    ----------
    values : array-like of numbers, shape (n,)
        Not-a-number and infinite values become grey.

    Returns
    -------
    ndarray of int64, shape (n, 3)
        Red, green, blue from 0 to 255.

    Raises
    ------
    ValueError
        If ``values`` is not one-dimensional with numbers.

    Examples
    --------
    >>> value_colors([0.0, 1.0]).tolist()
    [[0, 34, 78], [254, 232, 56]]
    """
    from matplotlib import colormaps

    array: NDArray[Any] = np.asarray(values)
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        raise ValueError(
            f"values must be one-dimensional with numbers, got shape {array.shape} of {array.dtype}"
        )
    array = array.astype(np.float64)
    finite = np.isfinite(array)
    colors = np.full((array.size, 3), 128, dtype=np.int64)
    if finite.any():
        low, high = array[finite].min(), array[finite].max()
        # halves first: high − low may overflow
        span = high / 2 - low / 2
        share = (array[finite] / 2 - low / 2) / span if span > 0 else np.full(finite.sum(), 0.5)
        colors[finite] = np.rint(colormaps["cividis"](share)[:, :3] * 255).astype(np.int64)
    return colors
