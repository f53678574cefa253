"""ELAN's annotation files (EAF), as linguists and ethologists use them."""

from __future__ import annotations

from pathlib import Path

from lpat.annotations.elan import FIRST_PICTURE
from lpat.formats.media import Media
from lpat.formats.optional_packages import package_for
from lpat.formats.spans import MILLISECONDS, lanes, spans, writable
from lpat.types import Detections

VERSION = "3.0"
SCHEMA = f"http://www.mpi.nl/tools/elan/EAFv{VERSION}.xsd"

NO_DATE = "1970-01-01T00:00:00+00:00"
"""The format asks for a date, but equal detections are to make equal files."""

_MIME_TYPES = {
    ".mp4": "video/mp4",
    ".m4v": "video/mp4",
    ".mov": "video/quicktime",
    ".mpg": "video/mpeg",
    ".mpeg": "video/mpeg",
}
_ANY_VIDEO = "video/*"  # what ELAN writes itself for all others


def eaf_text(detections: Detections, media: Media) -> str:
    """A tier for each class, whose annotations hold the scores.

    The video is linked where it is, and, should that be gone, beside the file itself.

    Raises:
        UsageError: the package pympi-ling isn't installed.
    """
    eaf = package_for("eaf").Eaf(author="lpat")
    eaf.remove_tier("default")
    eaf.properties.clear()
    eaf.header.update({"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    eaf.adocument |= {
        "DATE": NO_DATE,
        "VERSION": VERSION,
        "FORMAT": VERSION,
        "xsi:noNamespaceSchemaLocation": SCHEMA,
    }
    if media.offset:
        eaf.properties.append((FIRST_PICTURE, str(round(media.offset, 6))))
    if media.shows_pictures:
        kind = _MIME_TYPES.get(media.path.suffix.lower(), _ANY_VIDEO)
        eaf.add_linked_file(_link(media), f"./{writable(media.path.name)}", kind)
    rows = lanes(spans(detections, MILLISECONDS, media.offset))
    for name in rows:
        eaf.add_tier(name)
    # Time slots must be in order of time over all tiers, and each belongs to one annotation.
    ends = sorted(
        (time, start_or_end, number, name)
        for name, lane in rows.items()
        for number, span in enumerate(lane)
        for start_or_end, time in enumerate((span.start, span.end))
    )
    slots = {(name, number, side): eaf.generate_ts_id(time) for time, side, number, name in ends}
    for name, lane in rows.items():
        for number, span in enumerate(lane):
            identity = eaf.generate_annotation_id()
            eaf.annotations[identity] = name
            eaf.tiers[name][0][identity] = (
                slots[name, number, 0],
                slots[name, number, 1],
                str(span.score),
                None,
            )
    text = package_for("eaf").Elan.to_string(eaf)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _link(media: Media) -> str:
    """The video's URL as ELAN has it: nothing in a path is escaped."""
    if isinstance(media.path, Path):
        return f"file:///{writable(media.path.as_posix()).lstrip('/')}"
    return media.address
