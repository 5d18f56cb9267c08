"""The page in a browser: search, sort, folded layers and print, in headless Chromium."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html import unescape

import pytest

from featgraph.report import build_page

CHROMIUM = os.environ.get("CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)
pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="no Chromium; install it or name one in CHROMIUM"
)


def run_chromium(tmp_path, html, *flags):
    page = tmp_path / "report.html"
    page.write_text(html, encoding="utf-8")
    words = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
             f"--user-data-dir={tmp_path / 'profile'}", *flags, page.as_uri()]  # fmt: skip
    ran = subprocess.run(
        [CHROMIUM, *words], capture_output=True, text=True, timeout=120, check=True, cwd=tmp_path
    )
    return ran.stdout


@pytest.fixture(scope="module")
def html(report):
    return build_page(report, {})


@pytest.fixture
def act(html, tmp_path):
    """Return a function that lets a script act on the page, and gives what it returns."""

    def run(script):
        tell = "document.body.textContent = JSON.stringify(told)"
        acting = f"<script>const told = (() => {{ {script} }})();\n{tell};</script></body>"
        dom = run_chromium(tmp_path, html.replace("</body>", acting), "--dump-dom")
        return json.loads(unescape(re.search(r"<body>(.*)</body>", dom, re.S)[1]))

    return run


TOOLS = """
const table = document.querySelector("table.sortable"), body = table.tBodies[0];
const box = document.querySelector("input[type=search]");
const column = (place) => [...body.rows].map((row) => row.cells[place].innerText.split("\\n")[0]);
const heads = [...table.querySelectorAll("thead button")];
const search = (text) => {
  box.value = text;
  box.dispatchEvent(new Event("input"));
  return [...body.rows].filter((row) => row.checkVisibility()).map((row) => row.innerText);
};
"""


def test_search_leaves_the_rows_that_hold_the_words(act, report):
    words = ["", "UNTRAINED", "undecided", "no such layer"]
    found = act(f"{TOOLS} return {json.dumps(words)}.map(search);")
    n_rows = len(report.analyses)
    n_untrained = len(report.of_state("untrained"))
    assert [len(rows) for rows in found] == [n_rows, n_untrained, len(found[2]), 0]
    assert 0 < n_untrained < n_rows
    assert all("untrained" in row for row in found[1])


def test_a_click_on_a_heading_sorts_and_another_one_turns_round(act, report):
    found = act(
        f"""{TOOLS} const told = {{}};
        for (const head of heads) {{
          const name = head.innerText.split("\\n")[0].trim(), cell = head.closest("th");
          head.click();
          const up = column(cell.cellIndex), first = cell.getAttribute("aria-sort");
          head.click();
          told[`${{cell.cellIndex}} ${{name}}`] = [up, column(cell.cellIndex), first,
            cell.getAttribute("aria-sort"), table.querySelectorAll("[aria-sort]").length];
        }}
        return told;"""
    )
    assert len(found) == 13
    assert "3 neurons" in found
    for up, down, first, then, n_marked in found.values():
        assert sort_as_the_page_does(up) == up
        assert sort_as_the_page_does(down, reverse=True) == down
        assert len(up) == len(report.analyses)
        assert (first, then, n_marked) == ("ascending", "descending", 1)
    edges = [int(text.replace(",", "")) for text in found["4 edges"][0]]
    assert edges == sorted(item.graph.n_edges for item in report.analyses)


def sort_as_the_page_does(cells, *, reverse=False):
    """Sort cells by their numbers, missing ones first; text by its letters and numbers."""

    def key(text):
        plain = re.sub(r"[,×]", "", text.replace("−", "-"))
        if text == "–":
            return (0, -float("inf"), ())
        try:
            return (0, float(plain), ())
        except ValueError:
            parts = re.findall(r"\d+|[a-z]+", plain.lower())
            return (1, 0.0, tuple((not p.isdigit(), p.zfill(9 * p.isdigit())) for p in parts))

    return sorted(cells, key=key, reverse=reverse)


def test_a_link_of_the_table_opens_the_folded_layer(act, report):
    opened = act(
        f"""{TOOLS} const layers = [...document.querySelectorAll("details.layer")];
        const before = layers.map((one) => one.open);
        const link = body.rows[0].querySelector("a");
        link.click();
        const layer = document.getElementById(link.hash.slice(1)).closest("details.layer");
        const after = layers.map((one) => one.open);
        layer.querySelector("summary").click();
        return [before, after, layers.indexOf(layer), layer.open];"""
    )
    before, after, place, closed = opened
    assert before == [False] * len(report.layers)
    assert after == [k == place for k in range(len(before))]
    assert not closed


def test_printing_opens_every_layer(act, html, tmp_path):
    opened = act(
        """dispatchEvent(new Event("beforeprint"));
        return [...document.querySelectorAll("details.layer")].map((one) => one.open);"""
    )
    assert opened
    assert all(opened)
    style = "details::details-content { content-visibility: visible; }"
    assert style in html  # where no script may run
    html = html.replace("</style>", "details.layer h3 { break-before: page }</style>")
    pages = []
    for text in (html.replace(style, ""), html.replace("beforeprint", "never")):
        pages.append(count_pages(tmp_path, text))
    shut = count_pages(tmp_path, html.replace(style, "").replace("beforeprint", "never"))
    assert min(pages) > shut + 1  # a sheet for each layer in each state, or nearly


def count_pages(tmp_path, html):
    """Print the page to a file and count the sheets."""
    made = tmp_path / "report.pdf"
    run_chromium(tmp_path, html, "--no-pdf-header-footer", f"--print-to-pdf={made}")
    return len(re.findall(rb"/Type\s*/Page\b", made.read_bytes()))


def test_without_its_script_the_page_shows_everything(html, tmp_path, report):
    bare = re.sub(r"<script>.*?</script>", "", html, flags=re.S)
    dom = run_chromium(tmp_path, bare, "--dump-dom")
    for item in report.analyses:
        assert f'id="{item.key}"' in dom
    assert "<button" not in dom
    assert 'type="search"' not in dom  # nothing that would do nothing
