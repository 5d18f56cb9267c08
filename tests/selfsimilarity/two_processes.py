"""One of two processes that train together; started by the test of the regulariser."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path

import torch
from torch import distributed, nn

from featgraph.core.processes import leave_processes
from featgraph.distances import stream_distances
from featgraph.selfsimilarity import SelfSimilarityRegularizer


def make_net(width: int = 12) -> nn.Sequential:
    """Return the network of the test."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(6, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 3)
    )


def stream_shares(rank: int) -> dict[str, torch.Tensor | int]:
    """Return what is known of a layer over the samples of both processes."""
    x = torch.randn(31, 6, generator=torch.Generator().manual_seed(9))
    found = stream_distances(make_net(), x[rank::2], layers=["1"], batch_size=4, progress=False)
    C = found["1"]
    return {
        "distances": C.values,
        "n_samples": C.n_samples,
        "mean": C.mean,
        "deviation": C.deviation,
        "is_silent": C.is_silent,
    }


def fail_alone(rank: int) -> str:
    """Return what a process says when only the second has data that cannot be read."""
    x = torch.zeros(8, 6) if rank == 0 else torch.zeros(8, 5)
    try:
        stream_distances(make_net(), x, layers=["1"], progress=False)
    except (ValueError, RuntimeError) as error:
        return str(error)
    return "nothing"


def main(folder: Path) -> None:
    """Join, work and leave."""
    store = f"file://{folder / 'store'}"
    rank = int(os.environ["RANK"])
    distributed.init_process_group(
        "gloo", init_method=store, rank=rank, world_size=2, timeout=timedelta(seconds=900)
    )
    work(folder, rank)
    leave_processes()


def work(folder: Path, rank: int) -> None:
    """Take four steps on one's own part of each batch and save what came out."""
    net = make_net()
    together = nn.parallel.DistributedDataParallel(net, find_unused_parameters=True)
    # Different seeds: process 0 must draw for both.
    generator = torch.Generator().manual_seed(rank)
    reg = SelfSimilarityRegularizer(together, weight=1.0, estimator="linkage", generator=generator)
    terms, layers, gradients = [], [], []
    for step in range(4):
        x = torch.randn(40, 6, generator=torch.Generator().manual_seed(step))
        own = x[:23] if rank == 0 else x[23:]  # unequal parts
        together.zero_grad()
        scores = together(own)
        term = reg()
        # All parameters take part, as in a task loss.
        (term + 0.0 * scores.sum()).backward()
        terms.append(term.detach())
        layers.append(reg.records[0].layer)
        gradients.append({name: p.grad.clone() for name, p in net.named_parameters()})
    torch.save(
        {
            "terms": terms,
            "layers": layers,
            "gradients": gradients,
            "streamed": stream_shares(rank),
            "said": fail_alone(rank),
        },
        folder / f"rank{rank}.pt",
    )


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
