"""Wheel and source archive, built here without a network: what is in them, and that they work."""

from __future__ import annotations

import email
import importlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from configparser import ConfigParser
from pathlib import Path

import pytest

import featgraph

ROOT = Path(__file__).resolve().parents[1]
#: What is in a checkout but never in an archive; numba's caches may lie beside the sources.
LEFT_OUT = (".*", "*.egg-info", "__pycache__", "*.nb[ic]", "node_modules", "build", "dist",
            "_build", "gallery", "generated", "shared", "out")  # fmt: skip
BUILD = """
import sys
from setuptools import build_meta
print(getattr(build_meta, sys.argv[1])("made"))
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    """Return a copy of the checkout, so that building leaves nothing behind in it."""
    setuptools = pytest.importorskip("setuptools", reason="the build backend is not installed")
    if int(setuptools.__version__.partition(".")[0]) < 77:
        pytest.skip(f"setuptools {setuptools.__version__} is older than the build asks for")
    copy = tmp_path_factory.mktemp("build") / "featgraph"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
    (copy / "featgraph" / "__pycache__").mkdir()
    (copy / "featgraph" / "__pycache__" / "left.cpython-311.pyc").write_bytes(b"")
    (copy / "made").mkdir()
    return copy


def build(source, hook):
    ran = subprocess.run(
        [sys.executable, "-c", BUILD, hook],
        cwd=source, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    return source / "made" / ran.stdout.split()[-1]


@pytest.fixture(scope="module")
def wheel(source):
    with zipfile.ZipFile(build(source, "build_wheel")) as archive:
        yield archive


@pytest.fixture(scope="module")
def about(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
    return email.message_from_string(wheel.read(name).decode())


def test_the_wheel_holds_the_package_and_nothing_else(wheel):
    package = ROOT / "featgraph"
    files = {
        path.relative_to(ROOT).as_posix()
        for path in package.rglob("*")
        if path.is_file()
        and "__pycache__" not in path.parts
        and not re.fullmatch(r"\.(py[co]|nb[ic])", path.suffix)
    }
    info = f"featgraph-{featgraph.__version__}.dist-info"
    packed = set(wheel.namelist())
    assert {name for name in packed if not name.startswith(f"{info}/")} == files
    assert all(wheel.read(name) == (ROOT / name).read_bytes() for name in files)
    assert f"{info}/licenses/LICENSE" in packed
    assert {Path(name).suffix for name in files} == {
        ".py",
        ".pyi",
        ".typed",
        ".css",
        ".html",
        ".js",
    }


def test_the_wheel_says_of_itself_what_the_project_says(about):
    tomllib = pytest.importorskip("tomllib", reason="Python 3.11 reads its own settings")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert about["Name"] == project["name"]
    assert about["Version"] == featgraph.__version__
    assert about["Requires-Python"] == project["requires-python"]
    assert about["License-Expression"] == project["license"]
    assert about.get_all("Classifier") == project["classifiers"]
    assert set(about.get_all("Provides-Extra")) == set(project["optional-dependencies"])
    asked = [re.match(r"[\w-]+", line)[0] for line in about.get_all("Requires-Dist")]
    assert [name for name in asked if name != "featgraph"][: len(project["dependencies"])] == [
        re.match(r"[\w-]+", line)[0] for line in project["dependencies"]
    ]
    assert about["Description-Content-Type"] == "text/markdown"
    assert about.get_payload().strip() == (ROOT / "README.md").read_text("utf-8").strip()


def test_every_entry_point_of_the_wheel_leads_somewhere(wheel):
    (name,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    points = ConfigParser()
    points.read_string(wheel.read(name).decode())
    assert set(points.sections()) == {"console_scripts", "networkx.backends"}
    for section in points.sections():
        for target in points[section].values():
            module, _, attribute = target.partition(":")
            assert hasattr(importlib.import_module(module), attribute)


def test_the_unpacked_wheel_works_without_the_checkout(wheel, tmp_path):
    wheel.extractall(tmp_path / "installed")
    code = (
        "import featgraph as fg\n"
        "from featgraph.cli import main\n"
        "from featgraph.report import Report, build_page, describe_run\n"
        "page = build_page(Report('T', 'net', (), (), (), describe_run('analyze', {})), {})\n"
        "print(fg.__file__, page.count('</html>'), '.chip' in page, 'beforeprint' in page)\n"
        "raise SystemExit(main(['boxcover', 'g.edges', '-q', '-o', 'out', '--sizes', '0-2']))\n"
    )
    (tmp_path / "g.edges").write_text("1 2\n2 3\n3 4\n")
    env = {**os.environ, "PYTHONPATH": str(tmp_path / "installed")}
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    place = tmp_path / "installed" / "featgraph" / "__init__.py"
    assert ran.stdout.split() == [str(place), "1", "True", "True"]
    assert (tmp_path / "out" / "counts.csv").is_file()


def test_the_source_archive_holds_documentation_and_tests(source):
    with tarfile.open(build(source, "build_sdist")) as archive:
        names = {name.partition("/")[2] for name in archive.getnames() if "/" in name}
    for name in ("README.md", "LICENSE", "CHANGELOG.md", "CITATION.cff", "Makefile",
                 "constraints.txt", "conftest.py", "docs/index.md", "docs/guide/start.md",
                 "docs/tutorials/a_graph.ipynb", "docs/_static/main.png", "tools/release.py",
                 "tests/test_distribution.py", "tests/naive/boxes.py", "featgraph/__init__.pyi",
                 "benchmarks/beside_others.py"):  # fmt: skip
        assert name in names
    linked = re.findall(r"\]\((?!https?:)([^)#]+)\)", (ROOT / "README.md").read_text("utf-8"))
    assert {*linked} <= names
    assert not [name for name in names if name.endswith((".pyc", ".nbi", ".nbc"))]
