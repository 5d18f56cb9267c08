"""Padding: whether token ids look padded where nobody said so."""

from __future__ import annotations

import numpy as np
from scipy.special import betainc
from torch import Tensor, nn

__all__ = ["find_padding", "padding_id"]


def find_padding(ids: Tensor, *, pad_id: int | None = None) -> tuple[int, str] | None:
    """Say whether token ids look padded: one id repeated at the ends, more than by chance.

    Parameters
    ----------
    ids : Tensor of int, shape (B, N)
        Token ids.
    pad_id : int or None, default=None
        The id that the model names for padding, if it does.

    Returns
    -------
    (int, str) or None
        The repeated id and "end" or "start".

    Notes
    -----
    Let an id have the share p of all tokens outside the runs at the ends. Were tokens drawn at
    random, the total length of the runs would be a negative binomial number; runs that long of a
    probability below 0.01 (0.03 for the id 0, the usual padding), over the ids and ends looked
    at, are taken for padding, and so is an id 0 that stands nowhere else. Runs of one length in
    all samples are a closing token. O(B N).

    Examples
    --------
    >>> import torch
    >>> find_padding(torch.tensor([[5, 6, 7, 8], [4, 3, 0, 0], [9, 0, 0, 0]]))
    (0, 'end')
    """
    array = ids.detach().cpu().numpy()
    if array.size == 0 or array.shape[1] < 2:
        return None
    for end, turned in (("end", array[:, ::-1]), ("start", array)):
        candidates = np.unique(turned[:, 0])
        for candidate in candidates:
            is_it = turned == candidate
            runs = np.where(is_it.all(1), array.shape[1], is_it.argmin(1))
            is_alone = int(is_it.sum()) == int(runs.sum())
            if runs.max() < 2 or (candidate != pad_id and len(runs) > 1 and len(set(runs)) == 1):
                continue
            if candidate == pad_id or (candidate == 0 and is_alone):
                return int(candidate), end
            if len(runs) > 1 and runs.all():
                runs = runs - 1  # a closing token
            total, n_found = int(runs.sum()), int(is_it.sum())
            share = (n_found - total + 1) / (array.size - total + 2)
            share += (share * (1 - share) / (array.size - total + 2)) ** 0.5  # an upper bound
            chance = betainc(total, len(array), min(share, 1.0)) * 2 * len(candidates)
            if chance < (0.01 if candidate else 0.03):
                return int(candidate), end
    return None


def padding_id(model: nn.Module) -> int | None:
    """Return the id that a model names for padding: in its configuration or its embedding.

    Examples
    --------
    >>> padding_id(nn.Sequential(nn.Embedding(9, 4, padding_idx=2)))
    2
    """
    named = getattr(getattr(model, "config", None), "pad_token_id", None)
    if isinstance(named, int):
        return named
    embeddings = (m.padding_idx for m in model.modules() if isinstance(m, nn.Embedding))
    return next((index for index in embeddings if index is not None), None)
