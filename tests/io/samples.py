"""Tiny GraphML and GEXF files."""

from __future__ import annotations


def graphml(nodes, edges, keys=""):
    """Return a GraphML file of nodes (id, content) and edges (source, target)."""
    body = "".join(f"<node id='{name}'>{inner or ''}</node>" for name, inner in nodes)
    body += "".join(f"<edge source='{a}' target='{b}'/>" for a, b in edges)
    return (
        "<graphml xmlns='http://graphml.graphdrawing.org/xmlns'>"
        f"{keys}<graph edgedefault='undirected'>{body}</graph></graphml>"
    )


def gexf(nodes, edges, head=""):
    """Return a GEXF 1.3 file of nodes (id, content) and edges (source, target, content)."""
    inside = "".join(f"<node id='{name}' label='{name}'>{inner}</node>" for name, inner in nodes)
    between = "".join(f"<edge source='{a}' target='{b}'>{inner}</edge>" for a, b, inner in edges)
    return (
        "<gexf xmlns='http://gexf.net/1.3' xmlns:viz='http://gexf.net/1.3/viz' version='1.3'>"
        f"<graph>{head}<nodes>{inside}</nodes>"
        f"<edges>{between}</edges></graph></gexf>"
    )
