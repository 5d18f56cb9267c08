"""AddBoxLabels: boxes as labels of nodes, a transform of PyTorch Geometric."""

from __future__ import annotations

from typing import Any

import torch
from torch_geometric.data import Data
from torch_geometric.transforms import BaseTransform

from featgraph.boxes.api import box_cover
from featgraph.boxes.methods import METHODS
from featgraph.core.checks import ArgumentError, choice
from featgraph.core.values import RandomState, describe

__all__ = ["AddBoxLabels"]


class AddBoxLabels(BaseTransform):  # type: ignore[misc]
    """Write the box of each node into a ``Data``, as a label or for pooling.

    Parameters
    ----------
    size : float
        Inclusive bound of the boxes, as in :func:`featgraph.boxes.box_cover`.
    method : str, default="greedy"
        A key of METHODS.
    attr_name : str, default="box"
        Name of the attribute that is written; "y" makes boxes the classes to learn.
    weight : str or None, default=None
        Name of the edge weights that are distances, or "ignore"; None: hops.
    rng : Generator, int or None, default=0
        Source of randomness.
    **options
        Options of the method.

    Examples
    --------
    >>> from torch_geometric.utils import to_undirected
    >>> path = to_undirected(torch.tensor([[0, 1, 2], [1, 2, 3]]))
    >>> AddBoxLabels(1, order="index")(Data(edge_index=path, num_nodes=4)).box
    tensor([0, 0, 1, 1])
    """

    def __init__(
        self,
        size: float,
        *,
        method: str = "greedy",
        attr_name: str = "box",
        weight: str | None = None,
        rng: RandomState = 0,
        **options: Any,
    ) -> None:
        METHODS[choice(method, METHODS, "method")].check_options(options)
        self.size = size
        self.method = method
        self.attr_name = attr_name
        self.weight = weight
        self.rng = rng
        self.options = options

    def forward(self, data: Data) -> Data:
        """Return ``data`` with the number of its box for each node, shape (n_nodes,).

        Parameters
        ----------
        data : Data
            A graph; the transform's call hands a shallow copy on.

        Returns
        -------
        Data
            The same, with the labels on the device of its edges.
        """
        if not isinstance(data, Data):
            raise ArgumentError(f"data must be a Data of torch_geometric, got {describe(data)}")
        how = {"method": self.method, "weight": self.weight, "rng": self.rng, **self.options}
        cover = box_cover(data, self.size, **how)
        labels = torch.from_numpy(cover.labels)
        data[self.attr_name] = labels.to(data.edge_index.device)
        return data

    def __repr__(self) -> str:
        return f"{type(self).__name__}(size={self.size!r}, method={self.method!r})"
