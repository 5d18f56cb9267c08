"""Graphs by definition: sets of pairs, loops over all of them."""

from __future__ import annotations

import itertools
import math


def simple_edges(rows):
    """Distinct pairs i < j of the rows, without self-loops."""
    return sorted({(min(a, b), max(a, b)) for a, b in rows if a != b})


def smallest_weights(rows, weights):
    """Smallest weight of the rows for each pair."""
    best = {}
    for (a, b), weight in zip(rows, weights, strict=True):
        if a != b:
            pair = (min(a, b), max(a, b))
            best[pair] = min(best.get(pair, math.inf), weight)
    return best


def components(n_nodes, edges):
    """Number of the component of each node, by the order of first nodes."""
    neighbors = {node: set() for node in range(n_nodes)}
    for a, b in edges:
        neighbors[a].add(b)
        neighbors[b].add(a)
    labels = [-1] * n_nodes
    count = 0
    for start in range(n_nodes):
        if labels[start] >= 0:
            continue
        todo = [start]
        while todo:
            node = todo.pop()
            if labels[node] < 0:
                labels[node] = count
                todo.extend(neighbors[node])
        count += 1
    return labels


def diameter(n_nodes, edges):
    """Longest shortest path in hops of a connected graph."""
    neighbors = {node: set() for node in range(n_nodes)}
    for a, b in edges:
        neighbors[a].add(b)
        neighbors[b].add(a)
    longest = 0
    for start in range(n_nodes):
        hops, level = {start: 0}, [start]
        while level:
            level = [b for a in level for b in sorted(neighbors[a]) if b not in hops]
            level = list(dict.fromkeys(level))
            step = max(hops.values()) + 1
            hops.update(dict.fromkeys(level, step))
        if len(hops) < n_nodes:
            raise ValueError("not connected")
        longest = max(longest, *hops.values())
    return longest


def edges_below(distances, epsilon):
    """Pairs at a distance strictly below epsilon."""
    pairs = itertools.combinations(range(len(distances)), 2)
    return [(i, j) for i, j in pairs if distances[i][j] < epsilon]


def tree_lengths(distances):
    """Sorted edge lengths of a minimum spanning tree, by Kruskal's algorithm."""
    n_nodes = len(distances)
    pairs = itertools.combinations(range(n_nodes), 2)
    part = list(range(n_nodes))
    lengths = []
    for length, i, j in sorted((distances[i][j], i, j) for i, j in pairs):
        if part[i] != part[j]:
            old, new = part[i], part[j]
            part = [new if p == old else p for p in part]
            lengths.append(length)
    return lengths


def smallest_epsilon(distances, reached, above):
    """First candidate, just above one of the distances, whose graph has the property."""
    n_nodes = len(distances)
    pairs = itertools.combinations(range(n_nodes), 2)
    for value in sorted({distances[i][j] for i, j in pairs}):
        if reached(edges_below(distances, above(value))):
            return above(value)
    raise ValueError("no epsilon reaches it")


def preferential_edges(n_nodes, m, draws):
    """Barabási-Albert from a star, drawing ends of earlier edges with the given numbers."""
    draws = iter(draws)
    edges = [(0, leaf) for leaf in range(1, m + 1)]
    for node in range(m + 1, n_nodes):
        ends = [end for edge in edges for end in edge]
        chosen = []
        while len(chosen) < m:
            target = ends[int(next(draws) * len(ends))]
            if target not in chosen:
                chosen.append(target)
        edges += [(node, target) for target in chosen]
    return edges


def flower_edges(u, v, generation):
    """The (u, v)-flower by replacing one edge after the other."""
    w = u + v
    edges = [(i, (i + 1) % w) for i in range(w)]
    n_nodes = w
    for _ in range(generation - 1):
        longer = []
        for a, b in edges:
            for length in (u, v):
                inner = list(range(n_nodes, n_nodes + length - 1))
                n_nodes += length - 1
                longer += itertools.pairwise([a, *inner, b])
        edges = longer
    return n_nodes, edges
