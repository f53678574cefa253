"""Writing annotations: new files, and one video's part of a file that is there."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lpat.annotations.checks import AMBIGUOUS, oddity
from lpat.annotations.identity import Called, label_of, name_among, unique_names
from lpat.annotations.reading import Annotations, Moment, VideoAnnotation, holds_annotations
from lpat.errors import AnnotationError, LpatError, UsageError
from lpat.files.csv_files import SPREADSHEET_SUFFIXES, TABLE_SUFFIXES
from lpat.files.json_files import expect, expect_time, expect_times, read_json, write_json

_OTHER_FORMATS = {*TABLE_SUFFIXES, *SPREADSHEET_SUFFIXES, ".txt", ".npy", ".eaf", ".boris"}


@dataclass(frozen=True)
class Replaced:
    """What a file that is there says of a video, and what of that is lost by saving.

    `labels` are those that it gives the video beside segments, and that go; `moments_gone` counts
    the moments that lie in no segment any more.
    """

    video: str
    segments: int
    segments_gone: int
    labels: tuple[str, ...]
    moments_gone: int = 0

    def __bool__(self) -> bool:
        return self.segments_gone > 0 or self.moments_gone > 0 or bool(self.labels)


_HEAD = 65536  # bytes, in which detections files name their results

_Key = tuple[str, float, float]  # label, start and end to the millisecond


def annotations_document(videos: Iterable[VideoAnnotation]) -> dict[str, Any]:
    """The JSON value that holds some videos' annotations, as `read_annotations` reads it.

    Times are rounded to the millisecond and never to an empty segment. A video of which labels
    alone are known gets `labels`; one of which nothing is known, or nothing left, no annotations.
    """
    return {"database": {video.name: _entry(video) for video in videos}}


def save_annotations(
    path: Path,
    video: VideoAnnotation,
    source: Annotations | None = None,
    *,
    also_called: str | None = None,
    all_judged: bool = True,
) -> None:
    """Write one video's annotations into a JSON file, whole or not at all.

    A file that is there keeps all but that video's annotations: other videos and whatever fields
    it has, the video's subset and duration, ambiguous times, and what stands beside annotations
    that are as they were. The video's `labels` and `counts` would contradict what was looked at:
    the labels follow the annotations, the counts go. A new file begins as a copy of `source`, of
    whatever format. The video may be `also_called` in the file: by its own file's path or an end of
    that. Without segments nothing happens in it, but unless `all_judged` that isn't said: its
    annotations go, its labels stay. Annotations of times that no video can show stay too, and so
    do moments, but for those that lie in no segment of their label where `all_judged`.

    Raises:
        UsageError: the path is a folder, or no JSON file.
        AnnotationError: the file there isn't JSON of annotations.
        OutputError: it can't be written.
    """
    _check_is_json(path)
    document = _document(path, source)
    put_video(document, path, video, also_called=also_called, all_judged=all_judged)
    try:
        write_json(path, document)
    except ValueError as error:
        raise AnnotationError(f"{path}: has a number that JSON can't hold ({error})") from error


def put_video(
    document: dict[str, Any],
    path: Path,
    video: VideoAnnotation,
    *,
    also_called: str | None = None,
    all_judged: bool = True,
) -> None:
    """Put one video's annotations into the value of a JSON file, as `save_annotations` does.

    Raises:
        AnnotationError: the value isn't one of annotations; `path` says for the message of which.
    """
    name, entry = _entry_of(document, path, video, also_called)
    updated = _updated(entry, video, _place(path, name), all_judged=all_judged)
    document["database"][name] = updated


def key_of(name: str, file: str | None, database: Mapping[str, Any], place: str) -> str:
    """What a database calls the video, as it spells that; the name itself where it lacks it."""
    spelling = {same: key for key, same in unique_names(database, place).items()}
    called = Called.by_name(name) if file is None else Called.by_file(name, [file])
    its = name_among(spelling, called)
    return name if its is None else spelling[its]


def replaced_by_saving(
    path: Path,
    video: VideoAnnotation,
    *,
    also_called: str | None = None,
    all_judged: bool = True,
) -> Replaced:
    """What `save_annotations` would take out of the file at a path; nothing where there is none.

    Raises:
        UsageError: the path is a folder, or no JSON file.
        AnnotationError: the file there isn't JSON of annotations.
    """
    _check_is_json(path)
    if not path.exists():
        return Replaced(video.name, 0, 0, ())
    name, entry = _entry_of(_read(path), path, video, also_called)
    updated = _updated(entry, video, _place(path, name), all_judged=all_judged)
    rows, kept = entry.get("annotations") or [], updated.get("annotations") or []
    moments = [row for row in rows if _is_moment(row)]
    timed = [row for row in rows if _label_of(row) != AMBIGUOUS and not _is_moment(row)]
    same = {id(row) for row in kept}  # what stays as it was is the very row
    gone = sum(id(row) not in same for row in timed)
    left = {*_labels_of(updated), *map(_label_of, kept)}
    labels = tuple(label for label in _labels_of(entry) if label not in left)
    moments_gone = sum(id(row) not in same for row in moments)
    return Replaced(name, len(timed), gone, labels, moments_gone)


def _is_moment(row: Mapping[str, Any]) -> bool:
    return "time" in row and "segment" not in row


def _label_of(row: Mapping[str, Any]) -> str:
    return label_of(str(row.get("label")))


def _labels_of(entry: Mapping[str, Any]) -> list[str]:
    return [label_of(str(label)) for label in entry.get("labels") or []]


def spare_annotations(path: Path) -> None:
    """Let nothing else be written where annotations are.

    Raises:
        UsageError: the file there holds annotations.
    """
    if not path.is_file():
        return
    try:
        with path.open("rb") as file:
            if b'"results"' in file.read(_HEAD):  # detections, which may be large
                return
        document = read_json(path)
    except (LpatError, OSError):
        return
    if _is_annotated(document):
        raise UsageError(f"{path}: holds annotations, which are not replaced; choose another place")


def _is_annotated(document: Any) -> bool:
    """Whether people have annotated it; tasks for Label Studio aren't, before they have."""
    if isinstance(document, list):
        return any(isinstance(task, dict) and task.get("annotations") for task in document)
    return holds_annotations(document)


def _check_is_json(path: Path) -> None:
    if path.is_dir() or path.suffix.lower() in _OTHER_FORMATS:
        raise UsageError(f"{path}: annotations are saved as JSON; choose a name that ends in .json")


def _entry_of(
    document: dict[str, Any], path: Path, video: VideoAnnotation, file: str | None
) -> tuple[str, dict[str, Any]]:
    """The name by which a document knows a video, and what it says of it."""
    database = document["database"]
    name = key_of(video.name, file, database, str(path))
    return name, expect(database.get(name, {}), dict, _place(path, name))


def _place(path: Path, name: str) -> str:
    return f"{path}: video {name!r}"


def _document(path: Path, source: Annotations | None) -> dict[str, Any]:
    """What is to be updated: the file there, or what the source holds."""
    if path.exists():
        return _read(path)
    if source is None:
        return {"database": {}}
    try:
        return _read(source.path)
    except LpatError:  # of another format, or gone since it was read
        return annotations_document(source.videos)


def _read(path: Path) -> dict[str, Any]:
    document = expect(read_json(path), dict, str(path))
    if "database" not in document:
        raise AnnotationError(f'{path}: expected a "database" of videos, but it has none')
    expect(document["database"], dict, f"{path}: database")
    return document


def _entry(video: VideoAnnotation) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    if video.subset is not None:
        entry["subset"] = video.subset
    if video.duration is not None:
        entry["duration"] = round(video.duration, 3) or video.duration
    timed = set(video.segment_labels)
    moments = [moment_row(its) for its in video.moments]
    if len(video.segments) or len(video.ambiguous) or moments or not video.labels:
        entry["annotations"] = _rows(video, {}, entry.get("duration")) + moments
    if not set(video.labels) <= timed | {its.label for its in video.moments}:
        entry["labels"] = list(video.labels)
    elif video.only_ambiguous and not len(video.ambiguous):
        entry["labels"] = [AMBIGUOUS]
    if counts := {label: n for label, n in video.counts.items() if label not in timed}:
        entry["counts"] = counts
    return entry


def _updated(
    entry: dict[str, Any], video: VideoAnnotation, place: str, *, all_judged: bool
) -> dict[str, Any]:
    rows = expect(entry.get("annotations") or [], list, place)
    known: dict[_Key, list[Any]] = defaultdict(list)
    unseen: list[Any] = []  # what nobody could judge, as it isn't shown
    moments: list[Any] = []
    for number, row in enumerate(rows):
        here = f"{place}, annotation {number}"
        label = _label_of(expect(row, dict, here))
        if _is_moment(row):
            if not all_judged or _shows_at(video, label, expect_time(row["time"], here)):
                moments.append(row)
            continue
        start, end = expect_times(row.get("segment"), here)
        if label == AMBIGUOUS or oddity(start, end) is not None:
            unseen.append(row)
        known[_key(label, start, end)].append(row)
    updated = {**_entry(replace(video, counts={}, moments=())), **entry}
    updated["annotations"] = _rows(video, known, updated.get("duration"))
    kept = {id(row) for row in updated["annotations"]}
    updated["annotations"] += [row for row in unseen if id(row) not in kept]
    updated["annotations"] += moments
    if not (len(video.segments) or all_judged):
        if not updated["annotations"] and entry.get("annotations") != []:
            del updated["annotations"]
        return updated
    if "labels" in updated:
        labels = map(_label_of, unseen)
        updated["labels"] = list(
            dict.fromkeys(
                [*video.segment_labels, *(label for label in labels if label != AMBIGUOUS)]
            )
        )
    updated.pop("counts", None)
    return updated


def _shows_at(video: VideoAnnotation, label: str, time: float) -> bool:
    labelled = zip(video.segment_labels, video.segments.tolist(), strict=True)
    return any(its == label and start <= time <= end for its, (start, end) in labelled)


def moment_row(moment: Moment) -> dict[str, Any]:
    """A moment as it stands among the annotations."""
    return {"label": moment.label, "time": round(moment.time, 3)}


def _rows(
    video: VideoAnnotation, known: Mapping[_Key, list[Any]], duration: float | None
) -> list[Any]:
    """Its annotations; those that are `known` are taken from there as they were."""
    pairs = [
        *zip(video.segment_labels, video.segments.tolist(), strict=True),
        *((AMBIGUOUS, times) for times in video.ambiguous.tolist()),
    ]
    rows = []
    for label, (start, end) in pairs:
        same = known.get(_key(label, start, end))
        rows.append(same.pop(0) if same else _row(label, start, end, duration))
    return rows


def _row(label: str, start: float, end: float, duration: float | None) -> dict[str, Any]:
    times = [round(start, 3), round(end, 3)]
    if times[0] >= times[1]:
        times = [start, end]
    if duration is not None and end <= duration < times[1]:
        times[1] = duration  # rounded up, it would end after what the file says of the video
    return {"label": label, "segment": times}


def _key(label: str, start: float, end: float) -> _Key:
    return label, round(start, 3), round(end, 3)
