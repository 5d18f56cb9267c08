"""Commands on a bad day: killed, stopped, out of room, without streams, home or encoding."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest

from featgraph import io
from featgraph.cli.entry import guard, main
from featgraph.core.files import UNFINISHED, FolderLock, write_text
from featgraph.datasets import load_karate, make_flower
from featgraph.features import FeatureMatrix, save_features
from tests.faults.commands import COMMANDS, write_inputs

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
def test_a_stopped_command_leaves_whole_files_only(large, tmp_path, sent, status, capsys):
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
    begun = out / "featgraph.json"  # the folder is claimed, and the work begins
    while not begun.exists() and process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.poll() is None
    if sent == signal.SIGTERM:  # two runs at once
        assert main([*map(str, words)]) == 2
        assert f"process {process.pid} on" in capsys.readouterr().err
    process.send_signal(sent)
    assert process.wait(60) == status
    for path in out.rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))
    if sent != signal.SIGKILL:
        assert not list(out.rglob(f"{UNFINISHED}*"))
    assert not kept.exists()


@pytest.mark.parametrize(("jobs", "sent"), [(1, signal.SIGTERM), (2, signal.SIGINT)])
def test_a_stopped_report_holds_the_layers_that_were_finished(tmp_path, jobs, sent):
    rng = np.random.default_rng(0)
    layers = {f"layer{k}": FeatureMatrix.from_array(rng.normal(size=(90, 30))) for k in range(40)}
    save_features(layers, tmp_path / "layers.npz")
    out = tmp_path / "out"
    words = ["analyze", "--features", tmp_path / "layers.npz", "-o", out, "--quiet"]
    words += ["--jobs", jobs, "--n-theta", 16, "--null-draws", 2]
    process = subprocess.Popen(
        [*RUN, *map(str, words)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while not (out / "report.html").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    os.killpg(process.pid, sent)  # as a terminal sends it to workers, too
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 128 + sent, said
    assert "of 40 layers are finished" in said
    assert said.count("\n") == 1, said
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert 1 <= len(report["layers"]) < 40
    assert not list(out.rglob(f"{UNFINISHED}*"))


class _SignalledAtItsEnd:
    def __init__(self, sent: signal.Signals) -> None:
        self.sent = sent

    def __del__(self) -> None:
        os.kill(os.getpid(), self.sent)
        time.sleep(0)  # what is raised here, Python drops


def _in_a_finalizer(sent: signal.Signals) -> int:
    del [_SignalledAtItsEnd(sent)][0]
    time.sleep(20)
    return 0


def _in_an_import(sent: signal.Signals) -> int:
    import importlib

    Path(f"stopped_{int(sent)}.py").write_text(f"import os\nos.kill(os.getpid(), {int(sent)})\n")
    with contextlib.suppress(Exception), mock.patch.object(sys, "path", [os.getcwd()]):
        importlib.import_module(f"stopped_{int(sent)}")
    time.sleep(20)
    return 0


def _as_another_error(sent: signal.Signals) -> int:
    try:
        os.kill(os.getpid(), sent)
        time.sleep(20)
    except KeyboardInterrupt:
        raise RuntimeError("Error calling __set_name__") from None
    return 0


@pytest.fixture
def heeded_interrupts():
    """Heed SIGINT, which programs that are started in the background ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded_interrupts")
@pytest.mark.parametrize(("sent", "status"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("work", [_in_a_finalizer, _in_an_import, _as_another_error])
def test_a_signal_is_never_lost(work, sent, status, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    handlers = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    assert guard(lambda: work(sent)) == status
    assert capsys.readouterr().err == "featgraph: stopped\n"
    assert handlers == [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]


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


def test_a_full_disk_names_the_checkpoint_of_a_training(tmp_path):
    def limit() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))

    words = ["train", "mlp", "--data", "digits", "--epochs", 1, "-o", tmp_path / "out", "--quiet"]
    done = run(*words, preexec_fn=limit)
    assert done.returncode == 2
    assert "no room to write" in done.stderr
    assert str(tmp_path / "out" / "checkpoint.pt") in done.stderr
    assert "inline_container" not in done.stderr


def test_a_full_disk_leaves_the_older_file(tmp_path, monkeypatch):
    path = write_text(tmp_path / "note.txt", "old")

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("[enforce fail at inline_container.cc:672] . PytorchStreamWriter failed")

    monkeypatch.setattr(Path, "write_text", fail)
    with pytest.raises(OSError, match=r"no room to write: No space left.*note\.txt"):
        write_text(path, "new")
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["note.txt"]


def test_a_file_that_cannot_be_written_is_named_itself(tmp_path, monkeypatch):
    path = tmp_path / "note.txt"
    path.mkdir()
    with pytest.raises(IsADirectoryError) as caught:
        write_text(path, "new")
    assert (caught.value.filename, caught.value.filename2) == (str(path), None)

    def refuse(**how: Any) -> None:
        raise PermissionError(13, "Permission denied", str(how["dir"] / how["prefix"]))

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    with pytest.raises(PermissionError) as caught:
        write_text(path, "new")
    assert caught.value.filename == str(path)
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


def test_a_user_without_a_home(graph):
    """Nobody, who may read everything here and write into one folder."""
    if os.geteuid() != 0 or shutil.which("setpriv") is None:
        pytest.skip("needs root, who may become another user")
    caps = [f"--{kind}-caps=+dac_read_search" for kind in ("inh", "ambient")]
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *caps]
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        shutil.copy(graph, folder)
        words = [*nobody, *RUN, "boxcover", graph.name, "-o", "out", "--seed", "0"]
        variables = {**os.environ, "HOME": "/nonexistent", "PYTHONPATH": os.pathsep.join(sys.path)}
        variables.pop("NUMBA_CACHE_DIR", None)
        done = subprocess.run(
            words, cwd=folder, env=variables, capture_output=True, text=True, check=False
        )
        if "setpriv:" in done.stderr:
            pytest.skip(f"cannot become another user here: {done.stderr}")
        assert done.returncode == 0, done.stderr
        assert (Path(folder) / "out" / "counts.csv").exists()
        assert "Traceback" not in done.stderr


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written_is_named(graph, tmp_path):
    tmp_path.chmod(0o500)
    done = run("boxcover", graph, "-o", tmp_path / "out")
    tmp_path.chmod(0o700)
    assert done.returncode == 1
    assert "out" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_folder_that_another_run_writes_is_refused(command, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    write_inputs()
    lock = FolderLock("out")
    assert main([*COMMANDS[command], "-o", "out", "--quiet"]) == 2
    assert f"--out must be free, got '{tmp_path}/out', which process" in capsys.readouterr().err
    assert [path.name for path in Path("out").iterdir()] == [".featgraph-lock"]
    lock.release()
