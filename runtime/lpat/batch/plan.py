"""What is to be done with each input of a batch, by what is there already.

That stands in `videos/NAME.json`: an input's detections, and what says whether they are up to date.
It is written after everything else of its input. So what it lists is there, and a process that
dies before has done nothing that counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lpat.annotations.writing import spare_annotations
from lpat.batch.outputs import Output, Settings, entry_path, missing_outputs
from lpat.errors import AnnotationError, UsageError
from lpat.files.json_files import read_json, write_json
from lpat.formats.detections import detections_from_document
from lpat.inputs import Input, output_name
from lpat.types import Detections
from lpat.video.address import FileState, Url, file_key


@dataclass(frozen=True)
class Entry:
    """What the file says of its input beside the detections."""

    key: str  # digest of the input as it was, of the model and of this program
    duration: float
    start: float | None  # when players show the first picture; None: unknown
    outputs: Mapping[str, Settings]  # what else was written, and with which settings
    decode_failures: int = 0
    broken_off: str | None = None

    @property
    def shortfalls(self) -> tuple[str, ...]:
        """What is missing of the input, each in a phrase."""
        return shortfalls(self.decode_failures, self.broken_off)

    def document(self) -> dict[str, Any]:
        """Its JSON value, in a fixed order."""
        return {
            "key": self.key,
            "duration": self.duration,
            "start": self.start,
            "decode_failures": self.decode_failures,
            "broken_off": self.broken_off,
            "outputs": {name: dict(self.outputs[name]) for name in sorted(self.outputs)},
        }


def shortfalls(decode_failures: int, broken_off: str | None) -> tuple[str, ...]:
    """What is missing of an input, each in a phrase."""
    phrases = []
    if decode_failures:
        phrases.append(f"{decode_failures} parts could not be decoded")
    if broken_off:
        phrases.append(broken_off)
    return tuple(phrases)


@dataclass(frozen=True, eq=False)
class Stored:
    """An input's file as it was read back."""

    entry: Entry
    detections: Detections


def write_entry(path: Path, document: Mapping[str, Any], entry: Entry) -> None:
    """Write a detections document with the entry in its `external_data`."""
    external = {**document["external_data"], **entry.document()}
    write_json(path, {**document, "external_data": external})


def read_stored(path: Path) -> Stored | None:
    """What an input's file holds; None where there is none, or one that isn't a batch's."""
    try:
        document = read_json(path)
        detections = detections_from_document(document, str(path))
        external = document["external_data"]
        entry = Entry(
            str(external["key"]),
            float(external["duration"]),
            None if external["start"] is None else float(external["start"]),
            {str(name): dict(settings) for name, settings in external["outputs"].items()},
            int(external["decode_failures"]),
            external["broken_off"],
        )
        return Stored(entry, next(iter(detections.results.values())))
    except (AnnotationError, AttributeError, KeyError, StopIteration, TypeError, ValueError):
        return None


@dataclass(frozen=True)
class PlannedInput:
    """An input as it is now, before it is read."""

    source: Input
    key: str  # digest of the input, the model and this program
    state: FileState | None


@dataclass(frozen=True)
class BatchPlan:
    """The inputs by what is to be done with them."""

    refused: list[tuple[PlannedInput, str]]  # whose files would replace others: why
    unchanged: list[tuple[PlannedInput, Stored]]
    to_convert: list[tuple[PlannedInput, Stored, list[Output]]]  # what their detections suffice for
    to_analyse: dict[str, PlannedInput]  # by name


def plan_batch(
    inputs: Sequence[Input],
    folder: Path,
    settings: Mapping[str, object],
    outputs: Sequence[Output],
    overwrite: bool,
) -> BatchPlan:
    """What is to be done where `settings` are those that detections depend on."""
    plan = BatchPlan([], [], [], {})
    owners: dict[Path, str] = {}
    for source in inputs:
        work = PlannedInput(source, file_key(source.path, settings), FileState.of(source.path))
        name = output_name(source)
        paths = list(_paths(folder, name, outputs))
        if taken := [owners[path] for path in paths if path in owners]:
            reason = f"its files would be those of {taken[0]!r}: name it otherwise"
            plan.refused.append((work, reason))
            continue
        reason = _annotations_there(folder, name)
        if reason is None and not overwrite:
            reason = _foreign_output(source, folder, name, outputs)
        if reason is not None:
            plan.refused.append((work, reason))
            continue
        owners.update(dict.fromkeys(paths, source.name))
        stored = None if overwrite else read_stored(entry_path(folder, name))
        if stored is None or stored.entry.key != work.key or may_give_more(source, stored.entry):
            plan.to_analyse[source.name] = work
            continue
        missing = missing_outputs(outputs, stored.entry.outputs, folder, name)
        if not missing:
            plan.unchanged.append((work, stored))
        elif any(output.needs_scores for output in missing):
            plan.to_analyse[source.name] = work
        else:
            plan.to_convert.append((work, stored, missing))
    return plan


def _annotations_there(folder: Path, name: str) -> str | None:
    """Why an input's detections may not be written: annotations lie where they would go."""
    try:
        spare_annotations(entry_path(folder, name))
    except UsageError as error:
        return str(error)
    return None


def _foreign_output(
    source: Input, folder: Path, name: str, outputs: Sequence[Output]
) -> str | None:
    """Why an input's files may not be written: what lies beside it, such as its own subtitles."""
    entry = entry_path(folder, name)
    if not isinstance(source.path, Path) or source.path.resolve().parent != entry.parent.resolve():
        return None
    stored = read_stored(entry)
    listed = {} if stored is None else stored.entry.outputs
    paths = (output.path(folder, name) for output in outputs if output.name not in listed)
    there = next((path for path in paths if path.is_file()), None)
    if there is None:
        return None
    return f"{there} is there, and not of lpat-detect: choose another --output, or --overwrite"


def may_give_more(source: Input, entry: Entry) -> bool:
    """Whether reading an input again may give something else: a URL that broke off, or a stream."""
    if not isinstance(source.path, Url):
        return False
    return entry.broken_off is not None or not source.path.is_kept


def _paths(folder: Path, name: str, outputs: Sequence[Output]) -> Iterator[Path]:
    """Where files of an input may lie."""
    yield entry_path(folder, name)
    for output in outputs:
        yield output.path(folder, name)
