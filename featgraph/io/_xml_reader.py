"""XML read piece by piece, so that a large graph is never held as a tree."""

from __future__ import annotations

from xml.parsers import expat

from featgraph.io._reader import GraphReader
from featgraph.io._source import Source

__all__ = ["XmlReader", "local_name"]


class XmlReader(GraphReader):
    """Takes the elements of a file one by one; prefixes of names are of no account."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []  # text since the last element began
        self.owner = ""  # the node or edge that is open

    def start(self, tag: str, about: dict[str, str]) -> None:
        """Take the start of an element."""

    def end(self, tag: str) -> None:
        """Take the end of an element."""

    def open(self, tag: str, about: dict[str, str]) -> None:
        """Take a node or an edge, to which everything belongs until it ends."""
        self.owner = tag
        try:
            if tag == "node":
                self.add_node(about["id"])
            else:
                self.add_edge(about["source"], about["target"])
        except KeyError as error:
            name = error.args[0]
            told = "an id of its own" if name == "id" else f"an attribute {name!r}"
            raise ValueError(f"every <{tag}> needs {told}") from None

    def read(self, source: Source) -> None:
        """Take each element of a file.

        A document type is refused before anything in it is read: entities can fill the memory or
        read other files.
        """

        def refuse(*_: object) -> None:
            raise ValueError(
                "declares a document type (<!DOCTYPE …>), which could define entities, and is "
                "refused; remove that line if you trust the file"
            )

        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = refuse
        parser.EntityDeclHandler = refuse
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.parts.append
        with source.open() as stream:
            parser.ParseFile(stream)


def local_name(tag: str) -> str:
    """Return the name of an element without its prefix.

    Examples
    --------
    >>> local_name("viz:size")
    'size'
    """
    return tag.rpartition(":")[2]
