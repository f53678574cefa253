"""Label Studio's exports, JSON and JSON-MIN, of projects that mark times.

Regions of a video's timeline are in frames, counted from 1 to the last that belongs to them, at the
`frame_rate` that the task's data says, as those of lpat do. Regions of audio and of time series
are in seconds. Of a task with several annotations, the latest of those that weren't skipped counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lpat.annotations.checks import LabelledTimes, VideoRecord
from lpat.annotations.identity import appearance, canonical, label_of
from lpat.annotations.media_names import video_name
from lpat.errors import AnnotationError
from lpat.files.json_files import expect, expect_times

_RATES = ("frame_rate", "frameRate", "framerate", "fps")
_IN_SECONDS = ("timeserieslabels", "labels")
_UPLOADED = re.compile(r"[0-9a-f]{8}-(?P<name>.+)")
_MEDIA = re.compile(r"(?:/data/|[a-z]+://|\S+\.[A-Za-z0-9]{2,5}$).*", re.DOTALL)


@dataclass(frozen=True)
class _Judged:
    """What one person said of a task at a time."""

    updated: str
    is_truth: bool
    regions: list[tuple[str, Any]]  # type and value


def read_label_studio(tasks: list[Any], place: str) -> list[VideoRecord]:
    """A record for each video of an export; of one that nobody has annotated, nothing is said.

    Raises:
        AnnotationError: another structure, or frames without a frame rate; `place` is the file.
    """
    records: dict[str, VideoRecord] = {}
    flat: dict[str, list[_Judged]] = {}
    data_of: dict[str, tuple[str, Mapping[str, Any]]] = {}
    for number, task in enumerate(tasks):
        here = f"{place}: task {number}"
        expect(task, dict, here)
        is_whole = "data" in task
        data = expect(task["data"], dict, f"{here}, data") if is_whole else task
        name = _name_of(data, task, here)
        if is_whole and name in data_of:
            raise AnnotationError(f"{here}: video {name!r} is of another task too")
        data_of.setdefault(name, (here, data))
        flat.setdefault(name, []).extend(_whole(task, here) if is_whole else [_flat(task)])
    for name, judged in flat.items():
        here, data = data_of[name]
        records[name] = _record(name, judged, data, here)
    return list(records.values())


def _whole(task: Mapping[str, Any], place: str) -> Iterator[_Judged]:
    annotations = task.get("annotations", task.get("completions")) or []
    for annotation in expect(annotations, list, f"{place}, annotations"):
        here = f"{place}, annotation {expect(annotation, dict, place).get('id')}"
        if annotation.get("was_cancelled"):
            continue
        regions = []
        for region in expect(annotation.get("result", []), list, here):
            expect(region, dict, here)
            regions.append((str(region.get("type")), region.get("value")))
        updated = str(annotation.get("updated_at") or annotation.get("created_at") or "")
        yield _Judged(updated, bool(annotation.get("ground_truth")), regions)


def _flat(task: Mapping[str, Any]) -> _Judged:
    """A task of JSON-MIN: regions are lists of values by the names of their tags."""
    regions: list[tuple[str, Any]] = []
    for entry in task.values():
        if isinstance(entry, list):
            regions += [(_kind_of(value), value) for value in entry if isinstance(value, dict)]
    return _Judged(str(task.get("updated_at") or ""), False, regions)


def _kind_of(value: Mapping[str, Any]) -> str:
    known = ("timelinelabels", *_IN_SECONDS)
    if "sequence" in value:
        return "videorectangle"
    return next((kind for kind in known if kind in value), "/".join(map(str, value))[:80])


def _record(
    name: str, judged: Sequence[_Judged], data: Mapping[str, Any], place: str
) -> VideoRecord:
    if not judged:
        return VideoRecord(name, None, None, None, ())
    chosen = max(judged, key=lambda its: (its.is_truth, its.updated))
    passed = [f"{len(judged) - 1} earlier annotations"] if len(judged) > 1 else []
    rows: list[LabelledTimes] = []
    others = 0
    for kind, value in chosen.regions:
        here = f"{place}, region of type {kind!r}"
        if kind == "timelinelabels":
            found = _rows_of_frames(expect(value, dict, here), data, here)
        elif kind in _IN_SECONDS and isinstance(value, dict) and {"start", "end"} <= value.keys():
            found = _rows_of_seconds(value, kind, here)
        else:
            passed.append(f"a region of type {kind}")
            others += 1
            continue
        if not found:
            passed.append(f"a region of type {kind} without a label")
            others += 1
        rows += found
    return VideoRecord(
        name=name,
        subset=None,
        duration=None,
        listed=None if rows or others else (),
        rows=tuple(rows),
        passed_over=tuple(passed),
    )


def _rows_of_frames(
    value: Mapping[str, Any], data: Mapping[str, Any], place: str
) -> list[LabelledTimes]:
    rate = next((data[key] for key in _RATES if key in data), None)
    try:
        per_second = float(rate)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError, OverflowError):
        per_second = 0.0
    if not 0 < per_second < 1e6:
        raise AnnotationError(
            f"{place}: expected a frame_rate in the task's data, as frames need, not {rate!r:.80}"
        )
    begins = data.get("first_picture", 0)  # where lpat wrote the task, from the file's start
    if isinstance(begins, bool) or not isinstance(begins, int | float) or not abs(begins) < 1e9:
        raise AnnotationError(f"{place}: expected first_picture in seconds, not {begins!r:.80}")
    rows = []
    for span in expect(value.get("ranges"), list, f"{place}, ranges"):
        expect(span, dict, f"{place}, ranges")
        first, last = expect_times([span.get("start"), span.get("end")], f"{place}, ranges")
        rows += [
            (label, (first - 1) / per_second - begins, last / per_second - begins)
            for label in _labels(value.get("timelinelabels"), place)
        ]
    return rows


def _rows_of_seconds(value: Mapping[str, Any], kind: str, place: str) -> list[LabelledTimes]:
    start, end = expect_times([value["start"], value["end"]], place)
    return [(label, start, end) for label in _labels(value.get(kind), place)]


def _labels(value: Any, place: str) -> list[str]:
    labels = [label_of(expect(label, str, place)) for label in expect(value or [], list, place)]
    return [label for label in labels if appearance(label)]


def _name_of(data: Mapping[str, Any], task: Mapping[str, Any], place: str) -> str:
    """The name that lpat wrote into the task, else that of the file that the task shows."""
    if isinstance(data.get("name"), str) and {"video", "frame_rate"} <= data.keys():
        if not appearance(data["name"]):
            raise AnnotationError(f"{place}: expected a video's name, not {data['name']!r:.80}")
        return canonical(data["name"])
    references = [data.get("video"), data.get("audio"), *data.values()]
    reference = next(
        (its for its in references if isinstance(its, str) and _MEDIA.match(its)), None
    )
    if reference is None:
        raise AnnotationError(f"{place}: expected a video among its data: {', '.join(data)[:200]}")
    name = video_name(reference, place)
    uploaded = _UPLOADED.fullmatch(name)
    is_upload = "/data/upload/" in reference or task.get("file_upload")
    return uploaded["name"] if is_upload and uploaded is not None else name
