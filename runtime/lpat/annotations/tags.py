"""Tags and moments of videos in an annotations file, changed while others may change it too.

A tag list is what `read_annotations` calls the labels of a video; an empty one says that nothing
happens in it, and a video without one is untagged. A moment lies inside an instance of one of the
labels. JSON and CSV are written, of which JSON alone has moments, and all that they hold besides
stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lpat.annotations.checks import AMBIGUOUS, says_what_it_shows
from lpat.annotations.identity import appearance, canonical, label_of
from lpat.annotations.labels_table import read_labels_table, table_of_labels
from lpat.annotations.reading import Moment, annotation_from, read_records
from lpat.annotations.writing import moment_row
from lpat.errors import AnnotationError, UsageError
from lpat.files.atomic import read_whole, write_text
from lpat.files.csv_files import Table, TableForm, encoding_of, text_of_table
from lpat.files.json_files import expect, json_text, read_json
from lpat.files.locks import turn_at

Labels = tuple[str, ...]
Change = Labels | None
"""What a video is to be said to show; None: nothing is to be said of it."""

TAG_NAMES = ("tags.json", "tags.csv")
"""Files of tags that are looked for in a folder; a new one has the first name."""

TAG_SUFFIXES = {".json", ".csv"}

Moments = tuple[Moment, ...]
"""Those of one video, in order of time."""

_SEPARATORS = ";|"  # of labels in a cell of CSV
_READINGS = 5  # of a file that changes while it is read, before that is an error


@dataclass(frozen=True)
class TagFile:
    """What a file says of its videos, by the names that they have in it.

    `timed` are those whose labels come with times: `save_tags` leaves them as they are. A file that
    isn't there yet says nothing; it begins as a copy of `source`, where there is one.
    """

    path: Path
    labels: Mapping[str, Labels]
    timed: frozenset[str] = frozenset()
    source: Path | None = None
    moments: Mapping[str, Moments] = field(default_factory=dict)  # of those that have any

    def says(self, name: str) -> Change:
        """The labels of a video; None where nothing is said of it."""
        return self.labels.get(name)

    def marks(self, name: str) -> Moments:
        """The moments of a video."""
        return self.moments.get(name, ())


@dataclass(frozen=True)
class SavedTags:
    """A file after its tags were saved, and where it had changed since it was read.

    `taken` are videos that others changed. `conflicts` are those that were to be changed but which
    others had changed otherwise: they are as others left them.
    """

    file: TagFile
    taken: Mapping[str, Change]
    conflicts: Mapping[str, Change]


def clean_label(text: str) -> str:
    """A label as a new one is written: composed characters, single blanks.

    Raises:
        UsageError: it is empty, or means something else in a file.
    """
    label = " ".join(label_of(text).split())
    if not appearance(label):
        raise UsageError("expected a label, not an empty text")
    if label == AMBIGUOUS:
        raise UsageError(f"{label}: expected the label of an action; this one is no class")
    if found := [character for character in _SEPARATORS if character in label]:
        raise UsageError(f"{label}: expected a label without {found[0]!r}, which parts labels")
    return label


def read_tags(path: Path) -> TagFile:
    """The tags of an annotations file; none where there is no such file.

    Raises:
        UsageError: a folder, or a file of another kind than JSON and CSV.
        AnnotationError: it breaks its format, or changes all the time.
    """
    if path.is_dir() or path.suffix.lower() not in TAG_SUFFIXES:
        raise UsageError(f"{path}: expected a file for tags that ends in .json or .csv")
    return _read(path)[0]


def save_tags(
    seen: TagFile, changes: Mapping[str, Change], moments: Mapping[str, Moments] | None = None
) -> SavedTags:
    """Write changes into a file, whole or not at all, on top of what others have written since.

    `moments` are all those of some of the changed videos; other changed videos keep theirs. In any
    case those go whose label goes.

    Where others changed the same video otherwise, theirs stays; to replace it, save again what is
    given back with the same changes. A video that has times stays in any case.

    Raises:
        AnnotationError: the file breaks its format by now.
        UsageError: there are moments, and it isn't JSON.
        OutputError: it can't be written.
    """
    points = moments or {}
    with turn_at(seen.path):
        for _ in range(_READINGS):
            now, document = _read(seen.path, seen.source)
            marks = {
                name: tuple(its for its in points.get(name, now.marks(name)) if its.label in labels)
                for name, change in changes.items()
                for labels in (change or (),)
            }
            names = dict.fromkeys([*seen.labels, *now.labels])
            others = {n: now.says(n) for n in names if _said(now, n) != _said(seen, n)}
            wanted = {n: its for n, its in changes.items() if (its, marks[n]) != _said(now, n)}
            conflicts = {n: now.says(n) for n in wanted if n in now.timed or n in others}
            kept = {n: change for n, change in wanted.items() if n not in conflicts}
            taken = {n: said for n, said in others.items() if n not in changes}
            if not kept:
                return SavedTags(now, taken, conflicts)
            kept_marks = {name: marks[name] for name in kept}
            text = document.changed(seen.path, kept, kept_marks)
            if _content(seen.path) == document.content:
                write_text(seen.path, text, document.encoding)
                labels = {**now.labels, **kept}
                said = {name: its for name, its in labels.items() if its is not None}
                left = {name: its for name, its in {**now.moments, **kept_marks}.items() if its}
                file = TagFile(seen.path, said, now.timed, moments=left)
                return SavedTags(file, taken, conflicts)
    raise AnnotationError(f"{seen.path}: another program writes it all the time")


def _said(file: TagFile, name: str) -> tuple[Change, Moments]:
    return file.says(name), file.marks(name)


@dataclass(frozen=True)
class _Json:
    """A JSON file's content, and the value that it holds."""

    content: bytes | None
    value: dict[str, Any]
    seen: Mapping[str, Moments] = field(default_factory=dict)  # those that are shown
    encoding = "utf-8"

    def changed(
        self, path: Path, changes: Mapping[str, Change], moments: Mapping[str, Moments]
    ) -> str:
        database = {**self.value["database"]}
        spelled = {canonical(key): key for key in database}
        for name, labels in changes.items():
            key = spelled.get(name, name)
            entry = {**database.get(key, {})}
            # Moments or an empty list: what has times isn't changed.
            there = entry.pop("annotations", None) or []
            rows = _moment_rows(there, labels or (), moments[name], self.seen.get(name, ()))
            if rows:
                entry["annotations"] = rows
            entry.pop("labels", None)
            counts = entry.pop("counts", None) or {}
            if kept := {its: n for its, n in counts.items() if label_of(its) in (labels or ())}:
                entry["counts"] = kept
            if labels is not None:
                entry["labels"] = list(labels)
            if entry:
                database[key] = entry
            else:
                database.pop(key, None)
        return json_text({**self.value, "database": database})


@dataclass(frozen=True)
class _Csv:
    """A CSV file's content, and the table that it holds, a row for each video."""

    content: bytes | None
    table: Table
    encoding: str = "utf-8"

    def changed(
        self, path: Path, changes: Mapping[str, Change], moments: Mapping[str, Moments]
    ) -> str:
        refuse_moments(path, moments)
        form = self.table.form
        rows: dict[str, Mapping[str, str]]
        rows = {canonical(row.cells["video"]): row.cells for row in self.table.rows}
        for name, labels in changes.items():
            row = {**rows.get(name, {"video": name})}
            row.pop("labels", None)
            if labels is not None:
                row["labels"] = ("|" if form.delimiter == ";" else ";").join(labels)
            rows[name] = row
        spelled = {column.strip().casefold(): column for column in self.table.columns}
        # A line that ends before the labels says nothing of them, so they come last.
        order = [column for column in spelled if column != "labels"]
        untold = [row for row in rows.values() if "labels" not in row]
        if not any(row.get(c) for row in untold for c in order if c != "video"):
            rows = {name: row for name, row in rows.items() if "labels" in row}
            order = list(spelled)
        else:
            order.append("labels")
        cells = [[row.get(column, "") for column in order] for row in rows.values()]
        told = [
            c if "labels" in row else c[:-1] for c, row in zip(cells, rows.values(), strict=True)
        ]
        return form.text_of([[spelled[column] for column in order], *told])


def _read(path: Path, source: Path | None = None) -> tuple[TagFile, _Json | _Csv]:
    """What a file says, and the file as it can be changed; of one content."""
    for _ in range(_READINGS):
        content = _content(path)
        if content is None:
            return TagFile(path, {}, source=source), _new_document(path, source)
        if _is_csv(path):
            text = text_of_table(path)
            records = read_labels_table(path, text)
            document = _Csv(content, table_of_labels(path, text), encoding_of(content))
        else:
            records = read_records(path)
            document = _json_document(path, content)
        if _content(path) != content:
            continue
        videos = {r.name: annotation_from(r) for r in records if says_what_it_shows(r)}
        labels = {name: its.labels for name, its in videos.items() if not its.only_ambiguous}
        timed = frozenset(record.name for record in records if record.rows)
        moments = {
            name: _in_order(its.moments)
            for name, its in videos.items()
            if name in labels and its.moments
        }
        if isinstance(document, _Json):
            document = replace(document, seen=moments)
        return TagFile(path, labels, timed, moments=moments), document
    raise AnnotationError(f"{path}: another program writes it all the time")


def refuse_moments(path: Path, moments: Mapping[str, Moments]) -> None:
    """Let no moments be lost in a table.

    Raises:
        UsageError: there are some, and the file is to be CSV.
    """
    if _is_csv(path) and (name := next((name for name, its in moments.items() if its), None)):
        raise UsageError(
            f"{path}: a table has no place for moments, as {name!r} has; "
            "choose a name that ends in .json"
        )


def _moment_rows(rows: list[Any], labels: Labels, moments: Moments, seen: Moments) -> list[Any]:
    """Rows of moments. Those that were there stay as they were, and so do odd ones not `seen`."""
    wanted = {(its.label, round(its.time, 3)): its for its in moments}
    shown = {(its.label, round(its.time, 3)) for its in seen}
    kept: list[Any] = []
    for row in rows:
        key = label_of(row["label"]), round(float(row["time"]), 3)
        if wanted.pop(key, None) is not None or (key not in shown and key[0] in labels):
            kept.append(row)
    return [*kept, *map(moment_row, wanted.values())]


def _in_order(moments: Moments) -> Moments:
    return tuple(sorted(moments, key=lambda its: (its.time, its.label)))


def _is_csv(path: Path) -> bool:
    return path.suffix.lower() == ".csv"


def _new_document(path: Path, source: Path | None) -> _Json | _Csv:
    if source is None or _content(source) is None or _is_csv(path) != _is_csv(source):
        if _is_csv(path):
            return _Csv(None, Table(("video", "labels"), (), TableForm()))
        return _Json(None, {"database": {}})
    return replace(_read(source)[1], content=None)


def _json_document(path: Path, content: bytes) -> _Json:
    value = expect(read_json(path), dict, str(path))
    expect(value.get("database"), dict, f"{path}: database")
    return _Json(content, value)


def _content(path: Path) -> bytes | None:
    return read_whole(path, AnnotationError) if path.exists() else None
