"""VIA 3's projects (JSON) and its export of them as a table: temporal segments of videos.

Each attribute's value is a label: the option's text where the attribute has options. Still frames
and regions of pictures are passed over.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any

from lpat.annotations.checks import LabelledTimes, VideoRecord
from lpat.annotations.identity import appearance, label_of
from lpat.annotations.media_names import video_name
from lpat.errors import AnnotationError
from lpat.files.json_files import expect, expect_times, json_value

HEADER = "# CSV_HEADER = metadata_id,file_list,flags,temporal_coordinates,"
"""How the line begins that tells such a table from others."""

_CHECKBOX = 2
_UNSET = ("", "_DEFAULT")


class _Videos:
    """Segments by video, as they are met."""

    def __init__(self, attributes: Mapping[str, Any]) -> None:
        self._attributes = attributes
        self._rows: dict[str, list[LabelledTimes]] = {}
        self._passed: dict[str, list[str]] = {}
        self._references: dict[str, str] = {}

    def meet(self, reference: str, place: str) -> str:
        """Note a video, be it that nothing is said of it; its name."""
        video = video_name(reference, place)
        if (other := self._references.setdefault(video, reference)) != reference:
            raise AnnotationError(f"{place}: {reference} is called {video!r}, as {other} is too")
        self._rows.setdefault(video, [])
        self._passed.setdefault(video, [])
        return video

    def add(self, video: str, times: Any, values: Any, place: str) -> None:
        """Note the labels of a segment of a video that was met, or that it is none."""
        expect(times, list, f"{place}, times")
        if len(times) != 2:
            what = "a still frame" if len(times) == 1 else "a region"
            self._passed[video].append(f"{what} at {times!r:.80}")
            return
        start, end = expect_times(times, place)
        labels = [
            label
            for key, value in expect(values, dict, f"{place}, values").items()
            for label in self._labels(str(key), value, place)
        ]
        if not labels:
            self._passed[video].append(f"a segment without a label: [{start}, {end}]")
        self._rows[video] += [(label, start, end) for label in labels]

    def _labels(self, key: str, value: Any, place: str) -> list[str]:
        attribute = self._attributes.get(key, {})
        attribute = attribute if isinstance(attribute, dict) else {}
        options = attribute.get("options")
        text = expect(value, str, f"{place}, attribute {key!r}")
        words = text.split(",") if attribute.get("type") == _CHECKBOX else [text]
        if isinstance(options, dict):
            words = [str(options.get(word, word)) for word in words]
        labels = map(label_of, words)
        return [label for label in labels if label not in _UNSET and appearance(label)]

    def records(self) -> list[VideoRecord]:
        """A record for each video; of one without segments nothing is said."""
        return [
            VideoRecord(name, None, None, None, tuple(rows), passed_over=tuple(self._passed[name]))
            for name, rows in self._rows.items()
        ]


def is_via_project(document: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a project of VIA 3."""
    return {"metadata", "attribute", "view", "file"} <= document.keys()


def read_via_project(document: Mapping[str, Any], place: str) -> list[VideoRecord]:
    """A record for each video of a project; `place` is the file.

    Raises:
        AnnotationError: another structure.
    """
    parts = {
        key: expect(document[key], dict, f"{place}: {key}")
        for key in ("metadata", "attribute", "view", "file")
    }
    videos, names = _Videos(parts["attribute"]), {}
    for view, entry in parts["view"].items():
        here = f"{place}: view {view!r}"
        files = expect(expect(entry, dict, here).get("fid_list"), list, f"{here}, fid_list")
        if not files or str(files[0]) not in parts["file"]:
            raise AnnotationError(f"{here}: expected a file of the project, not {files!r:.80}")
        file = expect(parts["file"][str(files[0])], dict, f"{here}, file")
        reference = expect(file.get("fname") or file.get("src"), str, f"{here}, fname")
        names[view] = videos.meet(reference, here)
    for identity, entry in parts["metadata"].items():
        here = f"{place}: metadata {identity!r}"
        view = str(expect(entry, dict, here).get("vid"))
        if view not in names:
            raise AnnotationError(f"{here}: expected a view of the project, not {view!r:.80}")
        videos.add(names[view], entry.get("z"), entry.get("av"), here)
    return videos.records()


def read_via_table(text: str, place: str) -> list[VideoRecord]:
    """A record for each video of an exported table; `place` is the file.

    Raises:
        AnnotationError: another structure; the message names the line.
    """
    attributes: Mapping[str, Any] = {}
    lines = text.replace("\r\n", "\n").split("\n")
    for line in lines:
        if line.startswith(("# ATTRIBUTE =", "# ATTRIBUTES =")):
            attributes = _json(line.partition("=")[2], dict, f"{place}: ATTRIBUTE")
    videos = _Videos(attributes)
    for number, line in enumerate(lines, start=1):
        if line.startswith("#") or not line.strip():
            continue
        here = f"{place}: line {number}"
        try:
            cells = next(csv.reader([line]))
        except csv.Error as error:
            raise AnnotationError(f"{here}: {error}") from error
        if len(cells) < 6:
            raise AnnotationError(f"{here}: expected 6 columns of VIA, not {len(cells)}")
        files = _json(cells[1], list, f"{here}, file_list")
        if not files:
            raise AnnotationError(f"{here}: expected a video, but there is none")
        name = videos.meet(expect(files[0], str, here), here)
        videos.add(
            name, _json(cells[3], list, here), _json(cells[5], dict, f"{here}, metadata"), here
        )
    return videos.records()


def _json(text: str, kind: type, place: str) -> Any:
    try:
        return expect(json_value(text), kind, place)
    except (ValueError, RecursionError) as error:
        if isinstance(error, AnnotationError):
            raise
        raise AnnotationError(f"{place}: expected JSON, not {text!r:.80}") from error
