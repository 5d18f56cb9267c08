"""Sphinx configuration."""

import featgraph

project = "featgraph"
author = "The featgraph developers"
copyright = "2026, the featgraph developers"
version = release = featgraph.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

napoleon_google_docstring = False
napoleon_use_rtype = False
autodoc_typehints = "none"  # the docstrings state types, shapes and units
autodoc_member_order = "bysource"
autodoc_default_options = {"members": True, "show-inheritance": False}
add_module_names = False
python_display_short_literal_types = True

exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "featgraph"
html_static_path = ["_static"]
