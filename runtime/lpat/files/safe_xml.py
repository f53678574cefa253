"""XML of others, read without what a document may ask of its reader.

A document type is refused whatever it declares: entities that grow or lead to other files begin
with one, and none of the formats that are read here has it.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers.expat import ExpatError, ParserCreate

from lpat.errors import AnnotationError
from lpat.files.atomic import read_whole

_MOST_BYTES = 1 << 27
_DEEPEST = 64


def read_xml(path: Path) -> Element:
    """The root element of an XML file.

    Raises:
        AnnotationError: unreadable, not XML, too large, nested too deeply, or with a document type.
    """
    content = read_whole(path, AnnotationError, _MOST_BYTES + 1)
    if len(content) > _MOST_BYTES:
        raise AnnotationError(f"{path}: expected at most {_MOST_BYTES} bytes")
    builder, parser, depth = TreeBuilder(), ParserCreate(), 0

    def refuse(*_: object) -> None:
        raise AnnotationError(f"{path}: expected XML without a document type (<!DOCTYPE>)")

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > _DEEPEST:
            raise AnnotationError(f"{path}: expected XML, but it is nested too deeply")
        builder.start(name, attributes)

    def end(name: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(name)

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    try:
        parser.Parse(content, True)
    except (ExpatError, ValueError, LookupError) as error:
        if isinstance(error, AnnotationError):
            raise
        raise AnnotationError(f"{path}: expected XML, but {error}") from error
    return builder.close()
