"""Compiled when first called, kept between runs, and compiled again when its source changes."""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numba
import numpy as np
import pytest

from featgraph.kernels import cache, kernel, summing_kernel

PACKAGE = Path(cache.__file__).parents[1]
COMPILED = pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="nothing is compiled")
TRIPLE = """
from featgraph.kernels import kernel
from featgraph.kernels.double import double

@kernel
def triple(x):
    return double(x) + x
"""
DOUBLE = """
from featgraph.kernels import kernel

@kernel
def double(x):
    return 2 * x
"""
HITS = "print(triple({value}), sum(triple._compiled.stats.cache_hits.values()))"


@kernel
def add_one(x):
    """Add 1."""
    return x + 1


@kernel
def add_two(x):
    return add_one(add_one(x))


@summing_kernel
def sum_lengths(lengths):
    """Return the sum, that of what is finite, and how many are infinite and how many are nan."""
    total, finite, n_infinite, n_nan = 0.0, 0.0, 0, 0
    for k in range(lengths.shape[0]):
        length = lengths[k]
        total += length
        finite += length if length - length == 0.0 else 0.0
        n_infinite += abs(length) == np.inf
        n_nan += length != length
    return total, finite, n_infinite, n_nan


def test_a_kernel_keeps_its_name_and_text():
    assert add_one.__name__ == "add_one"
    assert add_one.__doc__ == "Add 1."


def test_kernels_call_each_other():
    assert add_two(3) == 5
    assert add_two(0.5) == 2.5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    ("odd", "total", "n_infinite", "n_nan"),
    [
        ([], 4950, 0, 0),
        ([np.inf], np.inf, 1, 0),
        ([-np.inf], -np.inf, 1, 0),
        ([np.inf, -np.inf], np.nan, 2, 0),
        ([np.nan], np.nan, 0, 1),
        ([np.inf, np.nan], np.nan, 1, 1),
    ],
)
def test_sums_in_any_order_keep_infinity_and_nan(odd, total, n_infinite, n_nan, dtype):
    lengths = np.concatenate([np.arange(100), odd]).astype(dtype)  # whole: no order rounds
    for shift in (0, 7, 100):  # where the odd ones stand: among vectors, or in what is left over
        with np.errstate(invalid="ignore"):  # numpy's own warnings, where nothing is compiled
            found = sum_lengths(np.roll(lengths, shift))
        np.testing.assert_equal(found, (total, 4950, n_infinite, n_nan))


def test_a_kernel_is_pickled_by_its_name():
    assert pickle.loads(pickle.dumps(kernel)) is kernel
    from featgraph.graph._near_pairs import measure_pairs

    assert pickle.loads(pickle.dumps(measure_pairs)) is measure_pairs


def test_numba_loads_with_the_first_call():
    code = (
        "import sys\nfrom featgraph.kernels import kernel\n"
        "@kernel\ndef f(x):\n    return x\n"
        "print('numba' in sys.modules, f(1), 'numba' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "1", "True"]


def test_small_work_of_commands_needs_no_numba():
    code = (
        "import sys, numpy as np\n"
        "from featgraph.kernels import kernel, light_kernel, small_work_in_python\n"
        "@kernel\ndef inner(x):\n    return x.sum()\n"
        "@light_kernel\ndef f(x):\n    return inner(x)\n"
        "small, large = np.ones(2000), np.ones(3000)\n"
        "with small_work_in_python():\n"
        "    print(f(small), 'numba' in sys.modules)\n"
        "    print({then}, 'numba' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code.replace("f(small)", "f(large)").replace("{then}", "f(small)")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["3000.0", "True", "2000.0", "True"]
    for then in ("f(large)", "[f(small) for _ in range(33)].pop()", "inner(small)"):
        text = code.replace("{then}", then)
        done = subprocess.run(
            [sys.executable, "-c", text], capture_output=True, text=True, check=True
        )
        value = 3000.0 if "large" in then else 2000.0
        assert done.stdout.split() == ["2000.0", "False", str(value), "True"]


def test_steps_of_counted_loops_are_part_of_small_work():
    code = (
        "import sys\n"
        "from featgraph.kernels import light_loop, small_work_in_python\n"
        "@light_loop('n')\ndef f(x, n):\n    return n\n"
        "with small_work_in_python():\n"
        "    print(f(0, 500), 'numba' in sys.modules, f(0, 500), 'numba' in sys.modules)\n"
        "    print(f(0, 500), 'numba' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["500", "False", "500", "False", "500", "True"]


class Checkout:
    """A copy of the package's kernels whose files may be edited, with a cache of its own."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("__init__.py", "__init__.pyi"):
            (root / "featgraph").mkdir(exist_ok=True)
            shutil.copy(PACKAGE / name, root / "featgraph")
        for room in ("core", "kernels"):
            shutil.copytree(
                PACKAGE / room,
                root / "featgraph" / room,
                ignore=shutil.ignore_patterns("__pycache__"),
            )
        self.double = root / "featgraph" / "kernels" / "double.py"
        self.double.write_text(DOUBLE)
        (root / "own.py").write_text(TRIPLE)
        self.environment = os.environ | {
            "PYTHONPATH": str(root),
            "NUMBA_CACHE_DIR": str(root / "cache"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def start(self, code: str, *, first: str = "") -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", f"{first}\nfrom own import triple\n{code}"],
            cwd=self.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str, *, first: str = "") -> tuple[str, str]:
        process = self.start(code, first=first)
        printed, notes = process.communicate(timeout=1800)
        assert process.returncode == 0, notes
        return printed.strip(), notes


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)


@COMPILED
def test_compiled_code_is_kept(checkout):
    assert checkout.run(HITS.format(value=7)) == ("21 0", "")
    assert checkout.run(HITS.format(value=7)) == ("21 1", "")


@COMPILED
def test_an_edit_of_an_imported_kernel_is_seen(checkout):
    assert checkout.run(HITS.format(value=7)) == ("21 0", "")
    checkout.double.write_text(DOUBLE.replace("2 * x", "4 * x"))
    assert checkout.run(HITS.format(value=7)) == ("35 0", "")


@COMPILED
def test_an_edit_of_the_own_file_is_seen_without_a_new_time(checkout):
    own = checkout.root / "own.py"
    assert checkout.run(HITS.format(value=7)) == ("21 0", "")
    before = own.stat()
    own.write_text(TRIPLE.replace("+ x", "- x"))
    os.utime(own, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert checkout.run(HITS.format(value=7)) == ("7 0", "")


@COMPILED
def test_processes_that_begin_together_do_not_disturb_each_other(checkout):
    values = ["7", "7.5", "7j"]
    wanted = ["21", "22.5", "21j"]
    running = [checkout.start(f"print(triple({value}))") for value in values]
    assert [process.communicate(timeout=240)[0].strip() for process in running] == wanted
    printed, notes = checkout.run("print(triple(7), triple(7.5), triple(7j))")
    assert (printed.split(), notes) == (wanted, "")


@COMPILED
def test_code_of_another_signature_is_not_taken(checkout):
    assert checkout.run("print(triple(7))")[0] == "21"
    assert checkout.run("print(triple(7.5))")[0] == "22.5"
    first, second = sorted(checkout.root.glob("cache/*/*/*own*.nbc"))
    first.write_bytes(second.read_bytes())  # as two processes that write at once may leave it
    assert checkout.run("print(triple(7), triple(7.5))") == ("21 22.5", "")


@COMPILED
@pytest.mark.parametrize(("suffix", "content"), [("nbi", b""), ("nbc", b"\x80\x05K")])
def test_damaged_files_are_written_anew(checkout, suffix, content):
    checkout.run("triple(7)")
    files = list(checkout.root.glob(f"cache/*/*/*.{suffix}"))
    assert files
    for path in files:
        path.write_bytes(content)
    assert checkout.run(HITS.format(value=7)) == ("21 0", "")
    assert checkout.run(HITS.format(value=7)) == ("21 1", "")


@COMPILED
@pytest.mark.parametrize(
    ("home", "first"),
    [({"HOME": "/dev/null"}, ""), ({}, "import pwd; pwd.getpwuid = {}.__getitem__")],
    ids=["read-only home", "user without a home"],
)
def test_without_a_folder_to_write_to_one_note_says_so(checkout, home, first):
    for name in ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "HOME"):
        checkout.environment.pop(name, None)
    checkout.environment |= home
    printed, notes = checkout.run(
        "from featgraph.kernels.double import double\nprint(triple(7), double(1.5))", first=first
    )
    assert printed == "21 3.0"
    assert notes.count("RuntimeWarning") == 1
    assert "set NUMBA_CACHE_DIR to a folder that can be written" in notes
    assert not (checkout.root / "~").exists()


@COMPILED
def test_a_full_disk_ends_nothing(checkout):
    printed, notes = checkout.run(
        "print(triple(7), triple(0.5))",
        first="import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))",
    )
    assert printed == "21 1.5"
    assert notes.count("RuntimeWarning") == 1
    assert "NUMBA_CACHE_DIR" in notes


def test_folders_of_other_states_go_when_they_are_old(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    old, young, foreign = (tmp_path / name for name in ("featgraph-a", "featgraph-b", "other"))
    for folder in (old, young, foreign):
        folder.mkdir()
    past = time.time() - 86400 * (cache.UNUSED_DAYS + 1)
    os.utime(old, (past, past))
    os.utime(foreign, (past, past))
    folder = cache.cache_folder.__wrapped__()
    assert folder is not None
    assert sorted(tmp_path.iterdir()) == sorted([folder, young, foreign])


#: What a program does whose errors go to a terminal.
WATCHED = "import sys; sys.stderr.isatty = lambda: True"


@COMPILED
@pytest.mark.parametrize(
    ("first", "code", "n_lines"),
    [
        (WATCHED, "triple(2.0); triple(2)", 1),
        ("", "triple(2.0)", 0),
        (
            WATCHED,
            "from featgraph.kernels import silent_compiler\nwith silent_compiler(): triple(2.0)",
            0,
        ),
    ],
)
def test_the_wait_for_the_compiler_is_said_once_where_one_looks_on(checkout, first, code, n_lines):
    _, said = checkout.run(code, first=first)
    assert said.count("compiling for this processor") == n_lines
    _, said = checkout.run(code, first=first)  # what is kept needs no wait
    assert "compiling" not in said
