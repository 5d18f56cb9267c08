"""Arguments are checked at the face, and so are objects, however they were made."""

from __future__ import annotations

import subprocess
import sys

NEVER_NAMED = """
import featgraph as fg
counts = fg.box_counts(fg.datasets.make_path(40), rng=0, progress=False)
try:
    fg.fit_dimension(counts).predict("x")
except ValueError as error:
    print(error)
"""


def test_objects_of_classes_that_nobody_named_are_checked():
    said = subprocess.run([sys.executable, "-c", NEVER_NAMED], capture_output=True, text=True)
    assert said.stdout == "sizes must be an array of real numbers, got 'x'\n", said.stderr
