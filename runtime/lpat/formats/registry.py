"""The formats of detections by name: one pure function each, from detections to text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lpat.errors import UsageError
from lpat.files.json_files import json_text
from lpat.formats.chapters import chapters_text
from lpat.formats.detections import detections_document
from lpat.formats.edit_list import edl_text
from lpat.formats.elan import eaf_text
from lpat.formats.label_studio import label_studio_text
from lpat.formats.media import Media
from lpat.formats.open_timeline import otio_text
from lpat.formats.optional_packages import PACKAGES, package_for
from lpat.formats.subtitles import srt_text, vtt_text
from lpat.formats.tables import csv_text
from lpat.types import Detections


@dataclass(frozen=True)
class Format:
    """How the detections of one video are written."""

    name: str  # as --format has it
    suffix: str  # of the file's name, with its dot
    text_of: Callable[[Detections, Media], str]  # UTF-8 can encode it; equal input, equal text
    readers: str  # what it is for
    package: str | None = None  # what must be installed for it


def _json(detections: Detections, media: Media) -> str:
    return json_text(detections_document({media.name: detections}, {"start": media.start}))


_ALL = (
    Format("json", ".json", _json, "lpat-eval, lpat-view"),
    Format("csv", ".csv", csv_text, "Spreadsheets"),
    Format("srt", ".srt", srt_text, "Subtitles (SubRip)"),
    Format("vtt", ".vtt", vtt_text, "Subtitles (WebVTT)"),
    Format("chapters", ".ffmetadata", chapters_text, "Chapters (FFmpeg)"),
    Format("edl", ".edl", edl_text, "Edit decision list (CMX 3600)"),
    Format("otio", ".otio", otio_text, "OpenTimelineIO", PACKAGES["otio"][0]),
    Format("eaf", ".eaf", eaf_text, "ELAN", PACKAGES["eaf"][0]),
    Format("labelstudio", ".labelstudio.json", label_studio_text, "Label Studio"),
)

FORMATS: Mapping[str, Format] = {form.name: form for form in _ALL}
"""The formats by name."""


def check_formats(names: Iterable[str], beside: Iterable[str] = ()) -> tuple[Format, ...]:
    """The formats of these names, each once, with all that they need, before hours of work start.

    Names `beside` are passed over: of formats that are made elsewhere, of more than detections.

    Raises:
        UsageError: a name isn't known, or a package isn't installed.
    """
    others = list(beside)
    chosen = [name for name in dict.fromkeys(names) if name not in others]
    for name in chosen:
        if name not in FORMATS:
            known = ", ".join([*FORMATS, *others])
            raise UsageError(f"expected a format of {known}, not {name!r}")
        if FORMATS[name].package is not None:
            package_for(name)
    return tuple(FORMATS[name] for name in chosen)


def format_for(path: Path) -> Format:
    """The format that a file's name asks for; JSON where it asks for none."""
    fitting = [form for form in _ALL if path.name.lower().endswith(form.suffix)]
    return max(fitting, key=lambda form: len(form.suffix), default=FORMATS["json"])
