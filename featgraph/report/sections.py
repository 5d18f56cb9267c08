"""The sections of the page, each a function from the report to HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from featgraph.features.null import NULLS
from featgraph.report.layer_analysis import LayerAnalysis
from featgraph.report.markup import Markup, anchor, element, embed_svg, join
from featgraph.report.report import Report
from featgraph.report.summary import count_of, list_cautions, summarize_report
from featgraph.report.tables import (
    DIMENSION,
    build_estimator_table,
    build_layer_table,
    verdict_chip,
)

__all__ = ["Pictures", "build_sections"]

#: Name of a figure to its SVG.
Pictures = Mapping[str, bytes]


def build_sections(report: Report, pictures: Pictures, layer: str | None) -> Markup:
    """Return the body of the page; ``layer`` is the layer shown as the example."""
    if layer is None:
        return join(_head(report), _skipped(report), _provenance(report))
    return join(
        _head(report),
        _findings(report),
        _approximation(report, pictures, layer),
        _training(report, pictures, layer),
        _fractality(report, pictures, layer),
        _all_layers(report, pictures),
        _skipped(report),
        _trust(report),
        _provenance(report),
    )


def heading(title: str) -> Markup:
    """Return the title of a section, which the contents and other links jump to."""
    return element("h2", title, id=anchor(title))


def build_contents(body: Markup) -> Markup:
    """Return links to the sections of a page, in a line that stays in view."""
    found = re.findall(r'<h2 id="([^"]+)">(.*?)</h2>', body)
    links = [element("a", Markup(title), href=f"#{name}") for name, title in found]
    return element("nav", *links, aria_label="Contents")


def figure(
    pictures: Pictures,
    name: str,
    caption: str,
    *,
    alt: str,
    narrow: bool = False,
    wide: bool = False,
) -> Markup:
    """Return a picture with its caption, or nothing if it was not drawn."""
    if name not in pictures:
        return Markup()
    return element(
        "figure",
        element("div", embed_svg(pictures[name], alt=alt), class_="scroll"),
        element("figcaption", caption) if caption else Markup(),
        class_="narrow" if narrow else "wide" if wide else None,
    )


def _head(report: Report) -> Markup:
    parts = [element("h1", report.title)]
    if report.is_partial:
        done = len(report.analyses) + len(report.skipped)
        parts.append(
            element(
                "p",
                element("strong", "Partial report. "),
                f"The run was stopped after {done} of {report.n_planned} layers; everything below "
                "holds for those. Run the same command again with the same folder and it goes on "
                "from here.",
                class_="banner",
                role="status",
            )
        )
    samples = sorted({item.n_samples for item in report.analyses})
    over = f" over {samples[0]:,} inputs" if len(samples) == 1 else ""
    parts.append(
        element(
            "p",
            f"{count_of(len(report.layers), 'layer')} of {report.source} became networks: the "
            f"neurons of a layer are the nodes, and two of them are close when their activations"
            f"{over} are. How many boxes of each size does such a network need? Here they are "
            "counted, with certified bounds, and held against the formulas that stand in for the "
            "count in Ding et al. (2025), ",
            element("a", "arXiv:2507.17785", href="https://arxiv.org/abs/2507.17785"),
            ".",
            class_="lead",
        )
    )
    parts += [element("p", note) for note in report.notes]
    return join(*parts)


def _findings(report: Report) -> Markup:
    return element(
        "ul",
        *(
            element(
                "li",
                element("p", finding.question, class_="question"),
                element("p", finding.answer, class_="answer"),
                element("p", finding.detail, class_="detail"),
            )
            for finding in summarize_report(report)
        ),
        class_="findings",
    )


def _approximation(report: Report, pictures: Pictures, layer: str) -> Markup:
    item = report.find(layer)
    if item is None:
        return Markup()
    return join(
        heading("True box counts against the formulas"),
        element(
            "p",
            "A box of size θ is a set of neurons that are pairwise at most θ apart. The smallest "
            f"possible number of boxes is proven at {item.comparison.proven:.1%} of the box sizes "
            "and is the black line there; elsewhere it lies in the shaded bracket between a proven "
            "bound and a covering that exists. A curve that leaves the bracket is not that "
            "number, however smooth it is.",
        ),
        figure(
            pictures,
            f"{item.key}--theta",
            f"Layer {layer}, {item.state}. Dashed: formulas. Solid: true coverings. Dotted: lower "
            "bounds. “error” is the mean of |log N − log N of the black line|. A fractal layer "
            "would be a straight line.",
            alt=f"Number of boxes over box size for layer {layer}, formulas and true coverings",
            wide=True,
        ),
        element(
            "p",
            f"Averaged over the layers of the {item.state} network; “off by” is the typical factor "
            "between a count and the smallest number found, “within bounds” the share of box sizes "
            "at which a curve lies in the bracket:",
        ),
        build_estimator_table(report.of_state(item.state)),
    )


def _training(report: Report, pictures: Pictures, layer: str) -> Markup:
    several = len(report.states) > 1
    title = "Before and after training" if several else "Self-similarity of the layers"
    null = next((item.null for item in reversed(report.analyses) if item.null is not None), None)
    band = (
        f" The band is the null model of the {report.states[-1]} layer ({NULLS[null.null]}, "
        f"{null.n_draws} draws): a rate inside it says nothing about the network."
        if null is not None
        else ""
    )
    moves = " Each colour is a group of neurons that are close after training; the same neuron has "
    moves += "the same colour and orientation in both panels." if several else ""
    return join(
        heading(title),
        figure(
            pictures,
            "ss_rate",
            "SS_rate by the released formula: mean distance of log N from a power law; 0 is a "
            f"perfect power law, 1 the largest possible distance.{band}",
            alt="SS_rate of every layer",
            narrow=True,
        ),
        figure(
            pictures,
            "mds",
            f"The neurons of layer {layer} in the plane (classical multidimensional scaling of C): "
            f"neurons that respond alike lie close together.{moves if several else ''} Grey lines "
            "are the links of the network; each panel has its own scale bar.",
            alt=f"Map of the neurons of layer {layer}",
            narrow=True,
        ),
    )


def _fractality(report: Report, pictures: Pictures, layer: str) -> Markup:
    item = report.find(layer)
    if item is None:
        return Markup()
    letter = "r" if item.cover.kind == "radius" else "ℓ"
    return join(
        heading("Is the network of a layer fractal?"),
        element(
            "p",
            "Linking all neurons closer than ε gives a network whose distances are hops. It is "
            "fractal if the number of boxes falls as a power of their size, with the exponent ",
            DIMENSION,
            ". A verdict needs at least five sizes with more than one box and a factor of 8 "
            "between them; the reason for each verdict shows when you point at it, and under "
            "“Every layer”.",
        ),
        build_layer_table(report),
        element(
            "div",
            figure(
                pictures,
                f"{item.key}--counts",
                f"Layer {layer}, {item.state}: boxes over size. {_sentence(item.explanation)}",
                alt=f"Box counts of layer {layer} over the box size in hops",
            ),
            figure(
                pictures,
                f"{item.key}--graph",
                f"The same network with its {item.cover.n_boxes} boxes of size "
                f"{letter} = {item.cover.size:g}: links inside a box have its colour.",
                alt=f"Network of layer {layer} with boxes in colour",
            ),
            class_="pair",
        ),
        figure(
            pictures,
            f"{item.key}--sweep",
            f"The same layer at other thresholds. {_place_in_sweep(item)}",
            alt=f"Network of layer {layer} over the threshold ε",
            wide=True,
        ),
    )


def _place_in_sweep(item: LayerAnalysis) -> str:
    """Say why this ε: where it stands among the thresholds that were tried."""
    epsilon = item.graph.epsilon
    return "" if item.sweep is None or epsilon is None else item.sweep.describe(epsilon)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def _all_layers(report: Report, pictures: Pictures) -> Markup:
    parts: list[Markup] = [heading("Every layer")]
    for layer in report.layers:
        found = [report.find(layer, state) for state in report.states]
        items = [item for item in found if item is not None]
        chips = [chip for item in items for chip in (" ", verdict_chip(item))]
        size = items[-1].graph.n_nodes
        parts.append(
            element(
                "details",
                element(
                    "summary",
                    element("code", layer),
                    element("span", f" {count_of(size, 'neuron')}", class_="soft"),
                    *chips,
                ),
                *(_layer_detail(item, pictures) for item in items),
            )
        )
    return join(*parts)


def _layer_detail(item: LayerAnalysis, pictures: Pictures) -> Markup:
    name = f"{item.layer}, {item.state}"
    graph = item.graph
    silent = f", {item.n_silent} silent" if item.n_silent else ""
    return join(
        element(
            "h3",
            item.state,
            " ",
            element("a", "back to the table", href="#layers", class_="soft"),
            id=item.key,
        ),
        element(
            "p",
            f"{graph.n_nodes} neurons{silent}, {graph.n_edges:,} links at ε = {graph.epsilon:.4g} "
            f"({graph.epsilon_rule}), {count_of(graph.n_components, 'part')}. "
            f"{_sentence(item.explanation)} {_place_in_sweep(item)} The graph as ",
            element("a", "GraphML", href=f"graphs/{item.key}.graphml"),
            " or ",
            element("a", "GEXF", href=f"graphs/{item.key}.gexf"),
            ".",
        ),
        figure(
            pictures, f"{item.key}--theta", "", alt=f"Number of boxes over θ, {name}", wide=True
        ),
        element(
            "div",
            figure(pictures, f"{item.key}--counts", "", alt=f"Box counts over hops, {name}"),
            figure(pictures, f"{item.key}--graph", "", alt=f"Network with boxes, {name}"),
            class_="pair",
        ),
        figure(pictures, f"{item.key}--sweep", "", alt=f"Network over ε, {name}", wide=True),
    )


def _skipped(report: Report) -> Markup:
    if not report.skipped:
        return Markup()
    return join(
        heading("Layers without a result"),
        element(
            "ul",
            *(
                element("li", element("code", item.layer), f" ({item.state}): {item.reason}")
                for item in report.skipped
            ),
        ),
    )


def _trust(report: Report) -> Markup:
    bounds = any(item.counts.lower_bounds is not None for item in report.analyses)
    general = [
        "Every covering is an upper bound of the smallest number of boxes: each box was really "
        "filled. Where the bracket is thin, the count is known; where it is wide, only the bracket "
        "is.",
        "Sizes are inclusive: in a box of size ℓ all nodes are at most ℓ hops apart, measured in "
        "the whole network. Counts are fitted against log(1 + ℓ); another convention gives "
        "another d_B.",
        "The interval of d_B comes from the scatter around the line. Counts at neighbouring sizes "
        "are not independent, so the true uncertainty is larger. Few sizes are few points.",
        "A bare SS_rate means little: random features already give about 0.2, points on a line "
        "0.07. Read it against its null model and against the rate counted with real boxes.",
        "θ is the root mean square difference of two activations over the inputs: the same unit in "
        "which ε is stated. Other inputs, or another ε, give another network; the θ curves need "
        "no ε at all.",
    ]
    if bounds:
        general.insert(1, "Lower bounds are proven (packings: nodes that cannot share a box).")
    return join(
        heading("How far to trust the numbers"),
        element("ul", *(element("li", text) for text in [*list_cautions(report), *general])),
    )


def _provenance(report: Report) -> Markup:
    made = report.provenance
    settings = ", ".join(f"{name} = {_plain(value)}" for name, value in made.settings.items())
    versions = ", ".join(f"{name} {value}" for name, value in made.versions.items())
    entries = [
        ("command", element("code", made.command)),
        ("settings", element("code", settings)),
        ("versions", versions),
        ("machine", made.machine),
        ("started", made.started),
        ("took", f"{made.seconds:.1f} s"),
    ]
    files = [
        ("layers.csv", "one row per layer"),
        ("curves.csv", "every point of every curve"),
        ("report.json", "all numbers and settings"),
        ("figures/", "each picture as PNG and SVG"),
        ("graphs/", "one GraphML and GEXF file per layer, with boxes and positions, for Gephi"),
    ]
    return join(
        heading("Where this comes from"),
        element("dl", *(join(element("dt", name), element("dd", text)) for name, text in entries)),
        element("p", "Beside this page:"),
        element(
            "ul",
            *(
                element("li", element("a", element("code", name), href=name), f": {text}")
                for name, text in files
            ),
        ),
    )


def _plain(value: Any) -> str:
    return "none" if value is None else str(value)
