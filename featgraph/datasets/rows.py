"""Which samples of a data set are meant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from featgraph.core.values import take_as, to_tensor, to_whole_array

__all__ = ["Rows", "find_rows"]

Rows = int | slice | Sequence[int] | torch.Tensor


def find_rows(samples: Rows, n_samples: int) -> Any:
    """Return what picks the first samples (an int), or those at the given places or of a mask.

    Examples
    --------
    >>> find_rows(2, 5), find_rows([0, -1], 5)
    (slice(None, 2, None), tensor([ 0, -1]))
    """
    if isinstance(samples, int) and not isinstance(samples, bool):
        return slice(samples)
    if isinstance(samples, slice):
        return samples
    words = f"a number, a slice or places below {n_samples}"
    places = take_as(to_tensor, samples, "samples", words)
    if places.dtype == torch.bool and tuple(places.shape) == (n_samples,):
        return places
    places = torch.from_numpy(take_as(to_whole_array, places, "samples", words))
    if places.ndim != 1 or not (-n_samples <= places).logical_and(places < n_samples).all():
        raise ValueError(f"samples must be {words}, got shape {tuple(places.shape)}")
    return places
