"""Shells complete commands, flags and choices from the script that featgraph makes."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from featgraph.boxes.methods import METHODS
from featgraph.cli import main
from featgraph.cli.entry import COMMANDS, build_app


@pytest.fixture(scope="module")
def bash(tmp_path_factory):
    """Return a function that asks bash what the last of some words can become."""
    program = shutil.which("bash")
    if program is None:
        pytest.skip("no bash here")
    script = tmp_path_factory.mktemp("completion") / "featgraph.bash"
    script.write_text(build_app().generate_completion(shell="bash"), encoding="utf-8")

    def complete(*words):
        line = " ".join(f"'{word}'" for word in ("featgraph", *words))
        code = (
            f"source {script}; COMP_WORDS=({line}); COMP_CWORD={len(words)}; "
            "_featgraph; printf '%s\\n' \"${COMPREPLY[@]}\""
        )
        ran = subprocess.run([program, "-c", code], capture_output=True, text=True, check=True)
        return set(ran.stdout.split())

    return complete


def test_bash_completes_commands_flags_and_choices(bash):
    assert set(COMMANDS) <= bash("")
    assert bash("box") == {"boxcover"}
    assert bash("boxcover", "--rep") == {"--repeats"}
    assert bash("boxcover", "--method", "") == set(METHODS)
    assert bash("network", "--normalize", "l") == {"layer"}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_all_commands_and_flags(shell, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("HOME", str(tmp_path))
    target = tmp_path / "script"
    assert main(["--install-completion", "--shell", shell, "--output", str(target)]) == 0
    script = target.read_text(encoding="utf-8")
    for word in (*COMMANDS, *METHODS, "repeats", "image-size"):
        assert word in script
    program = shutil.which(shell)
    if program is not None:  # the shell itself finds no fault with it
        subprocess.run([program, "-n", str(target)], check=True)
