"""``featgraph reproduce NAME``: a published table or figure, published and recomputed."""

from __future__ import annotations

import argparse
from typing import Any

from featgraph.cli.options import add_output, add_quiet, add_seed, one_of
from featgraph.cli.printing import say
from featgraph.reproduce.experiments import EXPERIMENTS

__all__ = ["add_arguments", "reproduce_result"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare one subcommand per experiment: shared arguments, then its own.

    The modules of experiments are light; they import what computes when they run.
    """
    chosen = parser.add_subparsers(dest="experiment", metavar="EXPERIMENT", required=True)
    chosen.add_parser("list", help="list the experiments")
    for row in EXPERIMENTS.values():
        own = chosen.add_parser(
            row.name,
            help=row.summary,
            description=f"{row.summary[0].upper()}{row.summary[1:]}.",
            formatter_class=parser.formatter_class,
        )
        scales = row.load_scales()
        own.add_argument(
            "--scale",
            type=one_of(scales, "--scale"),
            default="small",
            metavar="NAME",
            help="; ".join(f"{name}: {text}" for name, text in scales.items()),
        )
        declare = row.load_arguments()
        if declare is not None:
            declare(own)
        add_seed(own)
        add_output(own, f"featgraph-{row.name}")
        add_quiet(own)
        own.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )


def reproduce_result(*, experiment: str, quiet: bool = False, **options: Any) -> int:
    """Run one experiment and print the page it wrote; or list the experiments.

    Parameters
    ----------
    experiment : str
        A name in ``EXPERIMENTS``, or "list".
    quiet : bool, default=False
        Print nothing.
    **options
        ``scale``, ``seed``, ``out``, ``force`` and the experiment's own.

    Returns
    -------
    int
        0; every problem is an exception.
    """
    if experiment == "list":
        width = max(map(len, EXPERIMENTS))
        for row in EXPERIMENTS.values():
            say(f"{row.name:<{width}}  {row.summary}")
        return 0
    run = EXPERIMENTS[experiment].load()
    page = run(progress=False if quiet else None, **options)
    say(page.read_text(encoding="utf-8"), quiet=quiet)
    say(f"written to {page.parent}", quiet=quiet)
    return 0
