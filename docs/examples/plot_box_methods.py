"""
All box-covering methods on three networks
==========================================

Every method of ``featgraph.METHODS`` covers the same three networks with boxes that span at most
four hops. The certified minimum is the yardstick: how many boxes more than necessary, and how
long did it take?
"""

# %%
# A fractal network, a small-world network that is not fractal, and a lattice.

import time

import featgraph as fg
from featgraph.datasets import make_barabasi_albert, make_flower, make_lattice

networks = {
    "(2,2)-flower, 684 nodes": make_flower(2, 2, 5),
    "Barabási–Albert, 400 nodes": make_barabasi_albert(400, 2, rng=0),
    "square lattice, 20 × 20": make_lattice((20, 20)),
}
SPAN = 4  # hops: diameter boxes of size 4 beside radius boxes of radius 2

# %%
# The certified minimum first. Where the time limit ends the proof, the bracket is shown.

best = {
    name: fg.minimum_box_cover(graph, SPAN, time_limit=10, rng=0)
    for name, graph in networks.items()
}
for name, cover in best.items():
    proof = "proven minimal" if cover.is_optimal else f"at least {cover.lower_bound} are needed"
    print(f"{name}: {cover.n_boxes} boxes, {proof}")

# %%
# Every method once. Compiling happens in a first call that is not timed.

rows = []
for method, row in fg.METHODS.items():
    if row.box == "none" or method in ("auto", "best", "optimum"):
        continue
    size = SPAN // 2 if row.box == "radius" else SPAN
    fg.box_cover(make_flower(2, 2, 2), size, method=method, rng=0)
    for name, graph in networks.items():
        start = time.perf_counter()
        cover = fg.box_cover(graph, size, method=method, rng=0)
        rows.append((method, name, cover.n_boxes, time.perf_counter() - start))
        cover.validate(graph)

for name in networks:
    print(f"\n{name}")
    for method, network, n_boxes, seconds in sorted(rows, key=lambda row: row[2]):
        if network == name:
            excess = n_boxes / best[name].n_boxes
            print(f"  {method:<18} {n_boxes:4d} boxes   ×{excess:4.2f}   {1000 * seconds:8.1f} ms")

# %%
# Boxes above the minimum against time: the lower left corner is where one wants to be.

import matplotlib.pyplot as plt

markers = dict(zip(networks, "osD", strict=True))
colors = dict(zip(networks, ("#0072b2", "#d55e00", "#009e73"), strict=True))
fig, ax = plt.subplots(figsize=(8, 5.5), layout="constrained")
for name in networks:
    mine = [row for row in rows if row[1] == name]
    ax.scatter(
        [1000 * row[3] for row in mine],
        [row[2] / best[name].n_boxes for row in mine],
        marker=markers[name],
        color=colors[name],
        label=name,
    )
flower = next(iter(networks))
mine = sorted((row for row in rows if row[1] == flower), key=lambda row: row[2])
# Names in a column beside the picture, in the order of the points, so that none covers another.
for place, (method, name, n_boxes, seconds) in enumerate(mine):
    ax.annotate(
        method,
        (1000 * seconds, n_boxes / best[name].n_boxes),
        xytext=(1.02, place / (len(mine) - 1)),
        textcoords="axes fraction",
        fontsize=8,
        va="center",
        arrowprops={"arrowstyle": "-", "color": "#8a8a8a", "linewidth": 0.6},
    )
ax.set(
    xscale="log",
    xlabel="time for one covering (ms)",
    ylabel=f"boxes over the best known, at {SPAN} hops",
)
ax.legend(frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=3)

# %%
# The flower covered by four of them. Colours are boxes; the layout is the same.

from featgraph.plot import layout_graph, plot_graph

graph = networks[flower]
positions = layout_graph(graph, rng=0)
for method in ("iterated_greedy", "greedy", "memb", "random_sequential"):
    size = SPAN // 2 if fg.METHODS[method].box == "radius" else SPAN
    cover = fg.box_cover(graph, size, method=method, rng=0)
    fig, ax = plot_graph(graph, cover=cover, positions=positions)
    ax.set_title(f"{method}: {cover.n_boxes} boxes", loc="left")
