"""The house itself: order of the stages, cost of the import, public names and their docs."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "featgraph"
STAGES = ("features", "distances", "graph", "boxes", "dimension", "report")
#: What stands beside the stages, and what it may use of them.
WINGS = {
    "selfsimilarity": {"features", "distances", "graph", "boxes"},
    "io": {"features", "distances", "graph", "boxes", "dimension"},
    "plot": {
        "features",
        "distances",
        "graph",
        "boxes",
        "dimension",
        "io",
        "invariance",
        "similarity",
        "weights",
    },
    "invariance": {"features", "distances", "graph", "boxes", "dimension"},
    "similarity": {
        "features",
        "distances",
        "graph",
        "dimension",
        "selfsimilarity",
        "weights",
    },
    "weights": {"features", "graph", "boxes", "dimension"},
    "datasets": {"graph"},
    "models": {"features"},
    "training": {
        "features",
        "graph",
        "dimension",
        "selfsimilarity",
        "io",
        "datasets",
        "models",
        "weights",
    },
}
#: A stage may hang these wings into its work, and no other.
BESIDE = {
    "dimension": {"selfsimilarity"},
    "report": {"selfsimilarity", "io", "plot", "weights"},
}
#: What every room may use.
COMMON = {"core", "kernels"}
#: The command line stands before all of them.
FREE = {"cli"}
HEAVY = (
    "torch",
    "torch_geometric",
    "igraph",
    "matplotlib",
    "numba",
    "scipy",
    "networkx",
    "sklearn",
)


def imported_packages(path: Path) -> set[str]:
    """Return the packages of featgraph that a file imports, in whatever form."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            home = ("featgraph", *path.relative_to(PACKAGE).parent.parts)
            base = ".".join((*home[: len(home) - node.level + 1], node.module or ""))
            names = [f"{base.rstrip('.')}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            parts = name.split(".")
            if parts[0] == "featgraph" and len(parts) > 1 and (PACKAGE / parts[1]).is_dir():
                found.add(parts[1])
    return found - COMMON


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_imports_earlier_stages_only(stage):
    allowed = set(STAGES[: STAGES.index(stage) + 1]) | BESIDE.get(stage, set())
    for path in (PACKAGE / stage).rglob("*.py*"):
        if path.suffix in {".py", ".pyi"}:
            assert imported_packages(path) <= allowed, path


@pytest.mark.parametrize("room", sorted(COMMON))
def test_what_every_room_uses_imports_no_room(room):
    for path in (PACKAGE / room).rglob("*.py"):
        assert not imported_packages(path), path


@pytest.mark.parametrize("wing", sorted(WINGS))
def test_a_wing_hangs_off_the_stages_it_may_use(wing):
    for path in (PACKAGE / wing).rglob("*.py"):
        assert imported_packages(path) <= WINGS[wing] | {wing}, path


def test_every_room_has_its_place():
    rooms = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    assert rooms == {*STAGES, *WINGS, *COMMON, *FREE}


@pytest.mark.parametrize("room", sorted({*STAGES, *WINGS, *COMMON}))
def test_no_room_imports_the_command_line(room):
    for path in (PACKAGE / room).rglob("*.py"):
        assert not FREE & imported_packages(path), path


def test_the_import_reader_sees_every_form(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    for name in ("boxes", "graph", "report"):
        (tmp_path / name).mkdir()
    file = tmp_path / "boxes" / "x.py"
    file.write_text(
        "def f():\n    import featgraph.report.page\nfrom ..graph import convert\n"
        "from featgraph import boxes\n"
    )
    assert imported_packages(file) == {"report", "graph", "boxes"}


def run_python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_importing_the_package_loads_nothing_heavy():
    loaded = run_python("import sys, featgraph; print(*sys.modules)").split()
    assert not set(HEAVY) & set(loaded)


def test_a_hop_space_covering_needs_no_torch():
    code = (
        "import sys, networkx as nx, featgraph as fg\n"
        "fg.fit_dimension(fg.box_counts(nx.path_graph(40), rng=0))\n"
        "print('torch' in sys.modules)"
    )
    assert run_python(code) == "False"


CONTRACT = (
    "extract_features",
    "feature_graph",
    "box_cover",
    "minimum_box_cover",
    "box_counts",
    "fit_dimension",
    "ss_rate",
    "compare_dimensions",
    "renormalize",
    "write_graphml",
    "write_gexf",
    "analyze",
    "FeatureMatrix",
    "FeatureGraph",
    "BoxCover",
    "BoxCounts",
    "DimensionFit",
    "models",
    "similarity",
)


@pytest.mark.parametrize("name", CONTRACT)
def test_the_public_names_are_there(name):
    import featgraph

    assert name in dir(featgraph)
    assert getattr(featgraph, name) is not None


def public_packages():
    """Return featgraph and its packages that offer lazy names."""
    names = [f"featgraph.{path.parent.name}" for path in sorted(PACKAGE.glob("*/__init__.pyi"))]
    return [importlib.import_module(name) for name in ("featgraph", *names)]


def public_functions():
    """Yield every public function of the package with its name, once."""
    seen = set()
    for package in public_packages():
        for name in package.__all__:
            value = getattr(package, name)
            if inspect.isfunction(value) and value not in seen:
                seen.add(value)
                yield f"{package.__name__}.{name}", value


def test_no_module_shares_a_public_name():
    """A module and a function of one name would shadow each other, whichever loads last."""
    for package in public_packages():
        folder = Path(package.__file__).parent
        for name in package.__all__:
            if not inspect.ismodule(getattr(package, name)):
                assert not (folder / f"{name}.py").exists(), f"{package.__name__}.{name}"


def unquoted(text: str) -> str:
    return re.sub("[\"'`]", "", text)


def test_docstrings_state_parameters_defaults_and_an_example():
    problems = []
    for name, function in public_functions():
        text = inspect.getdoc(function) or ""
        if ">>> " not in text:
            problems.append(f"{name}: no example")
        for parameter in inspect.signature(function).parameters.values():
            if parameter.kind in (parameter.VAR_KEYWORD, parameter.VAR_POSITIONAL):
                continue
            row = re.search(
                rf"^(?:\w+, )*\*{{0,2}}{parameter.name}(?:, \w+)*(?: : (.*))?$", text, re.M
            )
            if row is None:
                problems.append(f"{name}: parameter {parameter.name} is not described")
                continue
            stated = re.search(r"default=(.+?)\.?$", row[1] or "")
            if stated and parameter.default is not parameter.empty:
                given = stated[1].strip()
                if unquoted(given) != unquoted(str(parameter.default)):
                    problems.append(f"{name}: {parameter.name} says default={given}")
    assert not problems, "\n".join(problems)
