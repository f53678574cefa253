"""OpenTimelineIO: what editing programs exchange."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from lpat.formats.media import Media
from lpat.formats.optional_packages import package_for
from lpat.formats.spans import Span, lanes, one_line, spans
from lpat.types import Detections

if TYPE_CHECKING:
    import opentimelineio
    from opentimelineio.opentime import TimeRange


def otio_text(detections: Detections, media: Media) -> str:
    """A time line with a track for each class: clips of the video where they are in it.

    Clips carry the score in their metadata, under `lpat`.

    Raises:
        UsageError: the package opentimelineio isn't installed.
    """
    otio = package_for("otio")
    timeline = otio.schema.Timeline(one_line(media.name))
    for name, lane in lanes(spans(detections, media.rate)).items():
        track = otio.schema.Track(name, kind=otio.schema.TrackKind.Video)
        track.extend(_items(lane, media))
        timeline.tracks.append(track)
    return otio.adapters.write_to_string(timeline, "otio_json", indent=1) + "\n"


def _items(
    lane: Sequence[Span], media: Media
) -> list[opentimelineio.schema.Clip | opentimelineio.schema.Gap]:
    """Clips, and gaps that keep them in their places."""
    otio = package_for("otio")
    items, end = [], 0
    for span in lane:
        if span.start > end:
            items.append(otio.schema.Gap(source_range=_range(0, span.start - end, media.rate)))
        items.append(
            otio.schema.Clip(
                name=span.label,
                media_reference=_reference(media),
                source_range=_range(span.start, span.end - span.start, media.rate),
                metadata={"lpat": {"label": span.label, "score": span.score}},
            )
        )
        end = span.end
    return items


def _reference(media: Media) -> opentimelineio.core.MediaReference:
    otio = package_for("otio")
    if not media.shows_pictures:
        return otio.schema.MissingReference(name=one_line(media.name))
    frames = round(Fraction(media.duration) * media.rate)
    return otio.schema.ExternalReference(media.address, _range(0, frames, media.rate))


def _range(start: int, count: int, rate: Fraction) -> TimeRange:
    otio = package_for("otio")
    times = (otio.opentime.RationalTime(value, float(rate)) for value in (start, count))
    return otio.opentime.TimeRange(*times)
