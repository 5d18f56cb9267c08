"""featgraph beside other public packages: the same input, value against value, time against time.

    python benchmarks/beside_others.py [--only NAME ...] [--keep FOLDER] [--python PATH] [--write]

Each package runs at a pinned version in a virtual environment of its own, which is deleted again;
packages that need torch see the torch of the running interpreter. With ``--python`` they run in an
environment that is there already, and the page says how many did. Inputs go to them as files, so
that a package that changes what it is given changes a copy. Where values differ, an independent
computation by the definition (plain numpy, no featgraph) says who is right. Results are kept in
FOLDER (default: beside_others/ in the folder for temporary files), so that a run can be resumed;
``--write`` makes docs/beside_others.md of all that is there. The rows stand in ``peers/``.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import itertools
import json
import math
import subprocess
import sys
import sysconfig
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from benchmarks.peers.row import Row, plain

TOPICS = ("graphs", "files", "similarity", "points", "boxes", "tails")
HEAD = (
    "| package | what, of what | its value | featgraph | by the definition | right | "
    "CPU s: it, featgraph |\n|---|---|---|---|---|---|---|"
)
NOTHING: dict[str, Any] = {"peer": {}}
PAGE = Path(__file__).parents[1] / "docs" / "beside_others.md"
#: What a package runs in: its input, read from a file, and a check that it left it alone.
AROUND = """
import io, json, sys, time, warnings, contextlib
from importlib.metadata import version
warnings.simplefilter("ignore")
import numpy as np
with np.load({path!r}, allow_pickle=False) as stored:
    given = {{name: stored[name] for name in stored.files}}
before = {{name: array.copy() for name, array in given.items()}}
globals().update(given)
printed = io.StringIO()
with contextlib.redirect_stdout(printed):
{prepare}
    start = time.process_time()
{code}
    spent = time.process_time() - start
changed = [name for name, array in given.items() if array.tobytes() != before[name].tobytes()]
value = np.asarray(value, dtype=float).ravel().tolist()
told = {{"value": value, "seconds": spent, "changed": changed, "version": version({package!r})}}
print("\\n" + json.dumps(told))
"""


def run_peer(row: Row, python: Path, folder: Path) -> dict[str, Any]:
    """Return value and CPU seconds of a package, or why there are none."""
    path = folder / f"{row.name}.npz"
    np.savez(path, **row.inputs())
    code = AROUND.format(
        path=str(path),
        package=row.package,
        prepare="".join(f"    {line}\n" for line in (row.prepare or "pass").splitlines()),
        code="".join(f"    {line}\n" for line in row.peer.splitlines()),
    )
    try:
        done = subprocess.run(
            [python, "-c", code], capture_output=True, text=True, timeout=300, cwd=folder
        )
    except subprocess.TimeoutExpired:
        return {"failed": "took more than 300 s"}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no word"])[-1]
        return {"failed": last[:160]}
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def make_environment(row: Row, folder: Path) -> tuple[Path | None, str]:
    """Return the interpreter of a fresh environment with the package, or why there is none."""
    home = folder / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", home], check=True)
    python = home / "bin" / "python"
    if row.shares:  # what the running interpreter has, torch above all
        site = next(home.glob("lib/python*/site-packages"))
        (site / "shared.pth").write_text(sysconfig.get_paths()["purelib"] + "\n")
    # pip of the running interpreter; what is not imported need not be compiled
    command = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q"]
    command += ["--no-compile", *(["--no-deps"] if row.shares else [])]
    done = subprocess.run([*command, *row.packages], capture_output=True, text=True)
    if done.returncode:
        told = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        return None, (told or ["does not install"])[-1].removeprefix("ERROR: ")[:160]
    return python, ""


def run_row(row: Row, folder: Path, python: Path | None, why: str) -> dict[str, Any]:
    """Return all that the page says about one row."""
    given = row.inputs()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, seconds = None, math.inf
        for _ in range(2 if row.ours else 0):  # compiled kernels are loaded on the first call
            start = time.process_time()
            ours = plain(row.ours(given))
            seconds = min(seconds, time.process_time() - start)
        truth = plain(row.truth(row.inputs()))
    result = {
        "ours": ours,
        "our_seconds": seconds,
        "truth": truth,
        "date": str(datetime.date.today()),
    }
    result["peer"] = {"failed": why} if python is None else run_peer(row, python, folder)
    return result


def close(one: list[float], two: list[float], row: Row) -> bool:
    """Tell whether two results agree to the tolerance of the row."""
    return len(one) == len(two) and bool(
        np.allclose(one, two, rtol=row.rtol, atol=row.atol, equal_nan=True)
    )


def verdict(row: Row, result: dict[str, Any]) -> str:
    """Say who is right by the definition."""
    if "failed" in result["peer"]:
        return "did not run"
    ours = result["ours"] is not None and close(result["ours"], result["truth"], row)
    theirs = close(result["peer"]["value"], result["truth"], row)
    return {(True, True): "both", (True, False): "featgraph", (False, True): "the package"}.get(
        (ours, theirs), "neither" if row.ours else "not the package"
    )


def digits(values: list[float] | None) -> str:
    """Return numbers as the page shows them."""
    if values is None:
        return "–"
    shown = [f"{v:.6g}" if math.isfinite(v) else {True: "∞", False: "NaN"}[v == v] for v in values]
    return ", ".join(shown[:6]) + (", …" if len(shown) > 6 else "")


def page(rows: list[Row], results: dict[str, dict[str, Any]]) -> str:
    """Return docs/beside_others.md."""
    lines = [(Path(__file__).parent / "peers" / "introduction.md").read_text()]
    ran = {row.title for row in rows if "value" in results.get(row.name, NOTHING)["peer"]}
    last = max(result["date"] for result in results.values())
    shared = {row.title for row in rows if results.get(row.name, NOTHING).get("shared")} & ran
    alone = "each in an environment of its own"
    if shared:
        alone = f"{len(shared)} of them in one environment (`--python`), the others {alone}"
    lines += [
        f"{len(ran)} packages ran, {alone}. "
        f"Last run: {last}, Python {sys.version.split()[0]}, CPU, one thread.\n"
    ]
    for topic in TOPICS:
        module = importlib.import_module(f"benchmarks.peers.{topic}")
        lines += [f"## {str(module.__doc__).strip()[:-1]}\n", HEAD]
        there = [row for row in module.ROWS if "value" in results.get(row.name, NOTHING)["peer"]]
        lines += [line(row, results[row.name]) for row in there]
        lines += [""]
    lines += ["## Packages that did not install or did not run\n"]
    for row in rows:
        why = results[row.name]["peer"].get("failed") if row.name in results else "not run yet"
        lines += (
            [f"* {row.title}, {row.what}: {why}{f' ({row.note})' if row.note else ''}"]
            if why
            else []
        )
    return "\n".join(lines) + "\n"


def line(row: Row, result: dict[str, Any]) -> str:
    """Return the line of a row in its table."""
    peer = result["peer"]
    what = row.what + (f" *({row.note})*" if row.note else "")
    if peer["changed"]:
        what += f" **changed its input** {', '.join(peer['changed'])}"
    values = (peer["value"], result["ours"], result["truth"])
    ours = "–" if row.ours is None else f"{result['our_seconds']:.3f}"
    shown = " | ".join(
        [f"{row.package} {peer['version']}", what, *map(digits, values), verdict(row, result)]
    )
    return f"| {shown} | {peer['seconds']:.3f}, {ours} |"


def main() -> None:
    """Run what is asked for and has no result yet."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=[], help="names of rows or packages, run anew")
    parser.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "beside_others")
    parser.add_argument("--write", action="store_true", help="write the page in docs/")
    parser.add_argument("--python", type=Path, help="an interpreter that has the packages already")
    options = parser.parse_args()
    rows = [
        row for topic in TOPICS for row in importlib.import_module(f"benchmarks.peers.{topic}").ROWS
    ]
    known = {row.name for row in rows} | {row.package for row in rows}
    for name in options.only:
        if name not in known:
            parser.error(f"--only must name one of {', '.join(sorted(known))}, got {name}")
    options.keep.mkdir(parents=True, exist_ok=True)
    results: dict[str, dict[str, Any]] = {}

    def asked(row: Row) -> bool:
        return not options.only or row.name in options.only or row.package in options.only

    due = [row for row in rows if asked(row)]
    if not options.only:
        due = [row for row in due if not (options.keep / f"{row.name}.json").exists()]
    for _, group in itertools.groupby(due, key=lambda row: (row.packages, row.shares)):
        with tempfile.TemporaryDirectory() as name:
            folder, same = Path(name), list(group)
            made = (options.python, "") if options.python else make_environment(same[0], folder)
            for row in same:
                result = run_row(row, folder, *made) | {"shared": bool(options.python)}
                (options.keep / f"{row.name}.json").write_text(json.dumps(result))
                told = result["peer"].get("failed") or digits(result["peer"]["value"])
                ours, truth = digits(result["ours"]), digits(result["truth"])
                told += f"; featgraph: {ours}; by the definition: {truth}"
                print(f"{row.name:<24} {verdict(row, result):<16} it: {told}", flush=True)
    for row in rows:
        path = options.keep / f"{row.name}.json"
        if path.exists():
            results[row.name] = json.loads(path.read_text())
    if options.write:
        PAGE.write_text(page(rows, results))


if __name__ == "__main__":
    main()
