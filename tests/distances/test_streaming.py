"""Distances that add up over batches, sums and processes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from featgraph.distances import (
    SquaredDistanceSum,
    as_distance_matrix,
    feature_distances,
    stream_distances,
)
from featgraph.distances.distance_matrix import NodeMoments
from featgraph.features import extract_features


def make_features(n_nodes: int = 150, n_samples: int = 60) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    F = torch.randn(n_nodes, n_samples, generator=generator) + 100
    F[1] = F[0]
    return F


@pytest.mark.parametrize("cuts", [[60], [1, 59], [20, 20, 20]])
def test_batches_add_up(cuts: list[int]) -> None:
    F = make_features()
    total = SquaredDistanceSum()
    for part in torch.split(F, cuts, dim=1):
        total.update(part)
    C = total.distances()
    assert total.n_samples == 60
    assert C.dtype == torch.float64
    assert torch.equal(C, C.T)
    assert C[0, 1] == 0
    # Both sides round in float32: 2e-5 each.
    torch.testing.assert_close(C.float(), feature_distances(F), rtol=4e-5, atol=0)
    torch.testing.assert_close(total.distances(scaled=False), C * 60**0.5, rtol=1e-12, atol=0)


def test_merge_is_as_one_sum() -> None:
    F = make_features()
    whole, left, right, empty = (SquaredDistanceSum() for _ in range(4))
    for part in (F[:, :25], F[:, 25:]):
        whole.update(part)
    left.update(F[:, :25])
    right.update(F[:, 25:])
    left.merge(right)
    left.merge(empty)
    empty.merge(left)
    for total in (left, empty):
        assert total.n_samples == 60
        assert torch.equal(total.distances(), whole.distances())
    assert right.n_samples == 35
    assert empty.squares is not left.squares


def test_all_reduce_without_processes_changes_nothing() -> None:
    total = SquaredDistanceSum()
    total.update(make_features())
    before = total.distances()
    total.all_reduce()
    assert torch.equal(total.distances(), before)


def _reduce_in_process(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2
    )
    total = SquaredDistanceSum()
    total.update(make_features()[:, rank * 20 : 20 + rank * 40])
    total.all_reduce()
    torch.save((total.n_samples, total.distances()), f"{folder}/{rank}.pt")
    torch.distributed.destroy_process_group()


@pytest.mark.skipif(not torch.distributed.is_gloo_available(), reason="no gloo in this torch")
def test_all_reduce_joins_processes(tmp_path: Path) -> None:
    torch.multiprocessing.spawn(_reduce_in_process, args=(str(tmp_path),), nprocs=2)
    total = SquaredDistanceSum()
    for part in (make_features()[:, :20], make_features()[:, 20:]):
        total.update(part)
    for rank in range(2):
        n_samples, C = torch.load(tmp_path / f"{rank}.pt", weights_only=True)
        assert n_samples == 60
        torch.testing.assert_close(C, total.distances(), rtol=1e-12, atol=0)


def test_stream_equals_features_held_whole() -> None:
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(5, 12), nn.ReLU(), nn.Linear(12, 9))
    x = torch.randn(50, 5)
    streamed = stream_distances(net, x, layers=["0", "2"], batch_size=16)
    features = extract_features(net, x, layers=["0", "2"])
    assert list(streamed) == ["0", "2"]
    for name, C in streamed.items():
        F = features[name]
        assert (C.n_samples, C.layer, C.reduce, C.source) == (50, F.layer, F.reduce, F.source)
        whole = as_distance_matrix(F)
        torch.testing.assert_close(C.values.float(), whole.values, rtol=4e-5, atol=0)
        # Moments are sums in float64 of the same float32 activations.
        torch.testing.assert_close(C.mean, whole.mean, rtol=1e-6, atol=1e-9)
        torch.testing.assert_close(C.deviation, whole.deviation, rtol=1e-6, atol=1e-9)


def test_moments_far_from_zero_keep_their_digits() -> None:
    F = make_features(20).double() + 1e6
    F[3] = 7e5
    whole = as_distance_matrix(F)
    moments = NodeMoments.of(F[:, :7])
    for part in torch.split(F[:, 7:], 20, dim=1):
        moments.add(NodeMoments.of(part))
    assert moments.is_silent.nonzero().flatten().tolist() == [3]
    assert torch.equal(moments.is_silent, whole.is_silent)
    # Deviations of 1 at 10⁶: float64 leaves ten digits where sums of squares would leave four.
    torch.testing.assert_close(moments.deviation, F.std(dim=1, correction=0), rtol=1e-9, atol=1e-9)


def test_distances_of_nearly_equal_nodes_survive_streaming() -> None:
    F = torch.randn(30, 400, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    F[1] = F[0]
    F[2] = F[0] + 1e-7 * F[5]
    net = nn.Linear(400, 30, bias=False).double()
    with torch.no_grad():
        net.weight.copy_(F)
    x = torch.eye(400, dtype=torch.float64)  # sample k is column k of F
    C = stream_distances(net, x, layers="all", batch_size=64)[""].values
    assert C[0, 1] == 0
    # 10⁻⁷ of the other distances and still ten digits, where a Gram matrix would leave none.
    torch.testing.assert_close(C, feature_distances(F), rtol=1e-8, atol=0)


PEAK = """
import resource

import torch
from torch import nn

from featgraph.distances import stream_distances


def peak_after(n_batches):
    batches = (torch.randn(256, 4) for _ in range(n_batches))
    C = stream_distances(nn.Linear(4, 512), batches, layers="all", progress=False)[""]
    assert C.n_samples == 256 * n_batches
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


torch.set_num_threads(1)
few, many = peak_after(4), peak_after(300)
print((many - few) // 1024)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="units of ru_maxrss differ")
def test_memory_does_not_grow_with_samples() -> None:
    ran = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True)
    # Held whole, 76,800 samples of 512 nodes in float32 are 150 MiB.
    assert int(ran.stdout) < 30


def test_bad_input() -> None:
    total = SquaredDistanceSum(layer="stem")
    with pytest.raises(ValueError, match=r"distances of layer 'stem' need at least one batch"):
        total.distances()
    total.update(np.zeros((4, 2)))
    with pytest.raises(ValueError, match=r"nodes of the batches before, got 5 after 4"):
        total.update(np.zeros((5, 2)))
    with pytest.raises(ValueError, match="NaN"):
        total.update(np.full((4, 2), np.nan))
    other = SquaredDistanceSum()
    other.update(np.zeros((3, 2)))
    with pytest.raises(ValueError, match=r"nodes of the batches before, got 3 after 4"):
        total.merge(other)
    assert repr(total) == "SquaredDistanceSum(n_nodes=4, n_samples=2, layer='stem')"
