"""Sphinx configuration."""

from pathlib import Path

import featgraph

project = "featgraph"
author = "The featgraph developers"
copyright = "2026, the featgraph developers"
version = release = featgraph.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
autodoc_typehints = "none"  # the docstrings state types, shapes and units
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": False}
add_module_names = False
python_display_short_literal_types = True

exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "featgraph"
html_static_path = ["_static"]


def write_methods_table() -> None:
    """Write the table of METHODS that the guide includes, so that it cannot go stale."""
    lines = ["| method | box | definition | cost | when to use it | source |", "|---" * 6 + "|"]
    for row in featgraph.METHODS.values():
        where = f"[{row.source}](https://doi.org/{row.doi})" if row.doi else row.source
        cells = (f"`{row.name}`", row.box, row.summary, row.cost, row.advice, where)
        lines.append("| " + " | ".join(cells) + " |")
    target = Path(__file__).parent / "_build" / "methods.md"
    target.parent.mkdir(exist_ok=True)
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


write_methods_table()
