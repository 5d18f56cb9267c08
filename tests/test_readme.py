"""What the README shows runs, and what it names exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_example_runs(capsys):
    code = re.search(r"```python\n(.*?)```", README, re.S)[1]
    exec(compile(code, "README.md", "exec"), {})
    printed = capsys.readouterr().out
    assert printed.startswith("DimensionFit(dimension=")
    assert "linkage" in printed


def test_the_two_commands_are_targets():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", README, re.M):
        assert re.search(rf"^{target}:", makefile, re.M)


def test_the_listed_commands_exist():
    from featgraph.cli.entry import COMMANDS

    line = next(line for line in README.splitlines() if line.startswith("On the command line"))
    names = re.findall(r"`(?:featgraph )?([a-z]+)`", line)
    assert len(names) >= 5
    assert set(names) <= set(COMMANDS)


def test_links_to_files_of_the_repository_lead_somewhere():
    for target in re.findall(r"\]\((?!https?:)([^)#]+)\)", README):
        assert (ROOT / target).exists(), target
