"""What people hand to functions by mistake, or hold instead of what a function was written for."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import scipy.sparse as sp
import torch

__all__ = ["odd_values"]


def odd_values() -> dict[str, Any]:
    """Return the values by name; new ones at each call, as generators run out."""
    rng = np.random.default_rng(0)
    normal, whole = rng.normal(size=(8, 9)), rng.integers(0, 9, (8, 9))
    tensor = torch.from_numpy(normal).float()
    numbers = {
        "minus one": -1,
        "zero": 0,
        "beyond 64 bits": 10**20,
        "below 64 bits": -(10**20),
        "beyond floats": 10**400,
        "half": 0.5,
        "nan": float("nan"),
        "infinity": float("inf"),
        "1e300": 1e300,
        "true": True,
        "complex": 1j,
        "number of numpy": np.float32(0.25),
    }
    plain = {
        "none": None,
        "text": "banana",
        "no text": "",
        "bytes": b"x",
        "empty list": [],
        "list": [1, 2, 3],
        "list of lists": [[1.0, 2.0], [3.0, 4.0]],
        "ragged list": [[1, 2], [3]],
        "mixed list": [1, "a"],
        "list of nan": [float("nan")],
        "list beyond 64 bits": [10**20],
        "dict": {},
        "tuple": (),
        "set": {1, 2},
        "range": range(3),
        "generator": (i for i in range(3)),
        "object": object(),
        "class": dict,
        "function": len,
        "path": Path("banana"),
    }
    arrays = {
        "complex array": np.ones((6, 7)) * 1j,
        "text array": np.array(["a", "b"]),
        "object array": np.array([1, None], dtype=object),
        "bool array": np.ones((5, 6), bool),
        "empty array": np.zeros((0, 0)),
        "array without axes": np.array(3.0),
        "array of one axis": np.arange(4.0),
        "array of three axes": np.ones((2, 3, 4)),
        "array of nan": np.full((5, 6), np.nan),
        "array of infinity": np.full((5, 6), np.inf),
        "constant": np.ones((5, 6)),
        "huge": normal * 1e300,
        "tiny": normal * 1e-300,
        "whole numbers": whole,
        "negative": np.array([-1, 2]),
        "bytes of numbers": whole.astype(np.uint8),
        "half precision": normal.astype(np.float16),
        "other byte order": normal.astype(normal.dtype.newbyteorder()),
        "long double": normal.astype(np.longdouble),
        "one row": normal[:1],
        "one column": normal[:, :1],
        "turned backwards": normal[::-1, ::-2],
        "masked": np.ma.masked_array(np.ones((3, 4)), mask=np.eye(3, 4)),
        "dates": np.array(["2020-01-01"], dtype="datetime64[D]"),
        "structured": np.zeros(3, dtype=[("a", int)]),
    }
    tensors = {
        "tensor": tensor,
        "bfloat16 tensor": tensor.bfloat16(),
        "whole tensor": torch.arange(6).reshape(2, 3),
        "sparse tensor": torch.eye(4).to_sparse(),
        "complex tensor": torch.ones(3, 4) * 1j,
        "tensor without numbers": torch.ones(3, 4, device="meta"),
    }
    graphs = {
        "sparse matrix": sp.eye(5).tocsr(),
        "graph": nx.path_graph(4),
        "empty graph": nx.Graph(),
        "directed graph": nx.DiGraph([(0, 1), (1, 2)]),
    }
    return numbers | plain | arrays | tensors | graphs
