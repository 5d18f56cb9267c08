"""All that is known of a covering method, as plain text."""

from __future__ import annotations

import textwrap

from featgraph.boxes.methods.table import METHODS
from featgraph.core.checks import choice

__all__ = ["describe_method"]


def describe_method(name: str) -> str:
    """Return all that is known of a covering method: definition, options, cost, source, advice.

    Parameters
    ----------
    name : str
        A key of METHODS.

    Returns
    -------
    str
        Lines of plain text, as ``featgraph methods NAME`` prints them.

    Raises
    ------
    ValueError
        If there is no such method.

    Examples
    --------
    >>> print(describe_method("cluster_growing"))  # doctest: +ELLIPSIS
    cluster_growing: radius boxes
    <BLANKLINE>
    Random uncovered seed; its ball minus what is covered is a box.
    ...
    Options: none
    Cost: O(n_boxes b) time, O(n) memory
    Source: Ding et al. 2025, arXiv:2507.17785, Appendix A, doi:10.48550/arXiv.2507.17785
    Use it: random_sequential under the source paper's name
    """
    row = METHODS[choice(name, METHODS, "name")]
    kinds = {kind for option in row.options for kind in option.boxes.values()} or {row.box}
    lines = [f"{name}: {' or '.join(sorted(kinds)).replace('none', 'no')} boxes", ""]
    lines += [*_wrap(f"{row.summary[0].upper()}{row.summary[1:]}."), ""]
    for paragraph in row.text:
        lines += [*_wrap(paragraph), ""]
    lines.append("Options:" if row.options else "Options: none")
    for option in row.options:
        lines.append(f"  {option.name} : {option.rule}, default={option.default!r}")
        lines += _wrap(option.meaning, indent="    ")
    doi = f", doi:{row.doi}" if row.doi else ""
    for title, words in ("Cost", row.cost), ("Source", row.source + doi), ("Use it", row.advice):
        lines += _wrap(f"{title}: {words}")
    return "\n".join(lines)


def _wrap(text: str, indent: str = "") -> list[str]:
    return textwrap.wrap(
        *(text, 80),
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
