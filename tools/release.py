"""Build, check and tag a release: python tools/release.py [--url https://HOST/OWNER/featgraph]

Builds from the last commit, not from the folder: wheel and source archive go to dist/. On the
package index pictures and links of the README lead to ``--url``, and so do the project's links.
Without it the README there names the files of the source archive, which holds documentation and
tests, and has no picture: no link is dead.
The wheel is then installed in a fresh environment with the constraints file and runs a small demo.
``--tag`` sets the tag vX.Y.Z when all of that went well. Needs the packages build and twine.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tarfile
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def read_version(root: Path = ROOT) -> str:
    """Return the version, which stands in ``featgraph/__init__.py``."""
    text = (root / "featgraph" / "__init__.py").read_text("utf-8")
    return re.findall(r'^__version__ = "(.+)"$', text, re.M)[0]


def find_faults(root: Path = ROOT) -> list[str]:
    """Return what keeps this commit from being a release."""
    version, faults = read_version(root), []
    if f"\nversion: {version}\n" not in (root / "CITATION.cff").read_text("utf-8"):
        faults.append(f"CITATION.cff is not of version {version}")
    heading = re.findall(r"^## (.+)$", (root / "CHANGELOG.md").read_text("utf-8"), re.M)[0]
    if not re.fullmatch(rf"{re.escape(version)} \(\d{{4}}-\d\d-\d\d\)", heading):
        faults.append(f"CHANGELOG.md begins with {heading!r}, not with '{version} (YEAR-MM-DD)'")
    return faults


def make_absolute(readme: str, url: str, tag: str) -> str:
    """Return the README with its pictures and links to files as addresses below ``url``.

    Examples
    --------
    >>> make_absolute("![a](docs/a.png) [b](b.md) [c](https://c.org)", "https://h/o/p", "v1")
    '![a](https://h/o/p/raw/v1/docs/a.png) [b](https://h/o/p/blob/v1/b.md) [c](https://c.org)'
    """
    base = url.rstrip("/")
    readme = re.sub(r"(!\[[^]]*\]\()(?!https?:)", rf"\1{base}/raw/{tag}/", readme)
    return re.sub(r"((?<!!)\[[^]]*\]\()(?!https?:|#)", rf"\1{base}/blob/{tag}/", readme)


def name_files(readme: str) -> str:
    """Return the README without pictures of the checkout, and with links as names of files.

    Examples
    --------
    >>> name_files("![a](docs/a.png) [b](b.md), [`c.md`](c.md) [d](https://d.org)")
    ' b (`b.md`), `c.md` [d](https://d.org)'
    """
    readme = re.sub(r"!\[[^]]*\]\((?!https?:)[^)]*\)\n*", "", readme)
    readme = re.sub(r"\[`?([^]`]*)`?\]\(\1\)", r"`\1`", readme)
    readme = re.sub(r"(?<!!)\[([^]]*)\]\((?!https?:|#)([^)]*)\)", r"\1 (`\2`)", readme)
    marked = "\n## Licence"
    return readme.replace(marked, f"\nFiles named here are in the source archive.\n{marked}")


def run(*command: str | Path, cwd: Path = ROOT) -> str:
    """Run a command, show it, and return what it printed."""
    print("$", *command, flush=True)
    done = subprocess.run(
        [str(word) for word in command], cwd=cwd, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout.strip()


def build(url: str | None, tag: str, out: Path) -> list[Path]:
    """Build wheel and source archive of the last commit, and check what the index would show."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        run("git", "archive", "-o", f"{folder}/source.tar", "HEAD")
        with tarfile.open(f"{folder}/source.tar") as archive:
            archive.extractall(source, filter="data")
        readme = source / "README.md"
        text = readme.read_text("utf-8")
        readme.write_text(make_absolute(text, url, tag) if url else name_files(text), "utf-8")
        if url:
            settings = source / "pyproject.toml"
            found = settings.read_text("utf-8")
            new = f'[project.urls]\nSource = "{url}"\nChangelog = "{url}/blob/{tag}/CHANGELOG.md"'
            settings.write_text(found.replace("[project.urls]", new, 1), "utf-8")
        run(sys.executable, "-m", "build", "--outdir", out, source)
    files = sorted(out.glob(f"featgraph-{tag[1:]}*"))
    run(sys.executable, "-m", "twine", "check", "--strict", *files)
    return files


def try_wheel(wheel: Path) -> None:
    """Install a wheel in a fresh environment and let it work without the checkout."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / ("Scripts" if os.name == "nt" else "bin") / "python"
        run(python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", wheel)
        outside = Path(folder)
        found = run(python, "-m", "featgraph", "--version", cwd=outside)
        if read_version() not in found:
            sys.exit(f"the wheel is of {found}")
        run(python, "-m", "featgraph", "demo", "--quick", "-q", "-o", outside / "demo", cwd=outside)
        run(python, "-m", "featgraph", "doctor", cwd=outside)


def main() -> None:
    """Do it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--url", help="address of the repository, if it has a public one")
    parser.add_argument("--tag", action="store_true", help="set the tag at the end")
    chosen = parser.parse_args()
    tag = f"v{read_version()}"
    faults = find_faults()
    if run("git", "status", "--porcelain"):
        faults.append("there are changes that are not committed")
    if tag in run("git", "tag").split():
        faults.append(f"the tag {tag} is there already")
    if faults and chosen.tag:
        sys.exit("no release: " + "; ".join(faults))
    files = build(chosen.url, tag, ROOT / "dist")
    try_wheel(next(file for file in files if file.suffix == ".whl"))
    if chosen.tag:
        run("git", "tag", "-a", tag, "-m", f"featgraph {tag[1:]}")
    print(*(f"before a tag: {fault}" for fault in faults), sep="\n")
    print("to upload:", sys.executable, "-m twine upload", *files)


if __name__ == "__main__":
    main()
