"""``featgraph doctor`` and ``featgraph methods``: what is installed, and what to choose from."""

from __future__ import annotations

import importlib
import os
import platform
import re
import sys
import textwrap
from collections.abc import Iterator
from importlib import metadata
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from featgraph.cli.messages import refuse_idle
from featgraph.cli.options import MethodName
from featgraph.cli.output import LOUD, Screen

if TYPE_CHECKING:
    from featgraph.boxes import Method

__all__ = ["check_installation", "list_methods"]


def list_methods(
    method: Annotated[MethodName | None, Parameter(help="Show this method in full.")] = None,
    /,
    *,
    long: bool = False,
    screen: Screen = LOUD,
) -> dict[str, Any]:
    """List box-covering methods, their options, and estimators.

    Parameters
    ----------
    long
        With source, cost and advice for each.

    Examples
    --------
    featgraph methods
    featgraph methods memb
    featgraph methods --long
    """
    from featgraph.boxes import METHODS
    from featgraph.selfsimilarity import ESTIMATORS

    if method is not None:
        refuse_idle("with one method, which is shown in full", "--long")
        screen.say(METHODS[method].describe())
        return {"methods": [_tabulate(METHODS[method])]}
    screen.say("Box-covering methods (--method):\n")
    for row in METHODS.values():
        _show(row.name, f"[{row.box}] {row.summary}", screen)
        if long:
            doi = f", doi:{row.doi}" if row.doi else ""
            _show("", f"{row.source}{doi}", screen)
            _show("", f"cost: {row.cost}; use it: {row.advice}", screen)
    screen.say("\nEstimators of the number of boxes over θ (--curves):\n")
    for estimator in ESTIMATORS.values():
        _show(estimator.name, f"[{estimator.role}] {estimator.summary}", screen)
        if long:
            _show("", estimator.source, screen)
    about = ("name", "role", "summary", "source")
    return {
        "methods": [_tabulate(row) for row in METHODS.values()],
        "estimators": [{key: getattr(row, key) for key in about} for row in ESTIMATORS.values()],
    }


def _show(name: str, text: str, screen: Screen) -> None:
    lines = textwrap.wrap(text, 58, break_long_words=False)
    screen.say(f"  {name:<20}" + f"\n{' ' * 22}".join(lines))


def _tabulate(row: Method) -> dict[str, object]:
    about = ("name", "box", "summary", "source", "doi", "cost", "advice")
    told = ("name", "type", "default", "meaning", "rule")
    options = [{key: getattr(option, key) for key in told} for option in row.options]
    return {**{key: getattr(row, key) for key in about}, "options": options}


_INSTALL = "pip install 'featgraph[{extra}]' -c constraints.txt"
_LEFT_OUT = "not installed"


def check_installation(*, screen: Screen = LOUD) -> dict[str, Any]:
    """Show versions, devices, caches and known problems.

    Looks at the packages that featgraph needs and those of its extras, at the devices that
    torch sees, at the folder of compiled kernels, and tries torchvision, which does not load
    beside a torch that it was not built for. Each problem comes with its cure; an extra that is
    not installed is none.

    Examples
    --------
    featgraph doctor
    featgraph doctor --json
    """
    rows = [*_list_versions(), *_list_devices(), *_list_caches(), *_list_extras()]
    extras = [row for row in rows if row["state"] == _LEFT_OUT]
    problems = [row for row in rows if row["cure"] and row not in extras]
    screen.table(rows, {"what": "what", "state": "state", "found": "found"})
    for row in problems:
        screen.say(f"\n{row['what']}: {row['cure']}")
    if extras:
        names = ",".join(row["what"].removeprefix("extra ") for row in extras)
        screen.say(f"\nextras to add, if wanted: {_INSTALL.format(extra=names)}")
    screen.say(f"\n{len(problems) or 'no'} thing{'' if len(problems) == 1 else 's'} to look at")
    return {"checks": rows}


def _row(what: str, found: object, state: str = "ok", cure: str = "") -> dict[str, str]:
    return {"what": what, "found": str(found), "state": state, "cure": cure}


def _list_versions() -> Iterator[dict[str, str]]:
    from featgraph import __version__

    yield _row("featgraph", __version__)
    yield _row("python", f"{platform.python_version()} on {platform.system()}")
    for name in _requirements(""):
        found = _version(name)
        cure = "" if found else f"pip install '{name}' -c constraints.txt"
        yield _row(name, found or "–", "ok" if found else "missing", cure)


def _requirements(extra: str) -> list[str]:
    """Return the packages that featgraph asks for by itself, or for an extra."""
    try:
        lines = metadata.requires("featgraph") or []
    except metadata.PackageNotFoundError:  # sources that were never installed
        lines = []
    found = []
    for line in lines:
        name = re.match(r"[\w.-]+", line)
        wanted = re.search(r"""extra\s*==\s*['"](\w+)['"]""", line)
        if name is not None and (wanted[1] if wanted else "") == extra:
            found.append(name[0])
    return found


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return ""


def _list_devices() -> Iterator[dict[str, str]]:
    import torch

    yield _row("processors", f"{os.cpu_count()}, torch uses {torch.get_num_threads()} threads")
    if not torch.cuda.is_available():
        built = torch.version.cuda
        yield _row(
            "cuda", "none" if built is None else f"none, but torch is built for CUDA {built}"
        )
    for number in range(torch.cuda.device_count()):
        about = torch.cuda.get_device_properties(number)
        yield _row(f"cuda:{number}", f"{about.name}, {about.total_memory / 2**30:.0f} GiB")


def _list_caches() -> Iterator[dict[str, str]]:
    import warnings

    from featgraph.kernels.cache import cache_folder

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what it says stands in the row
        folder = cache_folder()
    if folder is None:
        cure = "kernels compile anew in every run: let NUMBA_CACHE_DIR name a folder to write into"
        yield _row("compiled kernels", "no folder to keep them", "slow", cure)
        return
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    place = str(folder.parent).replace(os.path.expanduser("~"), "~", 1)
    yield _row("compiled kernels", f"{place} ({size / 2**20:.0f} MiB)")


def _list_extras() -> Iterator[dict[str, str]]:
    try:
        extras = metadata.metadata("featgraph").get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        extras = []
    for extra in extras:
        if extra in ("all", "docs", "test"):
            continue
        names = _requirements(extra)
        missing = [name for name in names if not _version(name)]
        found = ", ".join(f"{name} {_version(name) or '–'}" for name in names)
        state = _LEFT_OUT if missing else "ok"
        cure = _INSTALL.format(extra=extra) if missing else ""
        yield _row(f"extra {extra}", found, state, cure)
    if _version("torchvision"):
        yield _try_torchvision()


def _try_torchvision() -> dict[str, str]:
    """Import torchvision, which raises where it was built for another torch."""
    pair = f"{_version('torchvision')} beside torch {_version('torch')}"
    try:
        importlib.import_module("torchvision")
    except Exception as error:  # whatever a half-fitting binary raises
        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        cure = (
            f"it does not load ({error}): the pair does not belong together. Networks of timm "
            "work all the same; for torchvision itself " + _INSTALL.format(extra="models")
        )
        return _row("torchvision loads", pair, "does not load", cure)
    return _row("torchvision loads", pair)
