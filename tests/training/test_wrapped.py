"""A model that is wrapped already is not wrapped again."""

from __future__ import annotations

import pytest
import torch
from torch import distributed, nn
from torch.utils.data import TensorDataset

from featgraph.core.processes import leave_processes
from featgraph.training import TrainingSettings, train


@pytest.mark.skipif(not distributed.is_gloo_available(), reason="no gloo in this torch")
def test_a_model_inside_distributed_data_parallel_is_refused(tmp_path):
    store = f"file://{tmp_path / 'store'}"
    data = TensorDataset(torch.zeros(8, 3), torch.zeros(8, dtype=torch.int64))
    distributed.init_process_group("gloo", init_method=store, rank=0, world_size=1)
    try:
        net = nn.parallel.DistributedDataParallel(nn.Linear(3, 2))
        with pytest.raises(ValueError, match=r"must not be inside Distributed.*pass model\.module"):
            train(net, data, settings=TrainingSettings(epochs=1), estimators=(), progress=False)
    finally:
        leave_processes()
