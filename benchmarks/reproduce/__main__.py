"""``python -m benchmarks.reproduce NAME``: a published table or figure beside recomputed values."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from benchmarks.reproduce.experiments import EXPERIMENTS
from featgraph.cli.entry import guard

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run one experiment and print the page it wrote; or list the experiments.

    Parameters
    ----------
    argv : sequence of str or None, default=None
        Arguments after the program's name; None takes those of the process.

    Returns
    -------
    int
        Exit status, as that of ``featgraph``.

    Examples
    --------
    >>> main(["list"])  # doctest: +ELLIPSIS
    figure2          neurons in the plane, untrained and trained (Figure 2)
    ...
    0
    """
    words = list(sys.argv[1:] if argv is None else argv)
    return guard(lambda: _run(words), debug="--debug" in words)


def _run(words: list[str]) -> int:
    options = vars(_build_parser().parse_args(words))
    options.pop("debug", None)
    experiment, quiet = options.pop("experiment"), options.pop("quiet", False)
    if experiment == "list":
        width = max(map(len, EXPERIMENTS))
        for row in EXPERIMENTS.values():
            sys.stdout.write(f"{row.name:<{width}}  {row.summary}\n")
        return 0
    page = EXPERIMENTS[experiment].load()(progress=False if quiet else None, **options)
    if not quiet:
        sys.stdout.write(f"{page.read_text(encoding='utf-8')}\nwritten to {page.parent}\n")
    return 0


def _build_parser() -> argparse.ArgumentParser:
    """Return one subcommand per experiment: shared arguments, then its own."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reproduce", description=__doc__)
    chosen = parser.add_subparsers(dest="experiment", metavar="EXPERIMENT", required=True)
    chosen.add_parser("list", help="list the experiments")
    for row in EXPERIMENTS.values():
        own = chosen.add_parser(
            row.name,
            help=row.summary,
            description=f"{row.summary[0].upper()}{row.summary[1:]}.",
            formatter_class=argparse.ArgumentDefaultsHelpFormatter,
        )
        scales = row.load_scales()
        own.add_argument(
            "--scale",
            choices=list(scales),
            default="small",
            metavar="NAME",
            help="; ".join(f"{name}: {text}" for name, text in scales.items()),
        )
        declare = row.load_arguments()
        if declare is not None:
            declare(own)
        _add_common(own, f"featgraph-{row.name}")
    return parser


def _add_common(parser: argparse.ArgumentParser, folder: str) -> None:
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="seed of all randomness")
    parser.add_argument("-o", "--out", default=folder, metavar="FOLDER", help="where to write")
    parser.add_argument(
        "--force", action="store_true", help="write into a folder that holds other things"
    )
    parser.add_argument("-q", "--quiet", action="store_true", help="no bars, no page, errors only")
    parser.add_argument("--debug", action="store_true", help="show a traceback on errors")


if __name__ == "__main__":
    sys.exit(main())
