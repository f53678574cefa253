"""Detections as the files of other programs: one pure function each, from detections to text."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lpat.detections import detections_document
from lpat.media import Media
from lpat.types import Detections


@dataclass(frozen=True)
class Format:
    """How the detections of one video are written."""

    name: str  # as --format has it
    suffix: str  # of the file's name, with its dot
    text_of: Callable[[Detections, Media], str]
    package: str | None = None  # what must be installed for it


def _json(detections: Detections, media: Media) -> str:
    document = detections_document({media.name: detections})
    return json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


FORMATS: Mapping[str, Format] = {"json": Format("json", ".json", _json)}
"""The formats by name."""
