"""The page: whole, safe and readable without anything else."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from featgraph.report import build_page
from featgraph.report.figures import draw_joint_figures, first_pictures

VOID = {"br", "col", "hr", "img", "input", "meta"}


class Page(HTMLParser):
    """Collects tags, attributes and text, and checks that tags are nested properly."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.text, self.open = [], "", []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.text += data

    def attributes(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture(scope="module")
def pictures(report):
    names = [name for name, _ in draw_joint_figures(report)]
    for item in report.analyses:
        names += [f"{item.key}--{part}" for part in ("theta", "counts", "graph", "sweep")]
    return {name: f"figures/{name}.png" for name in names}


@pytest.fixture(scope="module")
def source(report, pictures):
    inside = {name: f"data:image/png;base64,{name}" for name in first_pictures(report)}
    return build_page(report, pictures, inside=inside)


@pytest.fixture(scope="module")
def page(source):
    return Page(source)


#: What a report writes beside its page.
BESIDE = ("layers.csv", "curves.csv", "report.json", "figures/", "graphs/")


def test_links_within_the_page_lead_somewhere(page):
    targets = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(targets) == len(set(targets))
    inner = [one["href"][1:] for one in page.attributes("a") if one["href"].startswith("#")]
    assert set(inner) <= set(targets)
    assert len(inner) > 6


def test_papers_are_linked_by_doi_and_arxiv_number(page):
    outside = {one["href"] for one in page.attributes("a") if one["href"].startswith("https:")}
    assert "https://doi.org/10.1093/comjnl/20.4.364" in outside  # complete linkage
    assert "https://arxiv.org/abs/2507.17785" in outside
    assert "Strash & Thompson 2022" in page.text  # the covering of hops


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("see doi:10.1016/0304-3975(85)90224-5.", '/10.1016/0304-3975(85)90224-5">doi:'),
        ("doi:10.1000/<b>'x", "doi.org/10.1000/"),
        ("doi:10.48550/arXiv.2507.17785", '/10.48550/arXiv.2507.17785">doi:10.48550/arXiv.2507'),
        ("arXiv:2507.17785, doi:10.1/a", '<a href="https://arxiv.org/abs/2507.17785">arXiv:'),
    ],
)
def test_numbers_of_papers_become_links(text, html):
    from featgraph.report.page import linked

    made = str(linked(text))
    assert html in made
    assert made.count("<a ") == text.count("doi:") + text.count("arXiv:")
    assert "<b>" not in made
    assert Page(f"<p>{made}</p>").text == text


def test_loads_nothing_from_outside(page, source):
    assert {tag for tag, _ in page.tags} & {"link", "iframe", "object", "base"} == set()
    assert page.attributes("script") == [{}]
    for _, attributes in page.tags:
        assert not {name for name in attributes if name.startswith("on")}
        for name in ("src", "href", "action", "srcset"):
            allowed = ("data:", "#", *BESIDE, "https://arxiv.org/abs/", "https://doi.org/10.")
            assert attributes.get(name, "data:").startswith(allowed)
    style = source[source.index("<style>") : source.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style


def test_the_script_finds_what_it_works_on_and_asks_for_nothing_else(page, source):
    script = source[source.index("<script>") : source.index("</script>")]
    for kind, name in re.findall(r'querySelectorAll\("(\w+)\.(\w+)"\)', script):
        found = [one for one in page.attributes(kind) if one.get("class") == name]
        assert found, f"{kind}.{name}"
    for word in ("fetch", "XMLHttp", "import", "eval", "innerHTML", "Storage", "cookie", "http"):
        assert word not in script
    (table,) = re.findall(r'<table class="sortable">.*?</table>', source, re.S)
    head, *rows = table.split("<tr")[2:]  # the last row of titles, which are sorted by
    assert "<tbody>" in head
    assert {row.count("<td") for row in rows} == {head.count("<th ")}


def test_first_pictures_are_inside_the_others_beside_and_all_have_words(page, report, pictures):
    images = page.attributes("img")
    assert all(entry["alt"] and entry["loading"] == "lazy" for entry in images)
    sources = [entry["src"] for entry in images]
    inside = [entry for entry in sources if entry.startswith("data:image/png;base64,")]
    assert [entry.partition(",")[2] for entry in inside] == sorted(
        first_pictures(report), key=lambda name: [f",{name}" in one for one in sources].index(True)
    )
    layers = [name for name in pictures if name not in ("ss_rate", "mds")]
    assert set(sources) - set(inside) == {f"figures/{name}.png" for name in layers}


def test_text_of_others_is_escaped(page, source):
    assert source.count("<script") == 1  # ours
    assert "alert(1)</script>" not in source
    assert "<b>1</b>" not in source
    assert "blocks.<b>1</b>" in page.text
    assert "A title with <script>alert(1)</script>" in page.text
    assert "Accuracy > 90 % & rising." in page.text


def test_a_title_of_many_letters_is_shown_whole_and_breaks(report):
    title = "unbroken" * 63  # 504 letters
    made = build_page(replace(report, title=title), {})
    assert made.count(title) == 2  # of the window, and as headline
    assert re.search(r"^h1 {[^}]*overflow-wrap: anywhere", made, re.M)


def test_says_what_a_reader_asks_for(page, report):
    for words in (
        "Is it fractal?",
        "How far off is the formula?",
        "What does training change?",
        "How far to trust the numbers",
        "Where this comes from",
        report.provenance.versions["torch"],
        "seed = 0",
    ):
        assert words in page.text
    for item in report.analyses:
        assert item.verdict in page.text
    assert "Partial report" not in page.text


def test_fits_phones_and_dark_rooms(page, source):
    assert any(entry.get("name") == "viewport" for entry in page.attributes("meta"))
    assert "prefers-color-scheme: dark" in source
    assert "@media print" in source
    tables = len(page.attributes("table"))
    scrolls = [entry for entry in page.attributes("div") if entry.get("class") == "scroll"]
    assert len(scrolls) >= tables > 0


def test_partial_report_says_so_and_leaves_out_what_is_missing(report):
    partial = replace(report, analyses=report.analyses[:1])
    page = Page(build_page(partial, {}))
    assert "Partial report." in page.text
    assert "1 of 4 layers" in page.text
    assert not page.attributes("img")
    assert "Before and after training" not in page.text


def test_no_heading_stands_alone(report, source):
    parts = re.split(r"<h2[^>]*>.*?</h2>", build_page(replace(report, analyses=()), {}))
    parts += re.split(r"<h2[^>]*>.*?</h2>", build_page(report, {}))
    parts += re.split(r"<h2[^>]*>.*?</h2>", source)
    for part in parts:
        assert len(re.sub(r"<[^>]*>", "", part).split()) > 5


def test_state_names_are_not_adjectives(report):
    def rename(item):
        return replace(item, state="features")

    alone = replace(
        report,
        analyses=tuple(rename(item) for item in report.of_state("trained")),
        planned=tuple(("features", layer) for state, layer in report.planned if state == "trained"),
    )
    text = Page(build_page(alone, {})).text
    assert "features layer" not in text
    assert "features network" not in text
    assert "In 0 of 2 layers (features) it lies" in text or "of 2 layers (features) it" in text


def test_two_dimensions_have_two_names(page):
    assert "dB counts boxes by hops" in page.text.replace("\n", " ")
    assert "dθ, in the picture above, counts boxes by the distances" in " ".join(page.text.split())


def test_reasons_and_floors_are_written_out(page, report):
    text = " ".join(page.text.split())
    for item in report.analyses:
        assert text.count(f"{item.explanation[1:]}.") >= 2  # the table, and the layer
    assert not [entry for _, entry in page.tags if "title" in entry]
    assert "never smaller than 0.500" in text  # 2 / (3 + 1)
    assert "p ≤ 0.50" in text


def test_report_without_any_layer_is_still_a_page(report):
    page = Page(build_page(replace(report, analyses=()), {}))
    assert "0 of 4 layers" in page.text


def test_skipped_layers_are_named_with_their_reason(report):
    from featgraph.report import SkippedLayer

    skipped = SkippedLayer("trained", "dead<i>", "all distances are 0")
    page = Page(build_page(replace(report, skipped=(skipped,)), {}))
    assert "dead<i> (trained): all distances are 0" in page.text


def test_one_state_has_no_before_and_after(report):
    alone = replace(
        report,
        analyses=report.of_state("trained"),
        planned=tuple(entry for entry in report.planned if entry[0] == "trained"),
    )
    text = Page(build_page(alone, {})).text
    assert "How self-similar?" in text
    assert "Before and after training" not in text
    assert not re.search(r"\bnan\b", text)
