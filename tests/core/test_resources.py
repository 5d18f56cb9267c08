"""Memory at hand, of the machine and of control groups; and threads held back."""

from __future__ import annotations

import re
import threading

import pytest
import torch

from featgraph.core import resources


@pytest.mark.parametrize(
    ("line", "folder", "limit", "usage", "cache"),
    [
        ("0::/job/step", "job", "memory.max", "memory.current", "inactive_file"),
        ("0::/gone/here", "", "memory.max", "memory.current", "inactive_file"),
        ("0::/../..", "", "memory.max", "memory.current", "inactive_file"),
        (
            "4:cpu,memory:/job/step",
            "memory/job/step",
            "memory.limit_in_bytes",
            "memory.usage_in_bytes",
            "total_inactive_file",
        ),
    ],
)
def test_a_container_bounds_what_is_at_hand(
    monkeypatch, tmp_path, line, folder, limit, usage, cache
):
    monkeypatch.delenv("FEATGRAPH_MEMORY", raising=False)
    (tmp_path / "meminfo").write_text("MemAvailable:  9000000 kB\n")
    (tmp_path / "cgroup").write_text(f"9:name=systemd:/\n{line}\n")
    for name, of in (("MEMINFO", "meminfo"), ("CGROUP", "cgroup"), ("CGROUPS", "groups")):
        monkeypatch.setattr(resources, name, tmp_path / of)
    free = 9_000_000 * 1024
    assert resources.memory_at_hand() == free
    group = tmp_path / "groups" / folder
    group.mkdir(parents=True)
    assert resources.memory_at_hand() == free
    (group / usage).write_text("5000000\n")
    (group / "memory.stat").write_text(f"anon 1\n{cache} 2000000\n")
    (group / limit).write_text("max\n")
    assert resources.memory_at_hand() == free
    (group / limit).write_text("8000000\n")
    # files that were read are given back when memory is wanted
    assert resources.memory_at_hand() == 8_000_000 - 5_000_000 + 2_000_000
    with pytest.raises(MemoryError, match=r"would take .* more than the .* GiB at hand"):
        resources.check_memory(2**26, "a table")


def count_threads():
    """Return the numbers of threads of torch, OpenMP and, where torch has it, MKL."""
    told = torch.__config__.parallel_info()
    return [
        int(n) for n in re.findall(r"(?:get_num|omp_get_max|mkl_get_max)_threads\(\) : (\d+)", told)
    ]


def test_threads_are_held_where_a_program_has_set_them():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert set(count_threads()) == {2}
        with resources.hold_threads():
            assert set(count_threads()) == {1}
            with resources.hold_threads():
                assert set(count_threads()) == {1}
            assert set(count_threads()) == {1}
        assert set(count_threads()) == {2}
    finally:
        torch.set_num_threads(before)


def test_threads_come_back_when_the_last_block_ends():
    entered, ended = threading.Event(), threading.Event()
    inside = []

    def hold_longer():
        with resources.hold_threads():
            entered.set()
            ended.wait(60)
            inside.extend(count_threads())

    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        other = threading.Thread(target=hold_longer)
        with resources.hold_threads():
            other.start()
            assert entered.wait(60)
        ended.set()
        other.join()
        assert set(inside) == {1}
        assert set(count_threads()) == {2}
    finally:
        torch.set_num_threads(before)
