"""Sphinx configuration."""

import inspect
import re
from importlib import import_module
from pathlib import Path
from typing import Any

import featgraph

project = "featgraph"
author = "The featgraph developers"
copyright = "2026, the featgraph developers"
version = release = featgraph.__version__

extensions = [
    "myst_nb",  # and with it myst_parser
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
]
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3

nb_execution_mode = "force"  # tutorials run whenever the pages are built
nb_execution_timeout = 120
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_merge_streams = True

numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
autodoc_typehints = "none"  # the docstrings state types, shapes and units
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": False}
add_module_names = False
python_display_short_literal_types = True

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"/plot_",
    "download_all_examples": False,
    "remove_config_comments": True,
    "abort_on_example_error": True,
    "capture_repr": (),  # what a script says it prints; a figure is shown, not named
}

# The gallery writes notebooks to download beside its pages; they are no pages of their own.
exclude_patterns = ["_build", "accessibility", "examples", "gallery/*.ipynb"]
html_theme = "furo"
html_title = "featgraph"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
html_js_files = ["pages.js"]


def write_methods() -> None:
    """Write what METHODS says for the guide and the reference, so that it cannot go stale."""
    short, long = [], []
    for row in featgraph.METHODS.values():
        where = f"[{row.source}](https://doi.org/{row.doi})" if row.doi else row.source
        box = {"none": "no boxes"}.get(row.box, f"{row.box} boxes")
        short += [f"`{row.name}` ({box})", f": {row.summary[0].upper()}{row.summary[1:]}."]
        short += [f"  *When:* {row.advice}. *Cost:* {row.cost}. *Source:* {where}.", ""]
        long += [
            f"### {row.name}",
            "",
            f"*{row.summary[0].upper()}{row.summary[1:]}.* {where}.",
            "",
        ]
        long += [f"{paragraph.replace('``', '`')}\n" for paragraph in row.text]
        for option in row.options:
            long.append(
                f"* `{option.name}` ({option.rule}, default {option.default!r}): {option.meaning}"
            )
        long.append("")
    folder = Path(__file__).parent / "_build"
    folder.mkdir(exist_ok=True)
    (folder / "methods.md").write_text("\n".join(short), encoding="utf-8")
    (folder / "method_texts.md").write_text("\n".join(long), encoding="utf-8")


def write_names() -> None:
    """Write every public name with the first line of its docstring, room by room."""
    lines = []
    for room in sorted(path.parent.name for path in Path(featgraph.__path__[0]).glob("*/*.pyi")):
        module = import_module(f"featgraph.{room}")
        lines += [f"## featgraph.{room}", "", "| name | what it is |", "|---|---|"]
        for name in sorted(module.__all__, key=str.lower):
            item = getattr(module, name)
            is_data = not (callable(item) or hasattr(item, "__path__"))
            about = type(item).__name__ if is_data else (inspect.getdoc(item) or "").split("\n")[0]
            about = about.replace("``", "`").replace("|", "\\|")
            lines.append(f"| [`{name}`]({room}.md) | {about} |")
        lines.append("")
    (Path(__file__).parent / "_build" / "names.md").write_text("\n".join(lines), encoding="utf-8")


write_methods()
write_names()


def escape_bars(app: Any, what: str, name: str, item: Any, options: Any, lines: list[str]) -> None:
    """Let |x| in a docstring mean an absolute value; reStructuredText reads a substitution."""
    for k, line in enumerate(lines):
        if not line.lstrip().startswith((">>>", "...")):
            lines[k] = re.sub(r"(?<!`)\|([^|`]+)\|(?!`)", r"\\|\1\\|", line)


def setup(app: Any) -> None:
    """Hook in before numpydoc rewrites the docstrings."""
    app.connect("autodoc-process-docstring", escape_bars, priority=100)
