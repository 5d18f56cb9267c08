"""How many bytes networks of weights take: those that NumPy asks for, whatever the machine."""

from __future__ import annotations

import tracemalloc

import numba
import pytest
import torch
from torch import nn

import featgraph as fg

pytestmark = pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="millions of weights need compiled kernels"
)


def build(width, n_blocks):
    torch.manual_seed(0)
    block = nn.TransformerEncoderLayer(width, 12, 4 * width, batch_first=True)
    return nn.TransformerEncoder(block, n_blocks, enable_nested_tensor=False).eval()


def peak(work):
    """Most bytes that are held at once while ``work`` runs, beyond those held before."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_whole_encoder_of_6_blocks_of_width_384_takes_less_than_two_gigabytes():
    encoder = build(384, 6)
    graphs = []
    bytes_held = peak(lambda: graphs.append(fg.weight_graph(encoder)))
    (graph,) = graphs
    weights = sum(w.numel() for w in encoder.parameters() if w.ndim == 2)
    assert graph.n_edges == weights + 6 * (2 * 384**2 + 384)  # keys, values and queries to heads
    model = sum(w.nbytes for w in encoder.parameters())
    assert bytes_held + model < 2 * 10**9
    assert bytes_held / graph.n_edges < 100  # as documented
    kept = graph.indptr, graph.indices, graph.weights, *graph.edge_attributes.values()
    assert sum(array.nbytes for array in kept) / graph.n_edges < 41.1


@pytest.mark.parametrize("options", [{"max_length": 20.0}, {"n_strongest": 4}])
def test_thresholds_keep_a_large_network_small(options):
    model = build(768, 2)
    graphs = []
    bytes_held = peak(lambda: graphs.append(fg.weight_graph(model, **options)))
    weights = sum(w.numel() for w in model.parameters() if w.ndim == 2)
    assert graphs[0].n_edges < 0.2 * weights
    assert bytes_held < 100 * graphs[0].n_edges  # so that 12 blocks take less than 2 GB


def test_the_released_analysis_of_12_blocks_of_width_768_takes_less_than_its_weights_again():
    model = build(768, 12)
    weights = sum(w.nbytes for w in model.parameters())
    assert weights > 320 * 2**20
    measure = fg.multifractal_weights
    assert peak(lambda: measure(model, sample=None, n_resamples=2)) < weights
