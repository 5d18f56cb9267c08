"""
Renormalisation drawn: boxes become nodes until one is left
===========================================================

Each panel is the graph of the boxes of the panel before. Nodes of one colour become one node of
the next panel; the area of a node is the share of the original nodes in it; and the same place
on the page is the same part of the network.
"""

import matplotlib.pyplot as plt
import networkx as nx

import featgraph as fg
from featgraph.boxes import renormalization_flow
from featgraph.datasets import make_barabasi_albert, make_flower
from featgraph.plot import plot_box_tree, plot_renormalization

# %%
# A (2,2)-flower is fractal: with balls of radius 1 every generation becomes the one before it,
# up to tie-breaking.

flower = renormalization_flow(make_flower(2, 2, 5), 1, method="memb", rng=0)
print(flower)
picture, _ = plot_renormalization(flower)
plt.figure(picture)

# %%
# A network in space, where near nodes are joined, as in a power grid. Regions merge with their
# neighbours, and the map stays a map.

grid = nx.random_geometric_graph(1200, 0.045, seed=2)
grid = grid.subgraph(max(nx.connected_components(grid), key=len))
regions = renormalization_flow(grid, 1, method="memb", rng=0)
print(regions)
picture, _ = plot_renormalization(regions)
plt.figure(picture)

# %%
# A scale-free network with loops is a small world: the hubs' boxes touch one another after one
# step, and the rest falls into them at once.

hubs = renormalization_flow(make_barabasi_albert(1200, 2, rng=0), 1, method="memb", rng=0)
print(hubs)
picture, _ = plot_renormalization(hubs)
plt.figure(picture)

# %%
# The same as trees of boxes. The flower splits in like ways on every level; in the small world
# two dozen boxes, none of them far from any other, become one in a single step.

picture, _ = plot_box_tree(flower)
plt.figure(picture)

# %%
picture, _ = plot_box_tree(hubs)
plt.figure(picture)

# %%
# With positions of your own, a map for example, later nodes stand at the mean position of the
# nodes in them.

places = nx.get_node_attributes(grid, "pos")
picture, _ = plot_renormalization(regions, positions=[places[node] for node in grid])
plt.figure(picture)

# %%
# The numbers beside the pictures: size of the graphs, largest hub, clustering, and how much
# each graph is like the first.

for name, graph in (
    ("flower", make_flower(2, 2, 5)),
    ("hubs", make_barabasi_albert(1200, 2, rng=0)),
):
    analysis = fg.analyze_flow(graph, sizes=[1])
    print(f"{name}: scale-invariance score {analysis.score:.2f}")
    for step in analysis.steps:
        print(
            f"  step {step.step}: {step.n_nodes:5d} nodes, κ = {step.hub_share:.2f}, "
            f"C = {step.clustering:.2f}"
        )
