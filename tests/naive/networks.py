"""What is asked of networks, by definition: loops over nodes, pairs, triples and fours."""

from __future__ import annotations

import itertools
import math


def neighbours_of(n_nodes, edges):
    """Set of neighbours of each node."""
    near = [set() for _ in range(n_nodes)]
    for a, b in edges:
        near[a].add(b)
        near[b].add(a)
    return near


def hops_from(near, start, allowed=None):
    """Hops from one node to all that it reaches, among allowed nodes."""
    found, level, step = {start: 0}, [start], 0
    while level:
        step += 1
        level = sorted({b for a in level for b in near[a]} - set(found))
        if allowed is not None:
            level = [node for node in level if node in allowed]
        found.update(dict.fromkeys(level, step))
    return found


def hop_pairs(n_nodes, edges):
    """Number of ordered pairs of distinct nodes at each number of hops."""
    near = neighbours_of(n_nodes, edges)
    counts = [0] * (n_nodes + 1)
    for start in range(n_nodes):
        for node, hops in hops_from(near, start).items():
            if node != start:
                counts[hops] += 1
    while len(counts) > 1 and counts[-1] == 0:
        counts.pop()
    return counts


def local_efficiency(n_nodes, edges):
    """Mean over nodes of the mean of 1/hops among neighbours."""
    near = neighbours_of(n_nodes, edges)
    total = 0.0
    for node in range(n_nodes):
        friends = near[node]
        if len(friends) < 2:
            continue
        for one in sorted(friends):
            hops = hops_from(near, one, allowed=friends)
            inverse = sum(1 / h for other, h in hops.items() if other != one)
            total += inverse / (len(friends) * (len(friends) - 1))
    return total / n_nodes


def triangles(n_nodes, edges):
    """Number of triangles at each node."""
    near = neighbours_of(n_nodes, edges)
    counts = [0] * n_nodes
    for a, b, c in itertools.combinations(range(n_nodes), 3):
        if b in near[a] and c in near[a] and c in near[b]:
            for node in (a, b, c):
                counts[node] += 1
    return counts


def induced_classes(n_nodes, edges, size):
    """Number of node sets of a size by the sorted degrees of what they induce."""
    near = neighbours_of(n_nodes, edges)
    found = {}
    for nodes in itertools.combinations(range(n_nodes), size):
        degrees = tuple(sorted(sum(b in near[a] for b in nodes) for a in nodes))
        found[degrees] = found.get(degrees, 0) + 1
    return found


def swap_all(edges, draws, tails, heads):
    """Swap the edges named by entries of a list of both directions, where it stays simple."""
    present = {frozenset(edge) for edge in edges}
    entries = [list(pair) for pair in zip(tails, heads, strict=True)]
    for one, two in draws:
        (a, b), (c, d) = entries[one], entries[two]
        if a in (c, d) or b in (c, d):
            continue
        if frozenset((a, d)) in present or frozenset((c, b)) in present:
            continue
        present -= {frozenset((a, b)), frozenset((c, d))}
        present |= {frozenset((a, d)), frozenset((c, b))}
        entries[entries.index([b, a])] = [b, c]
        entries[entries.index([d, c])] = [d, a]
        entries[one], entries[two] = [a, d], [c, b]
    return sorted(tuple(sorted(edge)) for edge in present)


def rich_club(n_nodes, edges):
    """Share of joined pairs among nodes of degree above k, for each k."""
    near = neighbours_of(n_nodes, edges)
    curve = []
    for k in range(max(len(friends) for friends in near)):
        club = [node for node in range(n_nodes) if len(near[node]) > k]
        pairs = list(itertools.combinations(club, 2))
        curve.append(sum(b in near[a] for a, b in pairs) / len(pairs) if pairs else math.nan)
    return curve


def nearest_pairs(distances, k):
    """Pairs in which one node is among the k nearest of the other, smaller numbers first."""
    found = set()
    for i, row in enumerate(distances):
        order = sorted((length, j) for j, length in enumerate(row) if j != i)
        found |= {(min(i, j), max(i, j)) for _, j in order[:k]}
    return sorted(found)
