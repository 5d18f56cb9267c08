"""What a release checks and changes."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

import featgraph

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def release():
    spec = importlib.util.spec_from_file_location("release", ROOT / "tools" / "release.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_version_stands_in_one_place(release):
    assert release.read_version() == featgraph.__version__
    found = [
        path
        for path in (ROOT / "featgraph").rglob("*.py")
        if re.search(r"^__version__ =", path.read_text("utf-8"), re.M)
    ]
    assert found == [ROOT / "featgraph" / "__init__.py"]


def test_every_link_of_the_readme_works_outside_the_repository(release):
    text = (ROOT / "README.md").read_text("utf-8")
    made = release.make_absolute(text, "https://host/owner/featgraph/", "v1.0")
    targets = re.findall(r"\]\(([^)]+)\)", made)
    assert len(targets) == len(re.findall(r"\]\(([^)]+)\)", text))
    assert all(target.startswith("https://") for target in targets)
    base = "https://host/owner/featgraph"
    for target in targets:
        if target.startswith(base):
            kind, tag, path = target.removeprefix(f"{base}/").split("/", 2)
            assert (kind, tag) == ("raw" if path.endswith(".png") else "blob", "v1.0")
            assert (ROOT / path).exists()


def test_without_an_address_the_readme_names_files_of_the_source_archive(release):
    text = (ROOT / "README.md").read_text("utf-8")
    made = release.name_files(text)
    assert all(target.startswith("https://") for target in re.findall(r"\]\(([^)]+)\)", made))
    for target in re.findall(r"(?<!!)\[[^]]*\]\((?!https?:)([^)]+)\)", text):
        assert f"`{target}`" in made
    assert "Files named here are in the source archive." in made
    assert "main.png" not in made


@pytest.mark.parametrize(
    ("file", "old", "new", "fault"),
    [
        ("CITATION.cff", "version: 1.2.3", "version: 1.2.2", "CITATION.cff is not of version"),
        ("CHANGELOG.md", "2026-01-31", "unreleased", "CHANGELOG.md begins with '1.2.3 "),
        ("CHANGELOG.md", "1.2.3", "1.2.2", "CHANGELOG.md begins with '1.2.2 "),
    ],
)
def test_a_commit_that_is_no_release_says_why(release, tmp_path, file, old, new, fault):
    (tmp_path / "featgraph").mkdir()
    (tmp_path / "featgraph" / "__init__.py").write_text('__version__ = "1.2.3"\n')
    (tmp_path / "CITATION.cff").write_text("title: a\nversion: 1.2.3\n")
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## 1.2.3 (2026-01-31)\n")
    assert release.find_faults(tmp_path) == []
    path = tmp_path / file
    path.write_text(path.read_text().replace(old, new))
    (found,) = release.find_faults(tmp_path)
    assert found.startswith(fault)


def test_the_wheel_is_tried_by_the_python_of_its_own_environment(release, monkeypatch):
    said = []

    def run(*command, cwd=release.ROOT):
        assert Path(command[0]).is_file()
        said.append([str(word) for word in command[1:]])
        return featgraph.__version__

    create = release.venv.create
    monkeypatch.setattr(release.venv, "create", lambda folder, **_: create(folder))
    monkeypatch.setattr(release, "run", run)
    release.try_wheel(Path("some.whl"))
    assert said[0][:3] == ["-m", "pip", "install"]
    assert [words[2] for words in said[1:]] == ["--version", "demo", "doctor"]


def test_the_badges_say_what_the_package_says_of_itself():
    tomllib = pytest.importorskip("tomllib", reason="Python 3.11 reads its own settings")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    readme = (ROOT / "README.md").read_text("utf-8")
    versions = [row.split()[-1] for row in project["classifiers"] if ":: Python :: 3." in row]
    assert f"python-{versions[0]}_to_{versions[-1]}-" in readme
    assert f"licence-{project['license'].replace('-', '--')}-" in readme
