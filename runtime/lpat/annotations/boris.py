"""BORIS' exports of events, tabular and aggregated, and its projects: state events of videos.

A state event's start and its next stop, of one subject and one set of modifiers, make a segment;
the behaviour is its label. A point event takes no time: it is left out as segments are that take
none, and its label stays.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lpat.annotations.checks import LabelledTimes, VideoRecord
from lpat.annotations.identity import appearance, canonical, label_of
from lpat.annotations.media_names import video_name
from lpat.errors import AnnotationError
from lpat.files.json_files import MOST_SECONDS, expect

_CLOCK = re.compile(r"(?:(?P<h>[0-9]+):)?(?P<m>[0-9]{1,2}):(?P<s>[0-9]{1,2}(?:\.[0-9]+)?)")
_COLUMNS = {
    "observation": ("observation id",),
    "behaviour": ("behavior", "behaviour"),
    "kind": ("behavior type", "behaviour type", "status"),
    "time": ("time",),
    "start": ("start (s)", "start"),
    "stop": ("stop (s)", "stop"),
    "subject": ("subject",),
    "media": ("media file name", "media file path", "media file", "source"),
    "duration": ("media duration (s)", "total length"),
    "offset": ("time offset (s)",),
}


class _Observation:
    """One observation: the video that it is of, and its events in order."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._media: str | None = None
        self._open: dict[tuple[str, ...], float] = {}
        self._rows: list[LabelledTimes] = []
        self._passed: list[str] = []
        self.duration: float | None = None
        self.identity = ""

    def see(self, media: str, place: str) -> None:
        """Note the media file; several in a row count their times on, so that none is known."""
        reference = canonical(re.sub(r"^player #[0-9]+:", "", media.strip(), flags=re.IGNORECASE))
        if not reference or reference.upper() == "NA":
            return
        if self._media not in (None, reference):
            raise AnnotationError(
                f"{place}: expected an observation of one video, but {self.identity!r} has "
                f"{self._media} and {reference}, whose times are counted on"
            )
        self._media = reference

    def segment(self, label: str, start: float, stop: float) -> None:
        """Note a whole event."""
        self._rows.append((label, start, stop))

    def change(self, key: tuple[str, ...], time: float, *, begins: bool) -> None:
        """Note that a state begins or ends; `key` begins with the label."""
        if begins:
            if key in self._open:
                self._passed.append(f"{key[0]} at {self._open[key]} has no stop")
            self._open[key] = time
        elif key in self._open:
            self._rows.append((key[0], self._open.pop(key), time))
        else:
            self._passed.append(f"{key[0]} stops at {time} without a start")

    def is_open(self, key: tuple[str, ...]) -> bool:
        """Whether a state has begun."""
        return key in self._open

    def record(self) -> VideoRecord:
        """What the observation says of its video, which goes by its own name without a file."""
        left = [f"{key[0]} at {time} has no stop" for key, time in self._open.items()]
        name = (
            canonical(self.identity)
            if self._media is None
            else video_name(self._media, self._place)
        )
        if not appearance(name):
            raise AnnotationError(f"{self._place}: expected a media file or an observation id")
        passed = (*self._passed, *left)
        return VideoRecord(name, None, self.duration, None, tuple(self._rows), passed_over=passed)


@dataclass(frozen=True)
class EventTable:
    """A table of events: what stands before its columns' names, those, and its rows."""

    before: Mapping[str, str]
    columns: tuple[str, ...]  # in lower case
    rows: tuple[tuple[int, list[str]], ...]  # with the line that each ends in


def event_table(text: str) -> EventTable | None:
    """The events of a table separated by tabs, commas or semicolons; None of another table.

    Tables of single observations have lines on the observation before the columns' names.
    """
    for delimiter in "\t,;":
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            rows = [(reader.line_num, cells) for cells in reader]
        except csv.Error:
            continue
        for number, (_, cells) in enumerate(rows):
            names = tuple(cell.strip().lower() for cell in cells)
            if set(names) & set(_COLUMNS["behaviour"]) and {"time", "start (s)"} & set(names):
                before = {its[0]: its[1] for _, its in rows[:number] if len(its) > 1}
                return EventTable(before, names, tuple(rows[number + 1 :]))
    return None


def read_boris_table(table: EventTable, place: str) -> list[VideoRecord]:
    """A record for each observation of an exported table; `place` is the file.

    Raises:
        AnnotationError: a broken line, or an observation of several videos or with a time offset.
    """
    names, before = table.columns, table.before
    column = {
        key: next((names.index(name) for name in its if name in names), None)
        for key, its in _COLUMNS.items()
    }
    modifiers = [index for index, name in enumerate(names) if name.startswith("modifier")]
    observations: dict[str, _Observation] = {}
    for number, cells in table.rows:
        if not any(cell.strip() for cell in cells):
            continue
        here = f"{place}: line {number}"
        if len(cells) < len(names):
            raise AnnotationError(f"{here}: expected {len(names)} columns, not {len(cells)}")
        cell = {key: "" if i is None else cells[i].strip() for key, i in column.items()}
        identity = canonical(cell["observation"] or before.get("Observation id", ""))
        its = observations.setdefault(identity, _Observation(place))
        its.identity = identity
        its.see(cell["media"] or before.get("Player #1", ""), here)
        _refuse_offset(cell["offset"] or before.get("Time offset (s)", ""), here)
        its.duration = _duration(cell["duration"])
        behaviour = label_of(cell["behaviour"])
        if not appearance(behaviour):
            raise AnnotationError(f"{here}: expected a behaviour")
        key = (behaviour, cell["subject"], *(cells[index] for index in modifiers))
        _add(its, key, cell, here)
    return _merged((its.record() for its in observations.values()), place)


def _add(its: _Observation, key: tuple[str, ...], cell: Mapping[str, str], place: str) -> None:
    kind = cell["kind"].upper()
    if cell["start"]:
        start = _seconds(cell["start"], place)
        is_point = kind == "POINT" or cell["stop"].upper() in ("", "NA")
        its.segment(key[0], start, start if is_point else _seconds(cell["stop"], place))
        return
    time = _seconds(cell["time"], place)
    match kind.replace("STATE", "").strip():
        case "START" | "STOP" as word:
            its.change(key, time, begins=word == "START")
        case "POINT":
            its.segment(key[0], time, time)
        case _:
            raise AnnotationError(f"{place}: expected START, STOP or POINT, not {kind!r:.80}")


def is_boris_project(document: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a project of BORIS."""
    return {"observations", "behaviors_conf"} <= document.keys()


def read_boris_project(document: Mapping[str, Any], place: str) -> list[VideoRecord]:
    """A record for each observation of media in a project; `place` is the file.

    Raises:
        AnnotationError: another structure, or an observation of several videos or with an offset.
    """
    behaviours = expect(document["behaviors_conf"], dict, f"{place}: behaviors_conf")
    points = {
        label_of(str(its.get("code")))
        for its in behaviours.values()
        if isinstance(its, dict) and "point" in str(its.get("type")).lower()
    }
    records = []
    observations = expect(document["observations"], dict, f"{place}: observations")
    for identity, entry in observations.items():
        here = f"{place}: observation {identity!r}"
        if str(expect(entry, dict, here).get("type", "MEDIA")) not in ("MEDIA", "media"):
            continue
        its = _Observation(here)
        its.identity = identity
        _refuse_offset(str(entry.get("time offset", "")), here)
        players = expect(entry.get("file", {}), dict, f"{here}, file")
        for media in expect(players.get("1") or [], list, f"{here}, file"):
            its.see(expect(media, str, f"{here}, file"), here)
            its.duration = _length_of(media, entry)
        events = expect(entry.get("events", []), list, f"{here}, events")
        for event in sorted(events, key=lambda event: _event_time(event, here)):
            time = _event_time(event, here)
            behaviour = label_of(str(event[2]))
            if not appearance(behaviour):
                raise AnnotationError(f"{here}: expected a behaviour, not {event[2]!r:.80}")
            key = (behaviour, str(event[1]), str(event[3]))
            if key[0] in points:
                its.segment(key[0], time, time)
            else:
                its.change(key, time, begins=not its.is_open(key))
        records.append(its.record())
    return _merged(records, place)


def _length_of(media: str, entry: Mapping[str, Any]) -> float | None:
    """The duration of a media file, where the observation says it."""
    info = entry.get("media_info")
    lengths = info.get("length") if isinstance(info, dict) else None
    return _duration(str(lengths.get(media))) if isinstance(lengths, dict) else None


def _event_time(event: Any, place: str) -> float:
    if not isinstance(event, list) or len(event) < 4:
        raise AnnotationError(f"{place}: expected an event of time, subject, behaviour, modifiers")
    return _seconds(str(event[0]), place)


def _merged(records: Iterable[VideoRecord], place: str) -> list[VideoRecord]:
    """The records, of which no two may be of one video."""
    by_name: dict[str, VideoRecord] = {}
    for record in records:
        if record.name in by_name:
            raise AnnotationError(f"{place}: video {record.name!r} has two observations")
        by_name[record.name] = record
    return list(by_name.values())


def _refuse_offset(value: str, place: str) -> None:
    if value.upper() not in ("", "NA") and _seconds(value, place) != 0:
        raise AnnotationError(
            f"{place}: expected a time offset of 0, as times are the video's, not {value!r:.80}"
        )


def _duration(value: str) -> float | None:
    try:
        return float(value) or None
    except ValueError:
        return None


def _seconds(value: str, place: str) -> float:
    clock = _CLOCK.fullmatch(value.strip())
    try:
        if clock:
            seconds = float(clock["h"] or 0) * 3600 + int(clock["m"]) * 60 + float(clock["s"])
        else:
            seconds = float(value)
    except ValueError:
        seconds = float("nan")
    if not abs(seconds) < MOST_SECONDS:
        raise AnnotationError(f"{place}: expected a time in seconds, not {value!r:.80}")
    return seconds
