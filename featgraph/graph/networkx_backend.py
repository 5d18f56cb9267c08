"""Functions of networkx that run on a FeatureGraph, or on request faster on a networkx graph."""

from __future__ import annotations

import inspect
from typing import Any

__all__ = ["backend"]


def _as_given(graph: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: str) -> bool:
    """Tell whether nothing is asked for but the plain measure of a whole graph."""
    try:
        bound = inspect.signature(getattr(backend, name)).bind(graph, *args, **kwargs)
    except TypeError:
        return False
    usual = {key: item.default for key, item in bound.signature.parameters.items()}
    return all(value == usual[key] for key, value in list(bound.arguments.items())[1:])


class _Backend:
    """What networkx calls; parameters are those of its functions, at their defaults only."""

    @staticmethod
    def convert_from_nx(graph: Any, *_: Any, **__: Any) -> Any:
        """Return a networkx graph as a FeatureGraph; edges count, weights do not."""
        from featgraph.graph.convert import as_feature_graph

        return as_feature_graph(graph, weight="ignore")

    @staticmethod
    def convert_to_nx(result: object, **_: Any) -> Any:
        """Return a FeatureGraph as a networkx graph, anything else as it is."""
        return result.to_networkx() if hasattr(result, "to_networkx") else result

    @staticmethod
    def can_run(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
        """Tell whether the graph is simple and undirected, and options are at their defaults."""
        if not args:
            args = (kwargs.get("G"),)
            kwargs = {key: value for key, value in kwargs.items() if key != "G"}
        graph, *rest = args
        if getattr(graph, "__networkx_backend__", "") == "featgraph":
            return _as_given(graph, tuple(rest), kwargs, name)
        if graph is None or not len(graph) or graph.is_directed() or graph.is_multigraph():
            return False
        loops = any(node in neighbors for node, neighbors in graph.adj.items())
        return not loops and _as_given(graph, tuple(rest), kwargs, name)

    @staticmethod
    def core_number(G: Any) -> dict[Any, int]:
        from featgraph.graph.mesoscale import find_cores

        return dict(zip(G.node_labels, find_cores(G).tolist(), strict=True))

    @staticmethod
    def clustering(G: Any, nodes: object = None, weight: object = None) -> dict[Any, float]:
        from featgraph.graph.clustering import local_clustering

        return dict(zip(G.node_labels, local_clustering(G).tolist(), strict=True))

    @staticmethod
    def triangles(G: Any, nodes: object = None) -> dict[Any, int]:
        from featgraph.graph.clustering import count_node_triangles

        found = count_node_triangles(G.indptr, G.indices)
        return dict(zip(G.node_labels, found.tolist(), strict=True))

    @staticmethod
    def average_clustering(
        G: Any, nodes: object = None, weight: object = None, count_zeros: bool = True
    ) -> float:
        from featgraph.graph.clustering import average_clustering

        return average_clustering(G)

    @staticmethod
    def transitivity(G: Any) -> float:
        from featgraph.graph.clustering import average_clustering

        return average_clustering(G, kind="transitivity")

    @staticmethod
    def degree_assortativity_coefficient(
        G: Any, x: str = "out", y: str = "in", weight: object = None, nodes: object = None
    ) -> float:
        from featgraph.graph.degrees import degree_assortativity

        return degree_assortativity(G)


backend = _Backend()
