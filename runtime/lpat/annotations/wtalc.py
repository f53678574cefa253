"""W-TALC's annotations: a folder of NumPy arrays, an entry in each for every video.

| array | its entry for a video |
| --- | --- |
| `videoname`, `subset` | text |
| `segments`, `labels` | a list of [start, end] in seconds, and as many labels, or no segments |
| `labels_all` (or `labels_all_1`) | the video's own list of labels; may be missing |
| `duration` | seconds, alone or in a list of one; may be missing |

Ambiguous intervals lie beside them in `Ambiguous_test.txt`, as THUMOS'14 publishes them. The other
arrays of the folder (`classlist`, `extracted_fps` and the like) say nothing that is needed.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from lpat.annotations.checks import LabelledTimes, VideoRecord
from lpat.annotations.identity import appearance, canonical, label_of
from lpat.annotations.thumos14 import class_files, is_ambiguous, read_class_files
from lpat.errors import AnnotationError
from lpat.files.json_files import expect, expect_times
from lpat.files.npy import read_array

_SUBSETS = ("training", "validation", "test")


def holds_wtalc_annotations(folder: Path) -> bool:
    """Whether the folder has the array that names the videos."""
    return (folder / "videoname.npy").is_file()


def read_video_names(path: Path) -> list[str]:
    """The videos that a `videoname.npy` names, in its order.

    Raises:
        AnnotationError: unreadable, another entry than text, or a name twice.
    """
    names = [_text(value, f"{path}: entry {index}") for index, value in enumerate(read_array(path))]
    if repeated := [name for name, count in Counter(names).items() if count > 1]:
        raise AnnotationError(f"{path}: {repeated[0]!r} appears twice")
    return names


def read_wtalc_annotations(folder: Path) -> list[VideoRecord]:
    """The videos of the arrays in their order, then those that only ambiguous intervals name.

    Raises:
        AnnotationError: an array missing, broken, of another length, or with another entry than
            the table says.
    """
    names = read_video_names(folder / "videoname.npy")
    subset = _array(folder, ("subset",), len(names))
    segments = _array(folder, ("segments",), len(names))
    labels = _array(folder, ("labels",), len(names))
    listed = _array(folder, ("labels_all", "labels_all_1"), len(names), optional=True)
    duration = _array(folder, ("duration",), len(names), optional=True)
    records = {}
    for index, name in enumerate(names):
        place = f"{folder}: video {name!r}"
        rows, its_labels = _rows(segments[index], labels[index], place)
        its_list = _labels(listed[index], f"{place}, labels_all") if listed else its_labels
        if its_labels and not its_list:  # so the empty list doesn't say that nothing happens
            its_list = its_labels
        records[name] = VideoRecord(
            name=name,
            subset=_subset(subset[index], place),
            duration=_duration(duration[index], place) if duration else None,
            listed=its_list,
            rows=rows,
        )
    for found in read_class_files(filter(is_ambiguous, class_files(folder))):
        known = records.get(found.name, replace(found, rows=()))
        records[found.name] = replace(known, rows=known.rows + found.rows)
    return list(records.values())


def _array(
    folder: Path, stems: tuple[str, ...], length: int, *, optional: bool = False
) -> list[Any]:
    """Entries of the first of the arrays that is there; none where an optional one isn't."""
    paths = [folder / f"{stem}.npy" for stem in stems]
    path = next((path for path in paths if path.exists()), paths[0])
    if optional and not path.exists():
        return []
    values = read_array(path)
    if len(values) != length:
        raise AnnotationError(
            f"{path}: expected {length} entries, as videoname.npy has, not {len(values)}"
        )
    return values


def _rows(
    segments: Any, labels: Any, place: str
) -> tuple[tuple[LabelledTimes, ...], tuple[str, ...] | None]:
    """Segments with their labels; where there are no segments, the labels are the video's own."""
    times = [
        expect_times(segment, f"{place}, segment {index}")
        for index, segment in enumerate(expect(segments, list, f"{place}, segments"))
    ]
    labels = _labels(labels, f"{place}, labels")
    if not times:
        return (), labels
    if len(times) != len(labels):
        raise AnnotationError(
            f"{place}: expected a label for each of {len(times)} segments, not {len(labels)}"
        )
    return tuple((label, *its) for label, its in zip(labels, times, strict=True)), None


def _labels(value: Any, place: str) -> tuple[str, ...]:
    return tuple(label_of(_text(label, place)) for label in expect(value, list, place))


def _subset(value: Any, place: str) -> str:
    subset = _text(value, f"{place}, subset")
    if subset not in _SUBSETS:
        raise AnnotationError(
            f"{place}: expected the subset training, validation or test, not {subset!r}"
        )
    return subset


def _duration(value: Any, place: str) -> float:
    seconds = value[0] if isinstance(value, list) and len(value) == 1 else value
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise AnnotationError(f"{place}: expected a duration in seconds, not {value!r:.80}")
    return float(seconds)


def _text(value: Any, place: str) -> str:
    """Text of a string, or of Python 2's bytes."""
    data = value.encode("utf-8", "surrogatepass") if isinstance(value, str) else value
    if not isinstance(data, bytes) or not data.strip():
        raise AnnotationError(f"{place}: expected a name, not {value!r:.80}")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise AnnotationError(f"{place}: expected UTF-8 text, not {value!r:.80}") from error
    if not appearance(text):
        raise AnnotationError(f"{place}: expected a name, not {value!r:.80}")
    return canonical(text)
