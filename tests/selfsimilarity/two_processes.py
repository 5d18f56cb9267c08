"""One of two processes that train together; started by the test of the regulariser."""

from __future__ import annotations

import os
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import torch
from torch import distributed, nn

from featgraph import pipeline
from featgraph.cli import main as main_of_cli
from featgraph.cli.processes import capture_together
from featgraph.distances import stream_distances
from featgraph.features import FeatureMatrix
from featgraph.selfsimilarity import SelfSimilarityRegularizer


def make_net(width: int = 12) -> nn.Sequential:
    """Return the network of the test."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(6, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 3)
    )


def stream_shares(rank: int) -> dict[str, torch.Tensor]:
    """Return distances and features over the samples of both processes."""
    net = make_net()
    x = torch.randn(31, 6, generator=torch.Generator().manual_seed(9))
    distances = stream_distances(net, x[rank::2], layers=["1"], progress=False)["1"]
    images = SimpleNamespace(images=x)
    shared = capture_together({"model": net, "data": images}, ["1"], True)
    features = torch.empty(0) if shared is None else shared["model"]["1"].values
    return {"distances": distances, "features": features}


def analyze_shares(rank: int) -> None:
    """Run the command in both processes; the first alone gets to the analysis, with features."""
    reached = []

    def stop(model: dict[str, FeatureMatrix], **_: object) -> None:
        reached.extend(F.n_samples for F in model.values())
        raise KeyboardInterrupt

    pipeline.analyze = stop  # type: ignore[assignment]
    words = ["analyze", "mlp", "--option", "widths=(12,)", "--data", "digits", "--quiet"]
    status = main_of_cli(words)
    if (status, reached) != ((130, [360]) if rank == 0 else (0, [])):
        raise SystemExit(f"process {rank}: status {status}, features {reached}")


def main(folder: Path) -> None:
    """Take four steps on one's own part of each batch and save what came out."""
    store = f"file://{folder / 'store'}"
    rank = int(os.environ["RANK"])
    distributed.init_process_group(
        "gloo", init_method=store, rank=rank, world_size=2, timeout=timedelta(seconds=120)
    )
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
    streamed = stream_shares(rank)
    torch.save(
        {"terms": terms, "layers": layers, "gradients": gradients, **streamed},
        folder / f"rank{rank}.pt",
    )
    analyze_shares(rank)
    distributed.destroy_process_group()


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]))
