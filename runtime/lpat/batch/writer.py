"""Files of one input, its outputs first and then the entry that lists them; files of the batch."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lpat.batch.outputs import (
    Output,
    Result,
    Settings,
    corrected_outputs,
    digest_of,
    entry_path,
    missing_outputs,
    remove_outputs,
)
from lpat.batch.plan import Entry, PlannedInput, Stored, read_stored, write_entry
from lpat.batch.run_record import UNCHANGED, Outcome, failure
from lpat.engine import Analysis
from lpat.errors import LpatError, OutputError
from lpat.files.atomic import atomic_path, takes_no_more
from lpat.files.json_files import json_text
from lpat.formats.detections import detections_document, detections_from_document
from lpat.formats.media import media_of
from lpat.formats.tables import csv_document, csv_rows
from lpat.inputs import Input, output_name
from lpat.types import Detections
from lpat.video.address import Url


@dataclass(frozen=True)
class WrittenInput:
    """What the batch's own files must know of an input whose files are up to date."""

    file_name: str  # without suffix
    start: float | None  # when players show the first picture; None: unknown


class Writer:
    """Writes inputs' files below a folder; `written` has those that are up to date.

    A disk that takes no more raises `OutputError`; whatever else an output fails of is its input's
    alone.
    """

    def __init__(
        self, folder: Path, outputs: Sequence[Output], made_by: Mapping[str, Any], overwrite: bool
    ) -> None:
        self.written: dict[str, WrittenInput] = {}
        self._folder = folder
        self._outputs = outputs
        self._made_by = made_by
        self._overwrite = overwrite

    def unchanged(self, work: PlannedInput, stored: Stored) -> Outcome:
        """The outcome of an input for which nothing is to be done."""
        entry = stored.entry
        self._note_written(work.source, entry)
        return Outcome(
            work.source.name,
            str(work.source.path),
            "skipped",
            "; ".join([UNCHANGED, *entry.shortfalls]),
            duration=entry.duration,
            detections=len(stored.detections),
            decode_failures=entry.decode_failures,
        )

    def convert(self, work: PlannedInput, stored: Stored, outputs: Sequence[Output]) -> Outcome:
        """Write what is missing of an input's outputs from its stored detections."""
        names = ", ".join(output.name for output in outputs)
        outcome = Outcome(
            work.source.name,
            str(work.source.path),
            "done",
            reason=f"only {names}, of stored detections",
        )
        result = self._result(work, stored.detections, stored.entry)
        return self._write(result, stored.entry, outputs, outcome)

    def write(self, work: PlannedInput, analysis: Analysis) -> Outcome:
        """Write what was found in an input."""
        name, files = work.source.name, output_name(work.source)
        document = detections_document({name: analysis.detections})
        (detections,) = detections_from_document(document, name).results.values()
        entry = Entry(
            work.key,
            round(analysis.duration, 3),
            _start_of(work.source, analysis),
            {},
            analysis.decode_failures,
            analysis.broken_off,
        )
        entry = replace(entry, outputs=self._kept(files, entry, detections))
        outputs = self._outputs
        if not self._overwrite:
            outputs = missing_outputs(outputs, entry.outputs, self._folder, files)
        outcome = Outcome(
            name,
            str(work.source.path),
            "done",
            provider=analysis.provider,
            from_cache=analysis.from_cache,
            seconds=analysis.seconds,
        )
        result = self._result(work, detections, entry)
        return self._write(replace(result, scores=analysis.scores), entry, outputs, outcome)

    def _note_written(self, source: Input, entry: Entry) -> None:
        self.written[source.name] = WrittenInput(output_name(source), entry.start)

    def _result(self, work: PlannedInput, detections: Detections, entry: Entry) -> Result:
        sha256 = self._made_by["model_sha256"]
        return Result(work.source, work.state, sha256, detections, entry.duration, entry.start)

    def _kept(self, name: str, entry: Entry, detections: Detections) -> Mapping[str, Settings]:
        """Outputs that are there and fit what was found; those that don't are removed.

        Those that somebody corrected stay, and are said to fit nothing.
        """
        before = read_stored(entry_path(self._folder, name))
        if before is None:
            return {}
        same = replace(before.entry, outputs={}) == entry
        if same and _rows(before.detections) == _rows(detections):
            return before.entry.outputs
        # While its files are replaced, an entry of this key would vouch for them.
        entry_path(self._folder, name).unlink(missing_ok=True)
        corrected = corrected_outputs(before.entry.outputs, self._folder, name)
        spared = {output.name for output in self._outputs} | corrected.keys()
        remove_outputs(set(before.entry.outputs) - spared, self._folder, name)
        return corrected

    def _write(
        self, result: Result, entry: Entry, outputs: Sequence[Output], outcome: Outcome
    ) -> Outcome:
        """The outcome, once the outputs are written and then the entry, which lists them too."""
        begun = time.monotonic()
        files = output_name(result.source)
        path = entry_path(self._folder, files)
        document = detections_document({result.source.name: result.detections}, self._made_by)
        notes, failures = list(outcome.notes), []
        corrected = corrected_outputs(entry.outputs, self._folder, files)
        spared = {} if self._overwrite else corrected
        replaced = {output.name for output in outputs} - spared.keys()
        written = {key: value for key, value in entry.outputs.items() if key not in replaced}
        if len(written) < len(entry.outputs):  # it may not vouch for what is being replaced
            write_entry(path, document, replace(entry, outputs=written))
        for output in outputs:
            place = output.path(self._folder, files)
            if output.name in spared:
                failures.append(
                    f"{output.name}: {place} was changed since lpat-detect wrote it, and stays as "
                    "it is: move it, or --overwrite"
                )
                continue
            try:
                note = output.write(result, place)
            except LpatError as error:
                if isinstance(error, OutputError) and takes_no_more(error):
                    raise
                failures.append(f"{output.name}: {error}")
                continue
            written[output.name] = {
                **output.settings,
                **({"note": note} if note else {}),
                **({"sha256": digest_of(place)} if output.is_corrected else {}),
            }
            if note:
                notes.append(f"{output.name}: {note}")
        try:
            write_entry(path, document, replace(entry, outputs=written))
        except OutputError as error:
            if takes_no_more(error):
                raise
            return failure(result.source, error)
        self._note_written(result.source, entry)
        return replace(
            outcome,
            status="failed" if failures else "partial" if entry.shortfalls else "done",
            reason="; ".join([*failures, *entry.shortfalls]) or outcome.reason,
            duration=entry.duration,
            detections=len(result.detections),
            decode_failures=entry.decode_failures,
            notes=tuple(notes),
            seconds={**outcome.seconds, "write": round(time.monotonic() - begun, 4)},
        )


def _start_of(source: Input, analysis: Analysis) -> float | None:
    """As it was found; features that don't tell leave it to the video, if that is there."""
    if analysis.start is not None or source.holds_features or isinstance(source.path, Url):
        return analysis.start
    return media_of(source.path, source.name, analysis.duration).start


def _rows(detections: Detections) -> Any:
    return detections_document({"": detections})["results"]


def write_collections(
    folder: Path,
    written: Mapping[str, WrittenInput],
    made_by: Mapping[str, Any],
    outputs: Sequence[Output],
) -> None:
    """Write `detections.json` with the inputs `written`, in the order of their names, and a table
    if csv is one of the outputs.

    Raises:
        OutputError: they can't be written, or an input's file has gone.
    """
    starts = {name: written[name].start for name in sorted(written) if written[name].start}
    external = {**made_by, **({"starts": starts} if starts else {})}
    _write_parts(folder / "detections.json", _json_parts(_stored(folder, written), external))
    if any(output.name == "csv" for output in outputs):
        _write_parts(folder / "detections.csv", _csv_parts(_stored(folder, written)))


def _stored(folder: Path, written: Mapping[str, WrittenInput]) -> Iterator[tuple[str, Detections]]:
    for name in sorted(written):
        path = entry_path(folder, written[name].file_name)
        stored = read_stored(path)
        if stored is None:
            raise OutputError(f"{path}: another program changed it while the batch ran")
        yield name, stored.detections


def _json_parts(
    results: Iterable[tuple[str, Detections]], external: Mapping[str, Any]
) -> Iterator[str]:
    """What `json_text` gives of the one document that holds all results."""
    yield json_text(detections_document({}, external)).removesuffix("}\n}\n")
    end = "}\n}\n"
    for number, result in enumerate(results):
        entry = json_text(detections_document(dict([result]))["results"])
        rows = entry.removeprefix("{").removesuffix("\n}\n").replace("\n", "\n ")
        yield f"{',' if number else ''}{rows}"
        end = "\n }\n}\n"
    yield end


def _csv_parts(results: Iterable[tuple[str, Detections]]) -> Iterator[str]:
    yield csv_document({})
    for name, detections in results:
        yield csv_rows(name, detections)


def _write_parts(path: Path, parts: Iterable[str]) -> None:
    with (
        atomic_path(path) as temporary,
        temporary.open("w", encoding="utf-8", newline="") as file,
    ):
        file.writelines(parts)
