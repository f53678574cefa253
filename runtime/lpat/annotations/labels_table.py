"""Tables of labels: a row for each video, with the columns `video,labels[,subset]`.

Labels are separated by `;`, `|` or line breaks in the cell. An empty cell says that nothing happens
in the video, a line that ends before it says nothing.
"""

from __future__ import annotations

import re
from pathlib import Path

from lpat.annotations.checks import VideoRecord
from lpat.annotations.identity import appearance, canonical, label_of, spelled
from lpat.errors import AnnotationError
from lpat.files.csv_files import Row, Table, read_table

_BETWEEN_LABELS = re.compile("[;|\n\r]")
_LIST = re.compile(r"[\[({].*[\])}]", re.DOTALL)


def read_labels_table(path: Path, text: str) -> list[VideoRecord]:
    """The videos of a table's text, in its order.

    Raises:
        AnnotationError: no such table, or a row without a name, with another row's, or with what
            isn't labels; the message names the line.
    """
    records: dict[str, VideoRecord] = {}
    spelling: dict[str, tuple[int, str]] = {}
    for row in table_of_labels(path, text).rows:
        place = f"{path}: line {row.line}"
        spelled_name = row.cells.get("video", "")
        name = canonical(spelled_name)
        if not appearance(name) or "\n" in name:
            raise AnnotationError(f"{place}: expected a video's name, not {spelled_name!r:.80}")
        if name in records:
            line, other = spelling[name]
            raise AnnotationError(
                f"{place}: {name!r} appears twice, as {spelled(other)} on line {line} too"
            )
        subset = canonical(row.cells.get("subset", "")) or None
        records[name] = VideoRecord(name, subset, None, _labels(row, place), ())
        spelling[name] = row.line, spelled_name
    return list(records.values())


def table_of_labels(path: Path, text: str) -> Table:
    """The table itself.

    Raises:
        AnnotationError: no such table.
    """
    return read_table(path, text, ("video", "labels"), "video,labels[,subset]")


def _labels(row: Row, place: str) -> tuple[str, ...] | None:
    text = row.cells.get("labels")
    if text is None:
        return None
    if _LIST.fullmatch(text.strip()) and (any(c in text for c in "'\",") or len(text.strip()) == 2):
        raise AnnotationError(
            f"{place}: expected labels such as jump;run, not a program's list {text.strip()!r:.80}"
        )
    words = [label_of(word) for word in _BETWEEN_LABELS.split(text) if word.strip()]
    for word in words:
        if not appearance(word):
            raise AnnotationError(f"{place}: expected a label, not {word!r}")
    return tuple(words)
