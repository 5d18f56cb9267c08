"""
A graph neural network on a feature network
===========================================

A feature network is a graph like any other, so a graph neural network can learn on it. Here a
small convolutional one (GCN, PyTorch Geometric) learns from which block of a model a neuron
comes, given the activations of a few neurons and their links.
"""

# %%
# One graph over all blocks. ``to_pyg`` gives ``Data`` with activations ``x``, links
# ``edge_index``, their similarities ``edge_weight`` (distances would be weights upside down) and
# the block of each neuron as ``y``.
import torch
from torch_geometric.nn import GCNConv

import featgraph as fg
from featgraph.datasets import load_digits
from featgraph.models import build_model, train_classifier

train, test = load_digits("train"), load_digits("test")
model = build_model("resmlp", seed=0)
train_classifier(model, train, epochs=5, progress=False)
features = fg.extract_features(model, test.images[:200], progress=False)
graph = fg.feature_graph(features, epsilon=("neighbors", 8), normalize="node")
activations = torch.cat([F.values for F in features.values()])
activations = (activations - activations.mean(1, keepdim=True)) / (
    activations.std(1, keepdim=True) + 1e-6
)
data = graph.to_pyg(activations, y="layer", weight="similarity")
data.edge_weight = data.edge_weight.float()
print(data.y_names, data.num_nodes, "nodes", data.num_edges // 2, "edges")


# %%
# Two convolutions, a fifth of the neurons to learn from.
class TwoConvolutions(torch.nn.Module):
    """GCN of two layers."""

    def __init__(self, width: int, n_classes: int) -> None:
        super().__init__()
        self.first, self.second = GCNConv(width, 32), GCNConv(32, n_classes)

    def forward(self, x, edge_index, edge_weight):
        hidden = torch.relu(self.first(x, edge_index, edge_weight))
        hidden = torch.nn.functional.dropout(hidden, 0.5, training=self.training)
        return self.second(hidden, edge_index, edge_weight)


torch.manual_seed(0)
known = torch.rand(data.num_nodes) < 0.2
net = TwoConvolutions(data.num_features, len(data.y_names))
optimizer = torch.optim.Adam(net.parameters(), lr=0.01, weight_decay=5e-3)
losses = []
for _ in range(100):
    net.train()
    optimizer.zero_grad()
    scores = net(data.x, data.edge_index, data.edge_weight)
    loss = torch.nn.functional.cross_entropy(scores[known], data.y[known])
    loss.backward()
    optimizer.step()
    losses.append(loss.item())

# %%
# How often it is right about the others, beside always naming the most frequent block.
net.eval()
with torch.no_grad():
    guess = net(data.x, data.edge_index, data.edge_weight).argmax(1)
right = (guess == data.y)[~known].float().mean().item()
chance = data.y[~known].bincount().max().item() / int((~known).sum())
print(f"right {right:.0%}, most frequent block {chance:.0%}")

# %%
# Boxes as classes instead: ``graph.to_pyg(activations, y=fg.box_cover(graph, 2, rng=0))``.
import matplotlib.pyplot as plt

fig, ax = plt.subplots(figsize=(5, 3), layout="constrained")
ax.plot(losses, color="#0072B2")
ax.set_xlabel("step")
ax.set_ylabel("cross-entropy of the known neurons")
