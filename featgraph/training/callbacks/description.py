"""What a regulariser saw in its last call, as numbers for a logger."""

from __future__ import annotations

from torch import Tensor

from featgraph.selfsimilarity.regularizer import SelfSimilarityRegularizer

__all__ = ["describe_call"]


def describe_call(regularizer: SelfSimilarityRegularizer, term: Tensor) -> dict[str, float]:
    """Return the term, and SS_rate of each layer it was computed of, by name.

    Examples
    --------
    >>> import torch
    >>> net = torch.nn.Sequential(torch.nn.Linear(2, 9), torch.nn.ReLU(), torch.nn.Linear(9, 2))
    >>> regularizer = SelfSimilarityRegularizer(net)
    >>> scores = net(torch.eye(2).repeat(8, 1))
    >>> sorted(describe_call(regularizer, regularizer()))
    ['ss_rate/1', 'ss_term']
    """
    seen = {"ss_term": float(term.detach())}
    for record in regularizer.records:
        if record.ss_rate is not None:
            seen[f"ss_rate/{record.layer}"] = record.ss_rate
    return seen
