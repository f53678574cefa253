"""The text files of THUMOS'14, one for each class and subset: lines `video start end`.

`Diving_test.txt` holds the segments of the class Diving in the test subset, `Diving_val.txt` those
in the validation subset; `Ambiguous_test.txt` and `Ambiguous_val.txt` hold no class, but the times
in which even people can't tell the action.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from lpat.annotations.checks import AMBIGUOUS, Finding, LabelledTimes, VideoRecord, oddity
from lpat.annotations.identity import appearance, canonical, label_of
from lpat.errors import AnnotationError
from lpat.files.json_files import expect_times, read_text
from lpat.types import Float64Array

_SUBSETS = {"test": "test", "val": "validation"}
_NAME = re.compile(r"(?P<label>[^.].*)_(?P<ending>[^_]+)\.txt", re.IGNORECASE)


def interval_lines(path: Path) -> Iterator[tuple[str, str, float, float]]:
    """Place, video, start and end of each line `video start end`; blank lines are passed over.

    Raises:
        AnnotationError: unreadable, or another line; the message names it.
    """
    for number, line in enumerate(io.StringIO(read_text(path), newline=None), start=1):
        if not line.strip():
            continue
        place = f"{path}: line {number}"
        try:
            name, start, end = line.split()
            times = float(start), float(end)
        except ValueError as error:
            raise AnnotationError(
                f"{place}: expected `video start end`, not {line.rstrip()!r:.80}"
            ) from error
        if not appearance(name):
            raise AnnotationError(f"{place}: expected a video's name, not {name!r}")
        yield place, canonical(name), *times


def class_files(folder: Path) -> list[Path]:
    """The files CLASS_test.txt and CLASS_val.txt of a folder, by name; "Ambiguous" ones too.

    Other files are passed over, unless their names end in another subset.

    Raises:
        AnnotationError: the folder can't be read, or a text file is of another subset.
    """
    try:
        paths = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise AnnotationError(f"{folder}: can't be read ({error.strerror})") from error
    named = [(path, match) for path in paths if (match := _NAME.fullmatch(path.name))]
    for path, match in named:
        if match["ending"].lower() not in _SUBSETS:
            raise AnnotationError(
                f"{path}: expected a name CLASS_test.txt or CLASS_val.txt, not the subset "
                f"{match['ending']!r}"
            )
    return [path for path, _ in named]


def is_ambiguous(path: Path) -> bool:
    """Whether a class file holds the ambiguous intervals."""
    return _label_and_subset(path)[0] == AMBIGUOUS


def read_class_files(paths: Iterable[Path]) -> list[VideoRecord]:
    """The videos that class files name, in order of first appearance, with their segments.

    Raises:
        AnnotationError: a broken line, or a video in two subsets; the message names the line.
    """
    subsets: dict[str, str] = {}
    rows: dict[str, list[LabelledTimes]] = {}
    for path in paths:
        label, subset = _label_and_subset(path)
        for place, name, *times in interval_lines(path):
            start, end = expect_times(times, place)
            if subsets.setdefault(name, subset) != subset:
                raise AnnotationError(
                    f"{place}: video {name!r} is in the subset {subsets[name]} already"
                )
            rows.setdefault(name, []).append((label, start, end))
    return [VideoRecord(name, subsets[name], None, None, tuple(its)) for name, its in rows.items()]


def _label_and_subset(path: Path) -> tuple[str, str]:
    label, ending = path.stem.rsplit("_", 1)
    return label_of(label), _SUBSETS[ending.lower()]


def read_ambiguous(path: str | Path) -> dict[str, Float64Array]:
    """Ambiguous intervals (N, 2) in seconds of each video that the file names, in its order.

    Blank lines are passed over, and intervals that no video can show (`read_intervals` tells them).

    Raises:
        AnnotationError: the file breaks its format; the message names the line.
    """
    return read_intervals(Path(path))[0]


def read_intervals(path: Path) -> tuple[dict[str, Float64Array], tuple[Finding, ...]]:
    """`read_ambiguous` of a file, and the intervals in it that no video can show.

    Raises:
        AnnotationError: the file breaks its format; the message names the line.
    """
    intervals: dict[str, list[tuple[float, float]]] = {}
    findings: list[Finding] = []
    for place, name, *times in interval_lines(path):
        start, end = expect_times(times, place)
        if (reason := oddity(start, end)) is None:
            intervals.setdefault(name, []).append((start, end))
        else:
            findings.append(Finding("intervals", name, f"[{start}, {end}] {reason}"))
    arrays = {name: np.array(times, np.float64) for name, times in intervals.items()}
    return arrays, tuple(findings)
