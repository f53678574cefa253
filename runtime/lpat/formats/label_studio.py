"""Label Studio: a task with predictions for each video, to be corrected there."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

from lpat.files.json_files import json_text
from lpat.formats.media import Media
from lpat.formats.spans import Span, one_line, spans
from lpat.types import Detections

LOCAL_FILES = "/data/local-files/?d="
"""Where Label Studio serves files of its own machine; what follows is below its document root."""


def label_studio_text(detections: Detections, media: Media) -> str:
    """A list of one task, as Label Studio imports it, for a project with `labelling_config`."""
    return json_text([task(detections, media)])


def task(detections: Detections, media: Media) -> dict[str, Any]:
    """The JSON value of a video's task; the lists of several may be joined.

    Frames are counted from 1, which is the file's start as a browser plays it, and a range's last
    is the last that belongs to it.
    """
    found = spans(detections, media.rate, media.offset)
    data: dict[str, Any] = {
        "video": _served(media),
        "name": one_line(media.name),
        "frame_rate": round(float(media.rate), 6),
    }
    if media.offset:
        data["first_picture"] = round(media.offset, 6)  # seconds, to be taken off again
    return {
        "data": data,
        "predictions": [
            {
                "model_version": "lpat",
                "score": max((span.score for span in found), default=0.0),
                "result": [_region(str(number), span) for number, span in enumerate(found, 1)],
            }
        ],
    }


def labelling_config(classes: Iterable[str]) -> str:
    """The labelling configuration (XML) of a project that shows such tasks."""
    from xml.sax.saxutils import quoteattr  # loads what speaks HTTP

    labels = "".join(f"    <Label value={quoteattr(one_line(label))}/>\n" for label in classes)
    return (
        "<View>\n"
        '  <TimelineLabels name="label" toName="video">\n'
        f"{labels}"
        "  </TimelineLabels>\n"
        '  <Video name="video" value="$video" frameRate="$frame_rate"/>\n'
        "</View>\n"
    )


def _region(identity: str, span: Span) -> dict[str, Any]:
    return {
        "id": identity,
        "from_name": "label",
        "to_name": "video",
        "type": "timelinelabels",
        "value": {
            "ranges": [{"start": span.start + 1, "end": span.end}],
            "timelinelabels": [span.label],
        },
        "score": span.score,
    }


def _served(media: Media) -> str:
    if isinstance(media.path, Path):
        return LOCAL_FILES + quote(os.fsencode(media.path).lstrip(b"/"))
    return media.address
