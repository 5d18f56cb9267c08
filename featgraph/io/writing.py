"""One door for writing a graph: the end of the name chooses the format."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from featgraph.core.checks import choice
from featgraph.graph.convert import open_graph
from featgraph.io._source import Target
from featgraph.io.cytoscape import write_cytoscape
from featgraph.io.dot import write_dot
from featgraph.io.gexf import write_gexf
from featgraph.io.graphml import write_graphml

__all__ = ["WRITERS", "write_graph"]

#: Suffix to what writes it.
WRITERS: dict[str, Callable[..., Path]] = {
    ".graphml": write_graphml,
    ".gexf": write_gexf,
    ".cyjs": write_cytoscape,
    ".dot": write_dot,
}


def write_graph(
    graph: Any,
    path: Target,
    *,
    format: str | None = None,  # noqa: A002
    **options: Any,
) -> Path:
    """Write a graph in the format that the name of the file says.

    Parameters
    ----------
    graph : FeatureGraph
        Any graph.
    path : str, path or open file
        Ends in .graphml, .gexf, .cyjs (Cytoscape), .dot (Graphviz), each with .gz or without, or
        in .npz (the graph alone, as ``FeatureGraph.save`` writes it).
    format : str, optional
        "graphml", "gexf", "cyjs", "dot" or "npz", whatever the name.
    **options
        What ``write_graphml`` takes: ``cover``, ``covers``, ``positions``, ``color_by``,
        ``size_by``, ``weight``.

    Returns
    -------
    Path
        The path written; of an open file its name.

    Raises
    ------
    ValueError
        If the suffix or the format is unknown, or an option does not fit the graph.

    Examples
    --------
    >>> import io, networkx
    >>> _ = write_graph(networkx.path_graph(2), out := io.BytesIO(), format="gexf")
    >>> out.getvalue()[:5]
    b'<?xml'
    """
    name = str(path if isinstance(path, str | os.PathLike) else getattr(path, "name", "stream"))
    plain = name[:-3] if name.lower().endswith(".gz") else name
    suffix = Path(plain).suffix.lower() if format is None else f".{format}"
    choice(suffix, (*WRITERS, ".npz"), "suffix of the path" if format is None else "format")
    if suffix == ".npz":
        return open_graph(graph, weights=True).save(name)
    return WRITERS[suffix](graph, path, **options)
