"""What the networks read: sentences, sounds and crystals, the same in every run."""

from __future__ import annotations

import ast
import itertools
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from pymatgen.core import Structure

__all__ = ["SAMPLE_RATE", "build_crystals", "synthesize_vowel", "write_sentences"]

#: Samples of sound in a second, as both audio networks expect.
SAMPLE_RATE = 16_000


def write_sentences(path: Path, n_sentences: int) -> None:
    """Write first paragraphs of docstrings of the standard library, evenly spread, shuffled."""
    seen: dict[str, None] = {}
    for source in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        for node in ast.walk(ast.parse(source.read_text("utf-8", errors="ignore"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and (
                text := ast.get_docstring(node)
            ):
                line = " ".join(text.split("\n\n")[0].split())
                if 30 < len(line) < 200:
                    seen[line] = None
    lines = list(seen)
    lines = lines[:: len(lines) // n_sentences][:n_sentences]
    order = np.random.default_rng(0).permutation(len(lines))
    path.write_text("\n".join(lines[k] for k in order) + "\n", encoding="utf-8")


def synthesize_vowel(n_samples: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return a sung vowel: harmonics of a gliding pitch, three formants, a little noise.

    The pitch is drawn from 60 to 1000 Hz, the formants from the ranges of spoken vowels.
    """
    seconds = np.arange(n_samples) / SAMPLE_RATE
    pitch = np.exp(rng.uniform(np.log(60), np.log(1000)))
    glide = pitch * np.exp(rng.normal(0, 0.1) * seconds)
    phase = 2 * np.pi * np.cumsum(glide) / SAMPLE_RATE
    formants = rng.uniform([250, 700, 2200], [850, 2200, 3200])
    harmonics = np.arange(1, int(7000 / pitch) + 1)
    distance = (harmonics[:, None] * pitch - formants) / [60, 90, 150]
    loudness = (1 / (1 + distance**2)).sum(axis=1) / harmonics**0.5
    shifts = rng.uniform(0, 2 * np.pi, len(harmonics))
    sound = (loudness[:, None] * np.sin(harmonics[:, None] * phase + shifts[:, None])).sum(axis=0)
    sound = sound / np.abs(sound).max() + 0.01 * rng.normal(size=n_samples)
    return sound.astype(np.float32)


def build_crystals(rng: np.random.Generator) -> list[Structure]:
    """Return crystals of four cubic prototypes and 72 pairs of elements, strained and shaken."""
    from pymatgen.core import Lattice, Structure

    half, quarter = (0.5, 0.5, 0.5), (0.25, 0.25, 0.25)
    # space group, edge of the cubic cell over the sum of the radii, place of the anion
    prototypes = {
        "rock salt": (225, 2.0, half),
        "caesium chloride": (221, 1.155, half),
        "zinc blende": (216, 2.31, quarter),
        "fluorite": (225, 2.31, quarter),
    }
    # ionic radii in Å
    cations = {"Li": 0.9, "Na": 1.16, "K": 1.52, "Mg": 0.86, "Ca": 1.14, "Sr": 1.32, "Ba": 1.49,
               "Zn": 0.88, "Mn": 0.97, "Fe": 0.92, "Ni": 0.83, "Cd": 1.09}  # fmt: skip
    anions = {"F": 1.19, "Cl": 1.67, "O": 1.26, "S": 1.70, "Se": 1.84, "N": 1.32}
    rows = itertools.cycle(prototypes.values())
    crystals = []
    for (cation, r), (anion, s) in itertools.product(cations.items(), anions.items()):
        group, ratio, place = next(rows)
        cell = Lattice.cubic(ratio * (r + s) * rng.uniform(0.95, 1.08))
        crystal = Structure.from_spacegroup(group, cell, [cation, anion], [(0, 0, 0), place])
        crystal = crystal.get_primitive_structure() * (2, 2, 1)
        shaken = crystal.frac_coords + rng.normal(0, 0.01, crystal.frac_coords.shape)
        crystals.append(Structure(crystal.lattice, crystal.species, shaken))
    return crystals
