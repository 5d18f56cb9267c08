"""What the guide shows runs, and prints what the guide says it prints."""

from __future__ import annotations

import re
import warnings
from importlib.util import find_spec
from pathlib import Path

import matplotlib.pyplot as plt
import numba
import pytest

GUIDE = Path(__file__).resolve().parents[1] / "docs" / "guide"
PAGES = sorted(path.name for path in GUIDE.glob("*.md"))
#: Code that a reader does not need to see stands in a comment that opens with "setup"; one that
#: opens with "needs" names the packages without which the next piece is left out.
PIECE = re.compile(
    r"^(?:```(python|text)\n(.*?)^```|<!-- (setup)\n(.*?)^-->|<!-- (needs) (.*?) -->)$", re.M | re.S
)
TINY = re.compile(r"\d(?:\.\d+)?e-\d+")  # far below 0.02, so that only its digits can tell
NUMBER = re.compile(r"(?<![\w.])[-+−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")


def read_pieces(text: str) -> list[tuple[str, str, int]]:
    """Return kind, content and line of every piece of code and of output."""
    pieces = []
    for match in PIECE.finditer(text):
        kind, content = (part for part in match.groups() if part is not None)
        pieces.append((kind, content, text.count("\n", 0, match.start()) + 2))
    return pieces


def read_numbers(text: str) -> list[float]:
    return [float(found.replace(",", "").replace("−", "-")) for found in NUMBER.findall(text)]


def check_output(shown: str, printed: str, where: str) -> None:
    """Compare words exactly and numbers to a few per cent, which is what machines differ by."""
    words = [NUMBER.sub("#", text).split() for text in (shown, printed)]
    assert words[0] == words[1], f"{where} does not show what is printed:\n{printed}"
    assert read_numbers(shown) == pytest.approx(read_numbers(printed), rel=0.05, abs=0.02), where
    tiny = [[float(found) for found in TINY.findall(text)] for text in (shown, printed)]
    assert tiny[0] == pytest.approx(tiny[1], rel=0.05), where


@pytest.mark.skipif(
    bool(numba.config.DISABLE_JIT), reason="readers run compiled kernels; plain ones take minutes"
)
@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_and_prints_what_it_shows(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    printed, packages = "", []
    for kind, content, line in read_pieces((GUIDE / page).read_text(encoding="utf-8")):
        where = f"{page}, line {line}"
        if kind == "needs":
            packages = content.split()
        elif kind == "text" and printed is not None:
            check_output(content, printed, where)
        elif kind != "text" and any(find_spec(name) is None for name in packages):
            printed, packages = None, []
        elif kind != "text":
            code = compile("\n" * (line - 1) + content, str(GUIDE / page), "exec")
            with warnings.catch_warnings():
                if packages:
                    warnings.simplefilter("ignore")  # they warn of much that is not ours
                exec(code, names)
            printed, packages = capsys.readouterr().out, []
    plt.close("all")


def test_the_reader_of_pages_sees_code_output_and_setup():
    text = "a\n```python\nx\n```\n\n```text\n1\n```\n<!-- setup\ny\n-->\n```\nshell\n```\n"
    pieces = [("python", "x\n", 3), ("text", "1\n", 7), ("setup", "y\n", 10)]
    assert read_pieces(text) == pieces
    assert read_pieces(text + "<!-- needs a b -->\n") == [*pieces, ("needs", "a b", 16)]


def test_output_is_compared_by_words_and_numbers():
    check_output("d_B = 2.00, 1,024 boxes\n", "d_B = 2.01, 1,025  boxes", "here")
    with pytest.raises(AssertionError, match="here does not show"):
        check_output("greedy 3", "memb 3", "here")
    with pytest.raises(AssertionError, match="here"):
        check_output("greedy 3", "greedy 4", "here")
    with pytest.raises(AssertionError, match="here"):
        check_output("p = 1e-09", "p = 2e-09", "here")
