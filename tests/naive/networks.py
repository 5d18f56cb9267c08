"""What is asked of networks, by definition: loops over nodes, pairs, triples and fours."""

from __future__ import annotations

import itertools
import math


def neighbors_of(n_nodes, edges):
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
    near = neighbors_of(n_nodes, edges)
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
    near = neighbors_of(n_nodes, edges)
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
    near = neighbors_of(n_nodes, edges)
    counts = [0] * n_nodes
    for a, b, c in itertools.combinations(range(n_nodes), 3):
        if b in near[a] and c in near[a] and c in near[b]:
            for node in (a, b, c):
                counts[node] += 1
    return counts


def induced_classes(n_nodes, edges, size):
    """Number of node sets of a size by the sorted degrees of what they induce."""
    near = neighbors_of(n_nodes, edges)
    found = {}
    for nodes in itertools.combinations(range(n_nodes), size):
        degrees = tuple(sorted(sum(b in near[a] for b in nodes) for a in nodes))
        found[degrees] = found.get(degrees, 0) + 1
    return found


def is_connected(near):
    """Whether every node is reached from the first."""
    return len(hops_from(near, 0)) == len(near)


def ring_distance(n_ring, one, two):
    """Steps from one place of a ring to another."""
    return min((one - two) % n_ring, (two - one) % n_ring)


def lengthens(n_ring, a, b, c, d):
    """Whether a–d and c–b together are longer on a ring than a–b and c–d."""
    new = ring_distance(n_ring, a, d) + ring_distance(n_ring, c, b)
    return new > ring_distance(n_ring, a, b) + ring_distance(n_ring, c, d)


def try_swap(near, a, b, c, d, n_ring, connected, joined=True):
    """Make of a–b and c–d the pairs a–d and c–b in sets of neighbours, or leave them."""
    if len({a, b, c, d}) < 4 and (a in (c, d) or b in (c, d)):
        return False
    if n_ring and lengthens(n_ring, a, b, c, d):
        return False
    if (d in near[a]) == joined or (b in near[c]) == joined:
        return False
    for one, two in ((a, b), (c, d), (a, d), (c, b)):
        near[one] ^= {two}
        near[two] ^= {one}
    if connected and not is_connected(near):
        return try_swap(near, a, d, c, b, 0, False, joined) and False
    return True


def swap_all(entries, draws, n_ring, connected):
    """Swap the edges named by entries of a list of both directions, where it stays simple."""
    entries = [list(pair) for pair in entries]
    n_nodes = 1 + max(max(pair) for pair in entries)
    near = neighbors_of(n_nodes, entries)
    kept = 0
    for one, two, free in draws:
        a, b = entries[one]
        if n_ring:
            d = (a + two) % n_ring
            row = [k for k, pair in enumerate(entries) if pair[0] == d]
            back = row[free * len(row) // 2**31]
            two = entries.index([entries[back][1], d])
        c, d = entries[two]
        backs = entries.index([b, a]), entries.index([d, c])
        if try_swap(near, a, b, c, d, n_ring, connected):
            entries[one], entries[two] = [a, d], [c, b]
            entries[backs[0]], entries[backs[1]] = [b, c], [d, a]
            kept += 1
    return [tuple(pair) for pair in entries], kept


class Xorshift:
    """Marsaglia's generator of 64 bits, the upper 53 as a fraction."""

    def __init__(self, word):
        self.word = word

    def uniform(self):
        """Next number in [0, 1)."""
        self.word ^= self.word << 13 & 2**64 - 1
        self.word ^= self.word >> 7
        self.word ^= self.word << 17 & 2**64 - 1
        return (self.word >> 11) / 2**53


def swap_pairs(n_nodes, edges, n_tries, seed, n_ring, connected):
    """Swap pairs drawn until they are joined; pairs that are not, in more than half of all."""
    random, near, kept = Xorshift(seed), neighbors_of(n_nodes, edges), 0
    joined = bool(n_ring) or 4 * len(edges) <= n_nodes * (n_nodes - 1)

    def draw():
        while True:
            one, two = (int(random.uniform() * n_nodes) for _ in range(2))
            if one != two and (two in near[one]) == joined:
                return one, two

    for _ in range(n_tries):
        a, b = draw()
        if n_ring:
            far = int(math.exp(random.uniform() * math.log(max(n_ring / 2, 1.0))))
            d = (a + (far if random.uniform() < 0.5 else -far)) % n_ring
            c = sorted(near[d])[int(random.uniform() * len(near[d]))]
        else:
            c, d = draw()
        kept += try_swap(near, a, b, c, d, n_ring, connected, joined)
    return near, kept


def rich_club(n_nodes, edges):
    """Share of joined pairs among nodes of degree above k, for each k."""
    near = neighbors_of(n_nodes, edges)
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
