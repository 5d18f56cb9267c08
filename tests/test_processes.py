"""Leaving a process group, and failing together."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import torch

from featgraph.core.processes import agree_on, fail_together, process_rank, share_objects

pytestmark = pytest.mark.skipif(
    not (torch.distributed.is_available() and torch.distributed.is_gloo_available()),
    reason="no gloo in this torch",
)

LEAVE = """
import os
import sys

import torch
from torch import distributed, nn

from featgraph.core.processes import leave_processes


def count_threads():
    return len(os.listdir("/proc/self/task"))


def work():
    net = nn.Linear(3, 3)
    together = nn.parallel.DistributedDataParallel(net)
    net.itself = [together]  # a cycle, as hooks make them
    together(torch.ones(2, 3)).sum().backward()


torch.set_num_threads(1)
nn.Linear(3, 3)(torch.ones(2, 3)).sum().backward()
store = f"file://{sys.argv[1]}/store"
before = count_threads()
distributed.init_process_group("gloo", init_method=store, rank=0, world_size=1)
joined = count_threads()
work()
leave_processes()
print(joined > before, count_threads() <= before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are counted in /proc")
def test_no_thread_of_a_group_outlives_it(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", LEAVE, str(tmp_path)], capture_output=True, text=True, check=True
    )
    # One that still runs when the interpreter ends may abort the process, now and then.
    assert ran.stdout.split() == ["True", "True"]


def test_one_process_alone_agrees_with_itself() -> None:
    assert process_rank() == (0, 1)
    assert agree_on(7, torch.device("cpu")) == 7
    assert share_objects({"layer": None}) == [{"layer": None}]
    with fail_together():
        pass
    with pytest.raises(KeyError, match="conv1"), fail_together():
        raise KeyError("conv1")


def _fail_in_one(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/store", rank=rank, world_size=3
    )
    try:
        with fail_together():
            if rank == 1:
                raise OSError("disk full")
    except (OSError, ValueError) as error:
        Path(folder, f"{rank}.txt").write_text(f"{type(error).__name__}: {error}")
    torch.distributed.destroy_process_group()


def test_what_one_process_raises_all_raise(tmp_path: Path) -> None:
    torch.multiprocessing.spawn(_fail_in_one, args=(str(tmp_path),), nprocs=3)
    said = [(tmp_path / f"{rank}.txt").read_text() for rank in range(3)]
    assert said == [
        "ValueError: process 1: disk full",
        "OSError: disk full",
        "ValueError: process 1: disk full",
    ]
