"""`videos/NAME.json`: an input's detections, and what says whether they are up to date.

It is written after everything else of its input. So what it lists is there, and a process that
dies before has done nothing that counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lpat.errors import AnnotationError
from lpat.files.json_files import read_json, write_json
from lpat.formats.detections import detections_from_document
from lpat.types import Detections

Settings = Mapping[str, Any]


@dataclass(frozen=True)
class Entry:
    """What the file says of its input beside the detections."""

    key: str  # digest of the input as it was, of the model and of this program
    duration: float
    outputs: Mapping[str, Settings]  # what else was written, and with which settings
    decode_failures: int = 0
    broken_off: str | None = None

    @property
    def shortfalls(self) -> tuple[str, ...]:
        """What is missing of the input, each in a phrase."""
        return shortfalls(self.decode_failures, self.broken_off)

    def document(self) -> dict[str, Any]:
        """Its JSON value, in a fixed order."""
        return {
            "key": self.key,
            "duration": self.duration,
            "decode_failures": self.decode_failures,
            "broken_off": self.broken_off,
            "outputs": {name: dict(self.outputs[name]) for name in sorted(self.outputs)},
        }


def shortfalls(decode_failures: int, broken_off: str | None) -> tuple[str, ...]:
    """What is missing of an input, each in a phrase."""
    phrases = []
    if decode_failures:
        phrases.append(f"{decode_failures} parts could not be decoded")
    if broken_off:
        phrases.append(broken_off)
    return tuple(phrases)


@dataclass(frozen=True, eq=False)
class Stored:
    """An input's file as it was read back."""

    entry: Entry
    detections: Detections


def write_entry(path: Path, document: Mapping[str, Any], entry: Entry) -> None:
    """Write a detections document with the entry in its `external_data`."""
    external = {**document["external_data"], **entry.document()}
    write_json(path, {**document, "external_data": external})


def read_stored(path: Path) -> Stored | None:
    """What an input's file holds; None where there is none, or one that isn't a batch's."""
    try:
        document = read_json(path)
        detections = detections_from_document(document, str(path))
        external = document["external_data"]
        entry = Entry(
            str(external["key"]),
            float(external["duration"]),
            {str(name): dict(settings) for name, settings in external["outputs"].items()},
            int(external["decode_failures"]),
            external["broken_off"],
        )
        return Stored(entry, next(iter(detections.values())))
    except (AnnotationError, AttributeError, KeyError, StopIteration, TypeError, ValueError):
        return None
