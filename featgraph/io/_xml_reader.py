"""XML read piece by piece, so that a large graph is never held as a tree."""

from __future__ import annotations

from xml.parsers import expat

from featgraph.io._reader import GraphReader
from featgraph.io._source import Source

__all__ = ["XmlReader"]

_CHUNK = 1 << 18  # bytes between two calls of flush


class XmlReader(GraphReader):
    """Takes the elements of a file one by one, with their names without prefixes."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.owner = ""  # the node or edge that is open

    @property
    def text(self) -> str:
        """What stands between the last start of an element and here."""
        return "".join(self.parts)

    def start(self, tag: str, about: dict[str, str]) -> None:
        """Take the start of an element."""

    def end(self, tag: str) -> None:
        """Take the end of an element."""

    def read(self, source: Source) -> None:
        """Take each element of a file.

        A document type is refused before anything in it is read: entities can fill the memory or
        read other files.
        """
        start, end, parts = self.start, self.end, self.parts

        def refuse(*_: object) -> None:
            raise ValueError(
                "declares a document type (<!DOCTYPE …>), which could define entities, and is "
                "refused; remove that line if you trust the file"
            )

        def open_element(tag: str, about: dict[str, str]) -> None:
            try:
                start(tag.rpartition(":")[2], about)
            except KeyError as error:
                name = error.args[0]
                told = "an id of its own" if name == "id" else f"an attribute {name!r}"
                raise ValueError(f"every <{tag}> needs {told}") from None
            parts.clear()

        def close_element(tag: str) -> None:
            end(tag.rpartition(":")[2])

        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = refuse
        parser.EntityDeclHandler = refuse
        parser.StartElementHandler = open_element
        parser.EndElementHandler = close_element
        parser.CharacterDataHandler = parts.append
        with source.open() as stream:
            while chunk := stream.read(_CHUNK):
                parser.Parse(chunk, False)
                self.flush()
        parser.Parse(b"", True)
