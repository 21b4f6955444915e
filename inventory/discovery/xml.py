"""Reads XML that strangers sent: no document types, no entities, bounded in bytes, depth and elements. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

MOST_BYTES = 256 * 1024
_MOST_ELEMENTS = 5_000
_DEEPEST = 40


class BadXml(Exception):
    """It is no XML that we read."""


@dataclass
class Element:
    """An element: its name without the namespace, its text without blanks around, its children."""

    name: str
    text: str = ""
    attributes: dict[str, str] = field(default_factory=dict)
    children: list[Element] = field(default_factory=list)

    def find_all(self, name: str) -> Iterator[Element]:
        """Give every element of this name below, in order."""
        for child in self.children:
            if child.name == name:
                yield child
            yield from child.find_all(name)

    def find_text(self, *names: str) -> str:
        """Give the text at the end of a chain of names, each somewhere below the one before; empty where none is."""
        found: Element | None = self
        for name in names:
            found = next(found.find_all(name), None) if found else None
        return found.text if found else ""


def parse_xml(data: bytes) -> Element:
    """Give the tree; BadXml for what is broken, too large, oddly encoded, or declares a document type."""
    if len(data) > MOST_BYTES:
        raise BadXml("it is too long")
    builder = _Builder()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.add_text
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        # The latter two for an encoding of several bytes a letter, and for one that nobody knows.
        raise BadXml(str(error)) from error
    if not builder.root.children:
        raise BadXml("it is empty")
    return builder.root.children[0]


class _Builder:
    def __init__(self) -> None:
        self.root = Element("")
        self._open = [self.root]
        self._count = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > _MOST_ELEMENTS or len(self._open) > _DEEPEST:
            raise BadXml("it is too large")
        element = Element(
            name.rpartition(" ")[2], attributes={key.rpartition(" ")[2]: attributes[key] for key in attributes}
        )
        self._open[-1].children.append(element)
        self._open.append(element)

    def end(self, _name: str) -> None:
        element = self._open.pop()
        element.text = element.text.strip()

    def add_text(self, text: str) -> None:
        self._open[-1].text += text


def _refuse(*_told: object) -> None:
    raise BadXml("it declares a document type")
