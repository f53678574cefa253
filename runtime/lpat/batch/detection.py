"""Detection over many inputs."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lpat import __version__
from lpat.analysis import Analysis, Engine
from lpat.batch.collection import write_collection
from lpat.batch.entries import Entry, Settings, Stored, read_stored, write_entry
from lpat.batch.folder import batch_folder
from lpat.batch.ledger import Ledger, OnError, facts_of_run
from lpat.batch.outcomes import UNCHANGED, Outcome, failure
from lpat.batch.outputs import Output, Result, entry_path, missing_outputs
from lpat.detections import detections_document, detections_from_document
from lpat.errors import LpatError, OutputError
from lpat.extraction import file_key
from lpat.files import takes_no_more
from lpat.inputs import Input
from lpat.localizer import Localizer


def detect_batch(
    localizer: Localizer,
    analyse: Engine,
    inputs: Sequence[Input],
    output: Path,
    *,
    outputs: Sequence[Output] = (),
    overwrite: bool = False,
    on_error: OnError = "skip",
    options: Mapping[str, Any] | None = None,
    on_outcome: Callable[[Outcome], None] | None = None,
) -> Ledger:
    """Detect in every input; write `videos/NAME.json` each, `detections.json` and `run.json`.

    `outputs` says what is to be written beside. An input whose files are there already, made by
    this model from the input as it is now, is left unchanged; what its stored detections suffice
    for is made of them. A bad input is reported and passed over, or with "stop" ends the batch.
    So does a disk that takes no more. However the batch ends, `run.json` says how far it came, with
    `options` as they are given, and the ledger's `stopped` says what ended it before its end.

    Raises:
        OutputError: the folder can't be written, or another process is writing into it.
    """
    facts = facts_of_run("lpat-detect", options or {}) | {
        "model": str(localizer.path),
        "model_sha256": localizer.sha256,
        "provider": localizer.provider,
    }
    with batch_folder(output), Ledger(output, inputs, facts, on_outcome=on_outcome) as ledger:
        writer = _Writer(localizer, output, outputs)
        outcomes = _outcomes(writer, analyse, inputs, overwrite)
        try:
            ledger.record_all(outcomes, inputs, on_error)
            write_collection(output, sorted(writer.written), writer.made_by, outputs)
        except OutputError as error:
            if not takes_no_more(error):
                raise
            ledger.stopped = str(error)
    return ledger


@dataclass(frozen=True)
class _Plan:
    """What is to be done with each input."""

    unchanged: list[tuple[Input, Stored]]
    to_convert: list[tuple[Input, Stored, list[Output]]]  # what their detections suffice for
    to_analyse: list[Input]


def _outcomes(
    writer: _Writer, analyse: Engine, inputs: Sequence[Input], overwrite: bool
) -> Generator[Outcome, None, None]:
    """The outcome of each input, what is quick to tell first."""
    plan = writer.plan(inputs, overwrite)
    for source, stored in plan.unchanged:
        yield writer.unchanged(source, stored)
    for source, stored, outputs in plan.to_convert:
        yield writer.convert(source, stored, outputs)
    for source, analysis in analyse(plan.to_analyse):
        if isinstance(analysis, LpatError):
            yield failure(source, analysis)
        else:
            yield writer.write(source, analysis)


class _Writer:
    """Writes what belongs to one input, its entry last."""

    def __init__(self, localizer: Localizer, folder: Path, outputs: Sequence[Output]) -> None:
        self.made_by = {"model": localizer.path.name, "model_sha256": localizer.sha256}
        self.written: list[str] = []  # inputs whose entries are up to date
        self._settings = {"model": localizer.sha256, "version": __version__}
        self._folder = folder
        self._outputs = outputs
        self._keys: dict[str, str] = {}  # of the inputs as they were before they were read

    def plan(self, inputs: Sequence[Input], overwrite: bool) -> _Plan:
        """What is to be done, by what is there."""
        plan = _Plan([], [], [])
        for source in inputs:
            key = self._keys[source.name] = file_key(source.path, self._settings)
            stored = None if overwrite else read_stored(entry_path(self._folder, source.name))
            if stored is None or stored.entry.key != key or _may_give_more(source, stored.entry):
                plan.to_analyse.append(source)
                continue
            written = stored.entry.outputs
            missing = missing_outputs(self._outputs, written, self._folder, source.name)
            if not missing:
                plan.unchanged.append((source, stored))
            elif any(output.needs_scores for output in missing):
                plan.to_analyse.append(source)
            else:
                plan.to_convert.append((source, stored, missing))
        return plan

    def unchanged(self, source: Input, stored: Stored) -> Outcome:
        """The outcome of an input for which nothing is to be done."""
        self.written.append(source.name)
        shortfall = stored.entry.shortfall
        return Outcome(
            source.name,
            str(source.path),
            "skipped",
            UNCHANGED if shortfall is None else f"{UNCHANGED}; {shortfall}",
            duration=stored.entry.duration,
            detections=len(stored.detections),
            decode_failures=stored.entry.decode_failures,
        )

    def convert(self, source: Input, stored: Stored, outputs: Sequence[Output]) -> Outcome:
        """Write what is missing of an input's outputs from its stored detections."""
        names = ", ".join(output.name for output in outputs)
        return self._write_outputs(
            Result(source, stored.detections, stored.entry.duration),
            stored.entry,
            outputs,
            Outcome(
                source.name, str(source.path), "done", notes=(f"{names} of stored detections",)
            ),
        )

    def write(self, source: Input, analysis: Analysis) -> Outcome:
        """Write what was found in an input."""
        document = detections_document({source.name: analysis.detections})
        detections = detections_from_document(document, source.name)[source.name]
        entry = Entry(
            self._keys[source.name],
            round(analysis.duration, 3),
            {},
            analysis.decode_failures,
            analysis.broken_off,
        )
        return self._write_outputs(
            Result(source, detections, entry.duration, analysis.scores),
            entry,
            self._outputs,
            Outcome(
                source.name,
                str(source.path),
                "done",
                provider=analysis.provider,
                from_cache=analysis.from_cache,
                seconds=analysis.seconds,
            ),
        )

    def _write_outputs(
        self, result: Result, entry: Entry, outputs: Sequence[Output], outcome: Outcome
    ) -> Outcome:
        """The outcome, once the outputs are written and then the entry, which lists them too."""
        begun = time.monotonic()
        name = result.source.name
        written: dict[str, Settings] = dict(entry.outputs)
        notes, failures = list(outcome.notes), []
        for output in outputs:
            try:
                note = output.write(result, output.path(self._folder, name))
            except LpatError as error:
                if isinstance(error, OutputError) and takes_no_more(error):
                    raise
                written.pop(output.name, None)
                failures.append(f"{output.name}: {error}")
                continue
            written[output.name] = {**output.settings} | ({} if note is None else {"note": note})
            if note is not None:
                notes.append(f"{output.name}: {note}")
        entry = replace(entry, outputs=written)
        document = detections_document({name: result.detections}, self.made_by)
        try:
            write_entry(entry_path(self._folder, name), document, entry)
        except OutputError as error:
            if takes_no_more(error):
                raise
            return failure(result.source, error)
        self.written.append(name)
        shortfall = "; ".join([*failures, *([entry.shortfall] if entry.shortfall else [])])
        status = "failed" if failures else "partial" if shortfall else "done"
        return replace(
            outcome,
            status=status,
            reason=shortfall or None,
            duration=entry.duration,
            detections=len(result.detections),
            decode_failures=entry.decode_failures,
            notes=tuple(notes),
            seconds={**outcome.seconds, "write": round(time.monotonic() - begun, 4)},
        )


def _may_give_more(source: Input, entry: Entry) -> bool:
    """Whether reading an input again may give what was missing: a stream that broke off may."""
    return entry.broken_off is not None and not isinstance(source.path, Path)
