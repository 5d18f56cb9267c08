"""Ways in which a file is damaged."""

from __future__ import annotations

import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

#: What stands for a number that was blown up, or for something that is none.
WILD = (b"1e999", b"-5", b"2.5", b"1000000000000", b"9" * 25, b"null", b'"x"', b"[]", b"NaN", b"{}")


def flip_bits(data: bytearray, draw: random.Random) -> bytes:
    for _ in range(draw.randint(1, 4)):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return bytes(data)


def cut(data: bytearray, draw: random.Random) -> bytes:
    return bytes(data[: draw.randrange(len(data))])


def insert(data: bytearray, draw: random.Random) -> bytes:
    place = draw.randrange(len(data))
    return bytes(data[:place] + draw.randbytes(draw.randint(1, 9)) + data[place:])


def copy_block(data: bytearray, draw: random.Random) -> bytes:
    start, place = draw.randrange(len(data)), draw.randrange(len(data))
    return bytes(data[:place] + data[start : start + draw.randint(1, 80)] + data[place:])


def blow_up(data: bytearray, draw: random.Random) -> bytes:
    """Replace a number of a text or a header: counts, sizes, shapes."""
    found = list(re.finditer(rb"-?\d+(\.\d+)?(e-?\d+)?|null|true", bytes(data)))
    if not found:
        return flip_bits(data, draw)
    one = draw.choice(found)
    return bytes(data[: one.start()] + draw.choice(WILD) + data[one.end() :])


MUTATIONS: tuple[Callable[[bytearray, random.Random], bytes], ...] = (
    flip_bits, cut, insert, copy_block, blow_up, blow_up,
)  # fmt: skip


def mutate(path: Path, draw: random.Random) -> None:
    """Damage a file; of an archive the file itself, or one member packed again soundly."""
    change = draw.choice(MUTATIONS)
    if path.suffix in (".npz", ".pt", ".zip") and draw.random() < 0.7:
        with zipfile.ZipFile(path) as archive:
            members = {name: archive.read(name) for name in archive.namelist()}
        victim = draw.choice(sorted(members))
        members[victim] = change(bytearray(members[victim] or b"?"), draw)
        if draw.random() < 0.1:
            del members[victim]
        with zipfile.ZipFile(path, "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
    else:
        path.write_bytes(change(bytearray(path.read_bytes()), draw))
