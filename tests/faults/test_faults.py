"""Commands on a bad day: killed, stopped, out of room, without streams, home or encoding."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from featgraph import io
from featgraph.core.files import UNFINISHED, write_text
from featgraph.datasets import load_karate, make_flower

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")
RUN = [sys.executable, "-m", "featgraph"]


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graphs") / "karate.graphml"
    io.write_graph(load_karate(), path)
    return path


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("graphs") / "flower.graphml"
    io.write_graph(make_flower(2, 2, 6), path)
    return path


def run(*words: object, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    return subprocess.run(
        [*RUN, *map(str, words)], capture_output=True, text=True, errors="replace", **options
    )


@pytest.mark.parametrize(
    ("sent", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)]
)
def test_a_stopped_command_leaves_whole_files_only(large, tmp_path, sent, status):
    out, kept = tmp_path / "out", tmp_path / "kept.npz"
    words = ["boxcover", large, "-o", out, "--seed", "0", "--repeats", "400", "--method", "merge"]
    process = subprocess.Popen(
        [*RUN, *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Programs in the background are started to ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not out.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.poll() is None
    process.send_signal(sent)
    assert process.wait(60) == status
    for path in out.rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))
    if sent != signal.SIGKILL:
        assert not list(out.rglob(f"{UNFINISHED}*"))
    assert not kept.exists()


def test_ctrl_c_inside_an_import_has_the_status_of_any_other(tmp_path):
    stopping = "import sys\nfrom featgraph.cli.entry import guard\n"
    stopping += "sys.exit(guard(lambda: exec('raise KeyboardInterrupt')))\n"
    (tmp_path / "stopping.py").write_text(stopping, encoding="utf-8")
    words = [sys.executable, "-m", "stopping"]
    assert subprocess.run(words, cwd=tmp_path, capture_output=True).returncode == 130


def test_the_same_command_works_after_a_kill(graph, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / f"{UNFINISHED}rows-x.csv").write_text("left by a run that was killed")
    assert run("boxcover", graph, "-o", out, "--seed", 0, "--force").returncode == 0


def test_a_full_disk_is_named(graph, tmp_path):
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    done = run("boxcover", graph, "-o", tmp_path / "out", "--seed", 0, preexec_fn=limit)
    assert done.returncode == 2
    assert "no room to write" in done.stderr
    assert str(tmp_path / "out") in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((tmp_path / "out").rglob(f"{UNFINISHED}*"))


def test_a_full_disk_leaves_the_older_file(tmp_path, monkeypatch):
    path = write_text(tmp_path / "note.txt", "old")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("[enforce fail at inline_container.cc:672] . PytorchStreamWriter failed")

    monkeypatch.setattr(Path, "write_text", fail)
    with pytest.raises(OSError, match=r"no room to write: No space left.*note\.txt"):
        write_text(path, "new")
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["note.txt"]


@pytest.mark.parametrize("closed", [(1,), (2,), (0, 1, 2)])
def test_closed_streams_do_not_matter(graph, tmp_path, closed):
    def close() -> None:
        for number in closed:
            os.close(number)

    done = subprocess.run(
        [*RUN, "boxcover", str(graph), "-o", str(tmp_path / "out"), "--seed", "0"], preexec_fn=close
    )
    assert done.returncode == 0
    assert len(list((tmp_path / "out").iterdir())) >= 3


@pytest.mark.parametrize(
    "environment",
    [
        {"HOME": "/nowhere"},
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
    ids=["no home", "ascii", "posix"],
)
def test_poor_environments_do_not_matter(graph, tmp_path, environment):
    variables = {**os.environ, **environment}
    done = run("boxcover", graph, "-o", tmp_path / "out", "--seed", 0, env=variables)
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "out").glob("*.csv"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(graph, tmp_path):
    tmp_path.chmod(0o500)
    done = run("boxcover", graph, "-o", tmp_path / "out")
    tmp_path.chmod(0o700)
    assert done.returncode == 1
    assert "out" in done.stderr
    assert "Traceback" not in done.stderr


COMMANDS = {
    "boxcover": ["--method", "merge", "--repeats", "3"],
    "network": ["--references", "2"],
    "fractality": [],
}


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_bytes_depend_on_the_seed_alone(graph, tmp_path, command):
    """Threads, workers and the order of hashes change no byte; times and dates are left out."""
    found = []
    for number, (threads, order) in enumerate((("1", "1"), ("2", "77"))):
        out = tmp_path / str(number)
        extra = COMMANDS[command] + ([] if command == "network" else ["--jobs", threads])
        variables = {"OMP_NUM_THREADS": threads, "PYTHONHASHSEED": order}
        done = run(command, graph, "-o", out, "--seed", 3, *extra, env={**os.environ, **variables})
        assert done.returncode == 0, done.stderr
        found.append({p.name: _without_times(p) for p in out.rglob("*.*") if _is_table(p)})
    assert found[0]
    assert found[0] == found[1]


def _is_table(path: Path) -> bool:
    return path.suffix in {".csv", ".json"} and not path.name.startswith(".")


def _without_times(path: Path) -> object:
    text = path.read_text(encoding="utf-8")
    return text if path.suffix == ".csv" else _drop(json.loads(text))


def _drop(value: Any) -> Any:
    untold = {"seconds", "started", "finished", "command", "jobs", "out", "date", "settings"}
    if isinstance(value, dict):
        return {key: _drop(item) for key, item in value.items() if key not in untold}
    return [_drop(item) for item in value] if isinstance(value, list) else value
